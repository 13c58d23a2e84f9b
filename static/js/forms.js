// What forms do beyond HTML, on desk and portal: focus on errors, counters, previews, one press only, a guard for what is typed.

/** Also called by the desk after a fragment was swapped in; doing it twice to an element changes nothing. */
export function enliven(root = document) {
  root.querySelector("[data-focus]")?.focus();
  root.querySelectorAll("textarea[maxlength]").forEach(count);
}

// The counter is made here because without scripts it would only stand still. Readers hear it through the description.
function count(area) {
  if (area.dataset.counted) return;
  area.dataset.counted = "yes";
  const counter = document.createElement("p");
  counter.className = "counter number";
  counter.setAttribute("aria-hidden", "true");
  const show = () => {
    counter.textContent = `${area.value.length} / ${area.maxLength}`;
    counter.classList.toggle("is-near", area.value.length > area.maxLength * 0.9);
  };
  area.after(counter);
  area.addEventListener("input", show);
  show();
}

function preview(input) {
  let shown = input.parentElement.querySelector(".previews");
  shown?.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
  shown?.remove();
  const files = [...input.files];
  if (!files.length) return;
  shown = document.createElement("ul");
  shown.className = "previews";
  for (const file of files) {
    const item = document.createElement("li");
    if (/^image\/(jpeg|png|webp|gif)$/.test(file.type)) {
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = "";
      item.append(image);
    }
    const name = document.createElement("span");
    name.textContent = file.name;
    item.append(name);
    shown.append(item);
  }
  input.after(shown);
}

const typedIn = new Set();

document.addEventListener("input", ({ target }) => {
  const form = target.closest?.("form[data-guard]");
  if (form) typedIn.add(form);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("input[type=file]")) preview(target);
  if (target.dataset.chooseAll) {
    for (const box of document.getElementsByName(target.dataset.chooseAll)) box.checked = target.checked;
  }
  const form = target.closest("[data-autosubmit]") && target.form;
  if (form) form.requestSubmit();
});

// A second press within a moment is a slip, not a second wish. Forms that htmx sends arrive here already prevented.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const isFragment = event.defaultPrevented;
  if (form.dataset.sending && !isFragment) {
    event.preventDefault();
    return;
  }
  typedIn.delete(form);
  if (form.method !== "post") return;
  if (event.submitter?.dataset.busyWord) sayBusy(event.submitter);
  if (isFragment) return;
  form.dataset.sending = "yes";
  setTimeout(() => delete form.dataset.sending, 3000);
});

// After the browser has read the form, because a disabled button is not sent with it. Back in a moment, should no answer come.
function sayBusy(button) {
  const children = [...button.childNodes];
  const restore = () => {
    button.disabled = false;
    button.replaceChildren(...children);
  };
  setTimeout(() => {
    button.disabled = true;
    button.textContent = button.dataset.busyWord;
  });
  setTimeout(restore, 8000);
  window.addEventListener("pageshow", restore, { once: true });
}

window.addEventListener("beforeunload", (event) => {
  for (const form of typedIn) {
    if (form.isConnected) event.preventDefault();
  }
});

document.addEventListener("click", ({ target }) => {
  const copy = target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy);
  if (target.closest("[data-print]")) window.print();
});

// Menus made of <details> close on Escape and when the person turns elsewhere.
document.addEventListener("click", ({ target }) => {
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
    if (!menu.contains(target)) menu.open = false;
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

enliven();
