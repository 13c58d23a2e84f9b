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
