// What only the queue does: choosing rows, one by one, in ranges or all of the page, and the bar that says what to do with them.

const form = () => document.querySelector("[data-choosing]");
const boxes = () => [...document.querySelectorAll('[data-choosing] input[name="chosen"]')];
const everything = () => document.querySelector("[data-choose-everything]");
let last = null;

document.addEventListener("click", (event) => {
  const box = event.target.closest?.('[data-choosing] input[name="chosen"]');
  if (box) {
    // Shift takes all between the last one and this one along, as lists of files do.
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) all.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
    last = box;
    show();
  }
  if (event.target.closest?.("[data-choose-none]")) {
    chooseAll(false);
    close();
  }
  if (event.target.closest?.("[data-close-bulk]") && form()) {
    event.preventDefault();
    close();
  }
});

// A key pressed on a row with nothing chosen means that row; with no row either there is nothing to ask about.
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest?.("[data-chosen-bar] [formaction]") || chosen() || everything()?.checked) return;
    const box = document.activeElement.closest("[data-row]")?.querySelector('input[name="chosen"]');
    if (box) {
      box.checked = true;
      show();
    } else {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  true,
);

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-choose-page]")) chooseAll(target.checked);
  if (target.matches("[data-choose-everything]")) show();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (document.querySelector("#bulk-form")) close();
  else if (chosen()) chooseAll(false);
});

function chooseAll(yes) {
  boxes().forEach((box) => (box.checked = yes));
  if (everything() && !yes) everything().checked = false;
  show();
}

const chosen = () => boxes().filter((box) => box.checked).length;

function show() {
  const bar = document.querySelector("[data-chosen-bar]");
  if (!bar) return;
  const all = everything()?.checked;
  bar.hidden = !chosen() && !all;
  bar.querySelector("[data-chosen-count]").textContent = all ? "" : chosen();
  boxes().forEach((box) => box.closest("[data-row]").toggleAttribute("data-chosen", box.checked || Boolean(all)));
  const page = document.querySelector("[data-choose-page]");
  if (page) {
    page.checked = chosen() > 0 && chosen() === boxes().length;
    page.indeterminate = chosen() > 0 && !page.checked;
  }
}

// The form asks about what was chosen when it was opened; closing it leaves the choice as it is.
function close() {
  const place = document.querySelector("#bulk");
  if (!place?.firstElementChild) return;
  place.replaceChildren();
  boxes().find((box) => box.checked)?.closest("[data-row]")?.focus();
}

// News change numbers and marks only; no row moves before the person asks for it.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (!target.matches(".news")) return;
  target.querySelectorAll("[data-count-of]").forEach((news) => {
    const tab = document.querySelector(`.tabs a[href="${CSS.escape(news.dataset.countOf)}"] .count`);
    if (tab) tab.textContent = news.value;
  });
  const word = document.querySelector("[data-changed-word]")?.dataset.changedWord;
  target.querySelectorAll("[data-changed-row]").forEach((news) => {
    const row = document.getElementById(`row-${news.dataset.changedRow}`);
    if (!row || row.hasAttribute("data-changed")) return;
    row.setAttribute("data-changed", "");
    const said = document.createElement("span");
    said.className = "changed-word";
    said.textContent = word;
    row.querySelector("th").append(said);
  });
});
window.addEventListener("pageshow", show);
show();
