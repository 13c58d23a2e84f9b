// What only the desk does: live fragments that come alive too, and keys.
import { enliven } from "./forms.js";
import { listenForKeys } from "./keys.js";
import { offerPalette } from "./palette.js";
import { walkQueue } from "./walk.js";

document.addEventListener("htmx:afterSettle", ({ target }) => enliven(target));
listenForKeys();
offerPalette();
walkQueue();
