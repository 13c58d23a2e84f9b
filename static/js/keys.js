// Keys of the desk. A page names its own with data-key (and data-label for the list of keys); lists with data-rows and data-row
// are walked by j and k. Keys are never taken from a field, from a held modifier, or from a word being composed (中文 input).
//
// This listens from the head, before the page is drawn: who types "/" and a word into a page that still loads must find the word in
// the search, and not press the "n" of it. Keys that do more than go to a field wait until the page's scripts have run.
(() => {
  let scriptsHaveRun = false;
  document.addEventListener("DOMContentLoaded", () => (scriptsHaveRun = true));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const control = event.ctrlKey || event.metaKey;
    if (control && !event.altKey && !event.shiftKey) {
      return press(event, document.querySelector(`[data-key-control="${CSS.escape(event.key.toLowerCase())}"]`));
    }
    if (control || event.altKey || isTyping(event.target)) return;
    if (scriptsHaveRun && event.key === "?") return showKeys(event);
    if (scriptsHaveRun && walk(event)) return;
    press(event, document.querySelector(`[data-key="${CSS.escape(event.key)}"]`));
  });

  function isTyping(target) {
    return target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button])");
  }

  function press(event, element) {
    if (!element || element.disabled) return;
    event.preventDefault();
    if (element.matches("input, textarea, select")) {
      element.focus();
      element.select?.();
    } else if (scriptsHaveRun) {
      element.closest("details:not([open])")?.setAttribute("open", "");
      element.click();
    }
  }

  // The row that has the focus, or holds it, is the chosen one; there is no second notion of "current".
  function walk(event) {
    const rows = [...document.querySelectorAll("[data-rows] [data-row]")];
    if (!rows.length) return false;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[at];
    if (event.key === "j" || event.key === "k") {
      const next = at < 0 ? rows[0] : rows[at + (event.key === "j" ? 1 : -1)];
      if (next) {
        next.tabIndex = -1;
        next.focus();
        next.scrollIntoView({ block: "nearest" });
      }
      event.preventDefault();
      return true;
    }
    if (!row) return false;
    if (event.key === "Enter" && event.target === row) {
      row.querySelector("[data-open], a[href]")?.click();
      return true;
    }
    if (event.key === "x") {
      row.querySelector("input[type=checkbox]")?.click();
      event.preventDefault();
      return true;
    }
    return false;
  }

  function showKeys(event) {
    const dialog = document.querySelector("dialog[data-keys]");
    if (!dialog) return;
    event.preventDefault();
    const list = dialog.querySelector("dl");
    list.querySelectorAll("[data-added]").forEach((line) => line.remove());
    list.querySelectorAll("[data-when]").forEach((line) => (line.hidden = !document.querySelector(line.dataset.when)));
    for (const element of document.querySelectorAll("[data-key]")) {
      const words = element.dataset.label || element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent;
      list.append(keyLine(element.dataset.key, words.trim()));
    }
    dialog.showModal();
  }

  function keyLine(key, words) {
    const line = document.createElement("div");
    line.dataset.added = "yes";
    const term = document.createElement("dt");
    const cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap);
    const meaning = document.createElement("dd");
    meaning.textContent = words;
    line.append(term, meaning);
    return line;
  }
})();
