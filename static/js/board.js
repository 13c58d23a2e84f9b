// The board and the wall ask again by themselves: what a person had open stays open, and old figures are called old.

const figures = document.querySelector("#board-figures");
const lost = document.querySelector("[data-board-lost]");
const isWall = document.body.classList.contains("is-wall");
const TOO_OLD = 30_000;
let heard = Date.now();
let open = [];

function say(isLost) {
  document.body.classList.toggle("is-old", isLost);
  lost.querySelector("[data-board-time]").textContent = figures.querySelector("time")?.textContent ?? "";
  lost.hidden = !isLost;
}

for (const name of ["sendError", "responseError", "timeout"]) document.addEventListener(`htmx:${name}`, ({ target }) => target === figures && say(true));

// A screen that slept, or a request that never came back, is told by the time that has passed.
setInterval(() => Date.now() - heard > TOO_OLD && say(true), 5_000);

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== figures) return;
  // Whoever was signed in too long is asked to sign in again on a page of its own, and not within the figures.
  // A wall that finds its server again begins afresh: it may be a newer one.
  const isElsewhere = new URL(event.detail.xhr.responseURL).pathname !== window.location.pathname;
  if (isElsewhere || (isWall && !lost.hidden && event.detail.xhr.status < 400)) {
    event.detail.shouldSwap = false;
    window.location.reload();
    return;
  }
  open = [...figures.querySelectorAll("details[open]")].map((one) => one.id);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== figures) return;
  heard = Date.now();
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  say(false);
});
