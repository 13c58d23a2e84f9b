// What only the desk does: live fragments that come alive too, the palette and the walk through a queue.
import { enliven } from "./forms.js";
import { offerPalette } from "./palette.js";
import { walkQueue } from "./walk.js";

document.addEventListener("htmx:afterSettle", ({ target }) => enliven(target));

document.addEventListener("click", ({ target }) => {
  const pressed = target.closest("[data-insert]");
  const field = pressed && document.getElementById(pressed.dataset.into);
  if (!field) return;
  field.setRangeText(pressed.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
offerPalette();
walkQueue();
