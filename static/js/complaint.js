// The page of one complaint: gentle hints while somebody writes, and photos looked at in place.

// A note that begins like a letter, or a message with words for colleagues: nothing is refused, it is only said.
document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("textarea")) return;
  const hint = target.form?.querySelector("[data-hint-words]");
  if (hint) hint.hidden = !new RegExp(hint.dataset.hintWords, "i").test(target.value);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-photo]");
  const dialog = document.querySelector("dialog[data-photos]");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  look(dialog, link);
});

function look(dialog, link) {
  // the same photo may hang on the story and on the entry that brought it
  const links = [...new Map([...document.querySelectorAll("a[data-photo]")].map((one) => [one.href, one])).values()];
  let at = Math.max(0, links.findIndex((one) => one.href === link.href));
  let turned = 0;
  const image = dialog.querySelector("img") ?? dialog.appendChild(document.createElement("img"));
  const caption = dialog.querySelector("[data-caption]");

  function show() {
    image.src = links[at].href;
    image.alt = links[at].dataset.photo;
    caption.textContent = links.length > 1 ? `${links[at].dataset.photo} · ${at + 1} / ${links.length}` : links[at].dataset.photo;
    image.dataset.turned = String(turned % 4);
  }

  function act(what) {
    if (what === "next" || what === "previous") {
      at = (at + (what === "next" ? 1 : links.length - 1)) % links.length;
      turned = 0;
    }
    if (what === "turn") turned += 1;
    if (what === "close") dialog.close();
    else show();
  }

  const keys = { ArrowRight: "next", ArrowLeft: "previous", r: "turn" };
  dialog.onkeydown = (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(keys[event.key]);
  };
  dialog.onclick = ({ target }) => {
    const button = target.closest("[data-photo-do]");
    if (button) act(button.dataset.photoDo);
    else if (target === dialog) dialog.close();
  };
  dialog.onclose = () => link.focus();
  dialog.querySelectorAll("[data-several]").forEach((button) => {
    button.hidden = links.length < 2;
  });
  show();
  dialog.showModal();
}

// Phrases: opened by the button, by its key, or by ";" in an empty text; found by typing, chosen with arrows and Enter.
document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details[data-phrases]") || !target.open) return;
  const search = target.querySelector("input");
  search.value = "";
  narrow(target);
  search.focus();
}, true);

document.addEventListener("input", ({ target }) => {
  const picker = target.closest?.("details[data-phrases]");
  if (picker) narrow(picker);
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const { target, key } = event;
  if ([";", "；"].includes(key) && target.matches?.("textarea") && !target.value) {
    const picker = target.form?.querySelector("details[data-phrases]");
    if (!picker) return;
    event.preventDefault();
    picker.open = true;
    return;
  }
  const picker = target.closest?.("details[data-phrases][open]");
  if (!picker) return;
  const choices = [...picker.querySelectorAll("li:not([hidden]) button")];
  const at = choices.indexOf(document.activeElement);
  if (key === "Escape") {
    event.preventDefault();
    picker.open = false;
    textOf(picker).focus();
  } else if (key === "ArrowDown" || key === "ArrowUp") {
    event.preventDefault();
    choices[(at + (key === "ArrowDown" ? 1 : choices.length - 1) + choices.length) % choices.length]?.focus();
  } else if (key === "Enter" && at < 0) {
    event.preventDefault();
    choices[0]?.click();
  }
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-phrase]");
  if (!button) return;
  const picker = button.closest("details");
  const text = textOf(picker);
  const before = text.value.slice(0, text.selectionStart);
  const gap = before && !/\s$/.test(before) ? "\n" : "";
  picker.open = false;
  text.setRangeText(gap + button.dataset.phrase, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
  const token = new FormData();
  token.set("csrfmiddlewaretoken", text.form.elements.csrfmiddlewaretoken.value);
  // how often it is used only orders the list, so nothing hangs on this being heard
  fetch(button.dataset.used, { method: "POST", body: token, keepalive: true, redirect: "error" }).catch(() => undefined);
});

function textOf(picker) {
  return picker.closest("form").querySelector("textarea");
}

function narrow(picker) {
  const words = picker.querySelector("input").value.toLowerCase().split(/\s+/);
  for (const item of picker.querySelectorAll("li")) {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
}
