// A wall is watched by nobody who could press a key: it says when its numbers are old, and finds its way back by itself.

const lost = document.querySelector("[data-wall-lost]");

document.addEventListener("htmx:sendError", () => (lost.hidden = false));
document.addEventListener("htmx:responseError", () => (lost.hidden = false));
document.addEventListener("htmx:afterSwap", () => (lost.hidden = true));

// Whoever was signed in too long is asked to sign in again on a page of its own, and not within the figures.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname !== "/board/") {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});
