// What somebody types is kept on the server: every few seconds, when a field is left, and when the page goes away.

const EVERY = 3000;
// Saves overtake each other on the way. The server goes by this name of the page and a count, which what is sent bears too.
const PAGE = Math.random().toString(36).slice(2);
let count = 0;

function watchAll() {
  document.querySelectorAll("form[data-keep]:not([data-watched])").forEach(watch);
}

watchAll();
document.addEventListener("htmx:afterSettle", watchAll);

function watch(form) {
  form.dataset.watched = "yes";
  const line = form.querySelector("[data-kept]");
  let isNew = false;
  let isUnderWay = false;
  let isOver = false;

  function say(words, isBad = false) {
    if (!words) return;
    line.textContent = words;
    line.classList.toggle("is-bad", isBad);
  }

  async function keep({ isLeaving = false } = {}) {
    if (!isNew || isOver || (isUnderWay && !isLeaving)) return;
    isNew = false;
    isUnderWay = true;
    try {
      const answer = await fetch(form.dataset.keep, { method: "POST", body: typed(form), keepalive: isLeaving, redirect: "error" });
      const said = answer.headers.get("content-type")?.includes("json") ? (await answer.json()).said : form.dataset.keptWord;
      isOver = [403, 404, 409, 410].includes(answer.status);
      if (answer.ok || isOver) say(said, isOver);
      else throw new Error(answer.status);
    } catch {
      isNew = true;
      say(form.dataset.unkeptWord, true);
    } finally {
      isUnderWay = false;
    }
  }

  for (const kind of ["input", "change"]) {
    form.addEventListener(kind, () => {
      isNew = true;
    });
  }
  form.addEventListener("formdata", ({ formData }) => {
    count += 1;
    formData.set("typed_at", `${PAGE} ${count}`);
  });
  form.addEventListener("focusout", () => keep());
  form.addEventListener("submit", () => {
    isOver = true;
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) isOver = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) keep({ isLeaving: true });
  });
  window.addEventListener("pagehide", () => keep({ isLeaving: true }));
  // a fragment that could not be sent is typed in again
  form.addEventListener("htmx:sendError", () => {
    isOver = false;
    isNew = true;
  });
  const timer = setInterval(() => {
    keep();
    if (!form.isConnected && !isUnderWay && !isNew) clearInterval(timer);
  }, EVERY);
}

// Files are not typed: they go with the form when it is sent.
function typed(form) {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  return data;
}
