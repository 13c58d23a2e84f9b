// Walking through the queue one came from: the list that was last on the screen of this tab is remembered, so that a complaint
// knows what comes before and after it, and the queue opens again where one was.

const KEPT = "redress-walk";

export function walkQueue() {
  const table = document.querySelector("[data-walk]");
  if (table) comeBack(table);
  else goOn();
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? null;
  } catch {
    return null;
  }
}

const referenceIn = (address) => address.match(/^\/complaints\/([^/]+)\//)?.[1] ?? "";

function comeBack(table) {
  const rows = [...table.querySelectorAll("[data-row]")];
  const before = kept();
  const wanted = decodeURIComponent(location.hash.replace(/^#row-/, ""));
  if (location.hash.startsWith("#row-")) select(rows, wanted, before?.references ?? []);
  else if (location.hash === "#first") focus(rows[0]);
  const references = rows.map((row) => row.id.replace(/^row-/, ""));
  const now = { url: table.dataset.walk, on: table.dataset.walkOn ?? "", references };
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(now));
  } catch {
    // without storage one walks by the list itself
  }
}

// The complaint one comes from, or, when it has left the list, the next of those that were behind it.
function select(rows, wanted, earlier) {
  const place = earlier.indexOf(wanted);
  const candidates = [wanted, ...(place < 0 ? [] : earlier.slice(place + 1)), ...(place < 0 ? [] : earlier.slice(0, place).reverse())];
  for (const reference of candidates) {
    const row = rows.find((one) => one.id === `row-${reference}`);
    if (row) return focus(row);
  }
  focus(rows[0]);
}

function focus(row) {
  if (!row) return;
  row.tabIndex = -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function goOn() {
  const bar = document.querySelector("[data-walk-bar]");
  const here = referenceIn(location.pathname);
  const walk = here && kept();
  const place = walk ? walk.references.indexOf(here) : -1;
  if (!bar || place < 0) return;
  offer(bar.querySelector("[data-walk-back]"), "u", `${walk.url}#row-${here}`);
  offer(bar.querySelector("[data-walk-before]"), "[", walk.references[place - 1] && `/complaints/${walk.references[place - 1]}/`);
  const next = walk.references[place + 1];
  offer(bar.querySelector("[data-walk-next]"), "]", next ? `/complaints/${next}/` : walk.on && `${walk.on}#first`);
  bar.querySelector("[data-walk-place]").textContent = `${place + 1} / ${walk.references.length}${walk.on ? "+" : ""}`;
  bar.hidden = false;
}

function offer(link, key, address) {
  if (!address) return link.remove();
  link.href = address;
  link.dataset.key = key;
}
