// Naming a colleague: after @ the people who may see this complaint are offered. Without this script the name is simply typed.

let open = null; // { field, list, at, people, chosen }
let asked = 0;

const BEGINS = /(?:^|[^A-Za-z0-9._%+-])[@＠]([^\s@＠]{0,20})$/u;

document.addEventListener("input", async ({ target, isComposing }) => {
  if (!target.matches?.("textarea[data-mentions]") || isComposing) return;
  const match = BEGINS.exec(target.value.slice(0, target.selectionStart));
  if (!match) return close();
  const mine = ++asked;
  const answer = await fetch(`${target.dataset.mentions}?${new URLSearchParams({ q: match[1] })}`).catch(() => null);
  // what was asked before the last key is no longer the question
  if (mine !== asked || !answer?.ok) return;
  const { people } = await answer.json();
  if (mine === asked) show(target, target.selectionStart - match[1].length, people);
});

function show(field, at, people) {
  close();
  if (!people.length) return;
  const list = document.createElement("ul");
  list.className = "mention-list";
  list.id = "mention-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.dataset.mentionsWord);
  people.forEach((person, number) => {
    const item = document.createElement("li");
    item.id = `mention-${number}`;
    item.setAttribute("role", "option");
    item.textContent = [person.name, `@${person.username}`, person.team].filter(Boolean).join(" · ");
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(number);
    });
    list.append(item);
  });
  field.parentElement.append(list);
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");
  open = { field, list, at, people, chosen: 0 };
  mark(0);
}

function mark(number) {
  open.chosen = (number + open.people.length) % open.people.length;
  [...open.list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === open.chosen)));
  open.field.setAttribute("aria-activedescendant", `mention-${open.chosen}`);
}

function take(number) {
  const { field, at, people } = open;
  close();
  const person = people[number];
  // the full name reads better; where two share it, only the user name says who is meant
  const isAlone = people.filter((one) => one.name === person.name).length === 1;
  field.setRangeText(`${isAlone && !person.name.includes(" ") ? person.name : person.username} `, at, field.selectionStart, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

// An answer that is still under way must not open what was just closed.
function close() {
  asked += 1;
  if (!open) return;
  open.list.remove();
  for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete"]) open.field.removeAttribute(name);
  open = null;
}

document.addEventListener("keydown", (event) => {
  if (!open || event.isComposing || event.target !== open.field) return;
  const acts = {
    ArrowDown: () => mark(open.chosen + 1),
    ArrowUp: () => mark(open.chosen - 1),
    Enter: () => take(open.chosen),
    Tab: () => take(open.chosen),
    Escape: close,
  };
  if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  acts[event.key]();
}, true);

document.addEventListener("focusout", ({ target }) => {
  if (open && target === open.field) close();
});
