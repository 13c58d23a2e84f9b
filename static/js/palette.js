// The search of the desk as a command palette: suggestions below the field, walked by the arrow keys. Without it the field still
// searches, because it stands in an ordinary form. Pattern: an ARIA combobox with a list box; the focus stays in the field.

const PAUSE = 150;

export function offerPalette(input = document.querySelector("[data-palette]")) {
  if (!input) return;
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const said = document.querySelector("[data-palette-said]");
  let timer, asking, active = null;

  const options = () => [...list.querySelectorAll('[role="option"]')];

  function point(option) {
    active?.setAttribute("aria-selected", "false");
    active = option ?? null;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) input.setAttribute("aria-activedescendant", active.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    point(null);
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const at = location.pathname.match(/^\/complaints\/([^/]+)\//)?.[1] ?? "";
    const query = new URLSearchParams({ q: input.value, at });
    try {
      const answer = await fetch(`${input.dataset.palette}?${query}`, { signal: asking.signal });
      if (!answer.ok || answer.redirected) return close();
      list.innerHTML = await answer.text();
    } catch {
      return; // a newer question, or no network: the form still searches
    }
    if (document.activeElement !== input) return;
    active = null;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
    if (said) said.textContent = options().length;
  }

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }

  input.addEventListener("input", (event) => event.isComposing || askSoon());
  input.addEventListener("compositionend", askSoon);
  input.addEventListener("focus", askSoon);
  input.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("mousedown", (event) => event.preventDefault());
  if (document.activeElement === input) askSoon(); // somebody typed while the page was still loading

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      if (list.hidden) input.blur();
      else close();
      event.preventDefault();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return askSoon();
      const all = options();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = active ? all.indexOf(active) + step : step > 0 ? 0 : all.length - 1;
      point(all[(next + all.length) % all.length]);
    } else if (event.key === "Enter" && active && !list.hidden) {
      event.preventDefault();
      active.querySelector("a").click();
    }
  });
}
