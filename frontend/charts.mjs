// Draws every element with data-chart="<id of a JSON block>" in the colours of the style sheet; the table beside it says the same.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { optionFor } from "./options.mjs";

use([
  BarChart,
  HeatmapChart,
  LineChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
  LabelLayout,
  SVGRenderer,
]);

const drawn = new Map();

function draw(element) {
  const block = document.getElementById(element.dataset.chart);
  if (!block) return;
  drawn.get(element)?.dispose();
  const data = JSON.parse(block.textContent);
  const chart = init(element, null, { renderer: "svg" });
  chart.setOption(optionFor(data, getComputedStyle(element), element.clientWidth));
  chart.on("click", ({ seriesIndex, dataIndex }) => {
    // the cells of a heat map are one series of the drawing, row after row
    const [row, place] = data.kind === "heat" ? [Math.floor(dataIndex / data.labels.length), dataIndex % data.labels.length] : [seriesIndex, dataIndex];
    const href = data.series[row]?.hrefs?.[place];
    if (href) window.location.assign(href);
  });
  drawn.set(element, chart);
}

function drawAll(root = document) {
  for (const element of drawn.keys()) {
    if (!element.isConnected) {
      drawn.get(element).dispose();
      drawn.delete(element);
    }
  }
  root.querySelectorAll("[data-chart]").forEach(draw);
}

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => drawn.get(target)?.resize()));

function start() {
  drawAll();
  drawn.forEach((_, element) => sizes.observe(element));
}

start();
document.addEventListener("htmx:afterSettle", start);
document.addEventListener("redress:theme", start);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", start);
