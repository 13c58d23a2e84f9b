// Turns our plain charts (kind, labels, series, lows, highs) into what ECharts wants, with direct labels and one look.

/** Kinds: "counts" (stacked bars), "shares" (one line in per cent with its range), "lines", "bars", "heat", "pareto" (bars, and their sum in per cent), "volts" (a log with its limits). */
export function optionFor(data, style, width) {
  const look = lookOf(style);
  const kinds = { shares, lines, bars, heat, pareto, volts };
  return { ...common(look), ...(kinds[data.kind] ?? counts)(data, look, width) };
}

function lookOf(style) {
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    ink: of("--ink"),
    quiet: of("--ink-3"),
    line: of("--line"),
    surface: of("--surface"),
    fill: of("--accent"),
    breached: of("--breached"),
    font: style.fontFamily,
    series: [1, 2, 3, 4, 5, 6].map((number) => of(`--series-${number}`)),
  };
}

function common(look) {
  return {
    animation: false,
    color: look.series,
    textStyle: { fontFamily: look.font, color: look.ink },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: look.surface,
      borderColor: look.line,
      textStyle: { color: look.ink, fontSize: 12, fontFamily: look.font },
      axisPointer: { type: "line", lineStyle: { color: look.quiet } },
    },
  };
}

function axes(labels, look, format = "{value}") {
  const text = { color: look.quiet, fontSize: 12, hideOverlap: true };
  return {
    xAxis: {
      type: "category",
      data: labels,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: look.quiet } },
      axisLabel: text,
    },
    yAxis: {
      type: "value",
      splitLine: { lineStyle: { color: look.line } },
      axisLabel: { ...text, formatter: format },
    },
  };
}

function legend(look, names) {
  return names.length < 2 ? { show: false } : { top: 0, left: 0, itemWidth: 12, itemHeight: 12, textStyle: { color: look.ink, fontSize: 12 }, data: names };
}

// Stacked bars cannot carry a name each where they are thin, so they keep a legend; one row of values needs none.
function counts(data, look) {
  const names = data.series.map((row) => row.name);
  return {
    ...axes(data.labels, look),
    legend: legend(look, names),
    grid: { left: 8, right: 12, top: names.length < 2 ? 12 : 40, bottom: 4, containLabel: true },
    series: [
      ...data.series.map((row) => ({
        type: "bar",
        name: row.name,
        stack: "all",
        data: row.values,
        barMaxWidth: 36,
        itemStyle: { borderColor: look.surface, borderWidth: 1 },
        cursor: row.hrefs?.length ? "pointer" : "default",
      })),
      ...(data.bands ?? []).flatMap((band) => around(band, look)),
      ...(data.expected ? [{ ...line(data.expected, 0), symbol: "diamond", symbolSize: 8, color: look.ink, lineStyle: { type: "dashed", width: 1.5 } }] : []),
    ],
  };
}

// A band is drawn like bars, over those of the counts, so that it is seen where it is only one piece long.
function around(band, look) {
  const bar = { type: "bar", stack: band.name, barGap: "-100%", barMaxWidth: 36, silent: true, tooltip: { show: false } };
  const spread = band.highs.map((high, index) => (high === null ? null : high - band.lows[index]));
  return [
    { ...bar, name: "", data: band.lows, itemStyle: { color: "transparent" } },
    { ...bar, name: band.name, data: spread, itemStyle: { color: look.ink, opacity: 0.16, borderColor: look.quiet, borderWidth: 1 } },
  ];
}

function bars(data, look) {
  const upright = counts(data, look);
  const yAxis = data.unit ? { ...axes([], look, `{value}${data.unit}`).yAxis, max: data.unit === "%" ? 100 : undefined } : upright.yAxis;
  return { ...upright, yAxis, series: upright.series.map((row) => ({ ...row, stack: undefined })) };
}

function line(row, width) {
  return {
    type: "line",
    name: row.name,
    data: row.values,
    symbol: row.values.length > 40 ? "none" : "circle",
    symbolSize: 5,
    lineStyle: { width: 2 },
    labelLayout: { moveOverlap: "shiftY" },
    endLabel: width < 480 ? undefined : { show: true, formatter: "{a}", color: "inherit", fontSize: 12 },
    cursor: row.hrefs?.length ? "pointer" : "default",
  };
}

function lines(data, look, width) {
  const isNarrow = width < 480;
  const names = data.series.map((row) => row.name);
  return {
    ...axes(data.labels, look),
    legend: isNarrow ? legend(look, names) : { show: false },
    grid: { left: 8, right: isNarrow || names.length < 2 ? 16 : 88, top: isNarrow && names.length > 1 ? 40 : 12, bottom: 4, containLabel: true },
    series: data.series.map((row) => line(row, names.length < 2 ? 0 : width)),
  };
}

// The range is two stacked lines: an unseen one up to the low end, and an area from there to the high end.
function shares(data, look) {
  const spread = data.highs.map((high, index) => (high === null ? null : high - data.lows[index]));
  const unseen = { type: "line", stack: "range", symbol: "none", silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
  const both = axes(data.labels, look, "{value}%");
  return {
    ...both,
    yAxis: { ...both.yAxis, min: 0, max: 100 },
    tooltip: { ...common(look).tooltip, valueFormatter: (value) => (value === null ? "–" : `${value}%`) },
    grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
    series: [
      ...data.series.map((row) => line(row, 0)),
      { ...unseen, name: "", data: data.lows },
      { ...unseen, name: "", data: spread, areaStyle: { color: look.fill, opacity: 0.14 } },
    ],
  };
}

// Every cell carries its number, so that the depth of colour only has to lead the eye.
function heat(data, look) {
  const values = data.series.flatMap((row) => row.values.map((value) => value ?? 0));
  const most = Math.max(1, ...values);
  const cell = (value, x, y) => ({
    value: [x, y, value ?? "-"],
    label: { show: value !== null, color: value > most * 0.75 ? look.surface : look.ink },
  });
  const both = axes(data.labels, look);
  return {
    tooltip: { ...common(look).tooltip, trigger: "item" },
    xAxis: both.xAxis,
    yAxis: {
      type: "category",
      inverse: true,
      data: data.series.map((row) => row.name),
      axisTick: { show: false },
      axisLabel: both.xAxis.axisLabel,
    },
    grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
    visualMap: { show: false, min: 0, max: most, inRange: { color: [look.surface, look.fill] } },
    series: [
      {
        type: "heatmap",
        data: data.series.flatMap((row, y) => row.values.map((value, x) => cell(value, x, y))),
        itemStyle: { borderColor: look.line, borderWidth: 1 },
      },
    ],
  };
}

// Bars lie, so that long names can be read; the line of their sum runs down beside them, and has its own scale above.
function pareto(data, look, width) {
  const both = axes(data.labels, look);
  const [amounts, sums] = data.series;
  return {
    legend: legend(look, [amounts.name, sums.name]),
    grid: { left: 8, right: 40, top: 40, bottom: 4, containLabel: true },
    yAxis: { ...both.xAxis, inverse: true, axisLabel: { ...both.xAxis.axisLabel, interval: 0, hideOverlap: false, width: width < 480 ? 96 : 200, overflow: "break" } },
    xAxis: [
      { ...both.yAxis, position: "bottom", minInterval: 1, max: ({ max }) => Math.ceil(max * 1.08) },
      { ...both.yAxis, position: "top", min: 0, max: 100, splitLine: { show: false }, axisLabel: { ...both.yAxis.axisLabel, formatter: "{value}%" } },
    ],
    series: [
      {
        type: "bar",
        name: amounts.name,
        data: amounts.values,
        barMaxWidth: 22,
        label: { show: true, position: "right", color: look.ink },
        cursor: amounts.hrefs?.length ? "pointer" : "default",
      },
      { ...line(sums, 0), xAxisIndex: 1, color: look.series[1], tooltip: { valueFormatter: (value) => `${value}%` } },
    ],
  };
}

// Each phase is the band between its least and greatest voltage; the limits are dashed, and what lies outside carries a triangle that points there.
function volts(data, look, width) {
  const still = { type: "line", symbol: "none", silent: true, tooltip: { show: false } };
  const limit = (value, name) =>
    value === null ? [] : [{ ...still, name, data: data.labels.map(() => value), color: look.quiet, lineStyle: { type: "dashed", width: 1 }, endLabel: { show: width >= 480, formatter: name, color: look.quiet, fontSize: 12 } }];
  const marks = (values, name, isOutside, rotate) => ({
    type: "line", name, data: values.map((value) => (value !== null && isOutside(value) ? value : null)),
    symbol: "triangle", symbolRotate: rotate, symbolSize: 8, showAllSymbol: true, lineStyle: { opacity: 0 }, color: look.breached, tooltip: { show: false },
  });
  const band = (row, number) => {
    const color = look.series[number];
    const spread = row.highs.map((high, index) => (high === null ? null : Number((high - row.lows[index]).toFixed(2))));
    return [
      { ...still, name: `${row.name} ↓`, stack: row.name, data: row.lows, color, lineStyle: { width: 1 }, tooltip: { show: true } },
      { ...still, name: row.name, stack: row.name, data: spread, color, lineStyle: { width: 1 }, areaStyle: { color, opacity: 0.3 } },
      ...(data.low === null ? [] : [marks(row.lows, data.words.below, (value) => value < data.low, 180)]),
      ...(data.high === null ? [] : [marks(row.highs, data.words.above, (value) => value > data.high, 0)]),
    ];
  };
  const all = [data.low, data.high, ...data.series.flatMap((row) => [...row.lows, ...row.highs])].filter((value) => value !== null);
  const room = (Math.max(...all) - Math.min(...all)) * 0.05 || 1;
  const both = axes(data.labels, look);
  return {
    ...both,
    yAxis: { ...both.yAxis, min: Math.floor(Math.min(...all) - room), max: Math.ceil(Math.max(...all) + room) },
    tooltip: {
      ...common(look).tooltip,
      formatter: ([{ dataIndex }]) =>
        [data.labels[dataIndex], ...data.series.map((row) => `${row.name}: ${row.lows[dataIndex] ?? "–"} – ${row.highs[dataIndex] ?? "–"} V`)].join("\n"),
    },
    legend: { ...legend(look, data.series.map((row) => row.name)), icon: "rect" },
    grid: { left: 8, right: width < 480 ? 12 : 72, top: data.series.length < 2 ? 12 : 40, bottom: 4, containLabel: true },
    series: [...limit(data.low, data.words.low), ...limit(data.high, data.words.high), ...data.series.flatMap(band)],
  };
}
