// The entry form of the desk under the fingers: topics by key, questions that fit, a person picked without leaving the page.

const form = document.querySelector("[data-entry]");
const topics = [...form.querySelectorAll("[data-categories] input")];
const subcategory = form.elements.subcategory;
const everyKind = [...subcategory.children];

const chosenTopic = () => topics.find((topic) => topic.checked)?.value ?? "";

// Browsers disagree about hidden options, so those that do not fit are taken out and put back.
function offerKinds() {
  const topic = chosenTopic();
  const kept = subcategory.value;
  const fits = (child) => !topic || child.matches("option") || child.querySelector("option").dataset.category === topic;
  subcategory.replaceChildren(...everyKind.filter(fits));
  subcategory.value = kept;
  if (subcategory.selectedIndex < 0) subcategory.value = "";
}

function askWhatFits() {
  for (const group of form.querySelectorAll("[data-questions]")) {
    group.hidden = group.dataset.questions !== chosenTopic();
    group.open = !group.hidden;
  }
  for (const prompt of form.querySelectorAll("[data-courtesy]")) prompt.hidden = prompt.dataset.courtesy !== chosenTopic();
  for (const question of form.querySelectorAll("[data-question]")) {
    const kinds = question.dataset.question.split(" ").filter(Boolean);
    question.hidden = kinds.length > 0 && !kinds.includes(subcategory.value);
  }
}

function chooseTopic(number) {
  const topic = topics[number - 1];
  if (!topic) return;
  topic.checked = true;
  topic.dispatchEvent(new Event("change", { bubbles: true }));
  subcategory.focus();
}

function pick(row) {
  for (const [name, value] of Object.entries(row.dataset)) {
    if (form.elements[name] && value) form.elements[name].value = value;
  }
  form.elements.account_number.value = row.value;
  form.elements.account_number.dispatchEvent(new Event("change", { bubbles: true }));
  document.getElementById("people").replaceChildren();
  topics[0].focus();
}

// What we know of the caller, and what this may repeat. A newer question takes the place of the one under way, and leaving
// the page ends it without a word.
const KNOWN_BY = ["csrfmiddlewaretoken", "account_number", "category", "contact_phone", "caller_number", "story", "service_issue"];
let asking = new AbortController();

async function askWhatIsKnown() {
  asking.abort();
  asking = new AbortController();
  const known = document.getElementById("known");
  const typed = new FormData(form);
  const body = new FormData();
  for (const name of KNOWN_BY) if (typed.has(name)) body.set(name, typed.get(name));
  try {
    const answer = await fetch(known.dataset.known, { method: "POST", body, signal: asking.signal });
    if (answer.ok) known.innerHTML = await answer.text();
  } catch (error) {
    if (navigator.onLine && error.name !== "AbortError" && error.name !== "TypeError") throw error;
  }
}

form.addEventListener("change", ({ target }) => {
  if (KNOWN_BY.includes(target.name)) askWhatIsKnown();
  if (topics.includes(target)) offerKinds();
  if (topics.includes(target) || target === subcategory) askWhatFits();
});

form.addEventListener("click", (event) => {
  const row = event.target.closest("[data-pick]");
  if (!row) return;
  event.preventDefault();
  pick(row);
});

form.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(event.target.closest("[data-further]") ?? form.querySelector("[data-save]"));
  } else if (event.altKey && /^(Digit|Numpad)0$/.test(event.code)) {
    event.preventDefault();
    document.querySelector("[data-further]")?.focus();
  } else if (event.altKey && number) {
    event.preventDefault();
    chooseTopic(number);
  } else if (number && event.target.type === "radio") {
    answerByNumber(event, number);
  } else if (event.target.id === "look" && ["Enter", "ArrowDown"].includes(event.key)) {
    lookDown(event);
  } else if (event.target.matches("[data-pick]") && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    walkPeople(event);
  }
});

// In a question a digit is the answer, and the next field is where one wants to be.
function answerByNumber(event, number) {
  event.preventDefault();
  if (topics.includes(event.target)) return chooseTopic(number);
  const answer = [...form.elements[event.target.name]][number - 1];
  if (!answer) return;
  answer.checked = true;
  const fields = [...form.elements].filter((field) => field.type !== "hidden" && field.tabIndex >= 0 && field.checkVisibility());
  const rest = fields.slice(fields.indexOf(answer) + 1);
  rest.find((field) => field.name !== answer.name)?.focus();
}

// Enter in the look-up takes the first person; it never sends a half-written complaint.
function lookDown(event) {
  event.preventDefault();
  const first = document.querySelector("#people [data-pick]");
  if (event.key === "Enter") first?.click();
  else first?.focus();
}

function walkPeople(event) {
  event.preventDefault();
  const rows = [...document.querySelectorAll("#people [data-pick]")];
  const at = rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
  (rows[at] ?? document.getElementById("look")).focus();
}

// With scripts the questions open by themselves, so their headings are no stop on the way.
for (const heading of form.querySelectorAll("[data-questions] > summary")) heading.tabIndex = -1;

// What was typed before everything had loaded is looked up too.
window.addEventListener("load", () => {
  const look = document.getElementById("look");
  if (look.value) look.dispatchEvent(new Event("input", { bubbles: true }));
});

offerKinds();
askWhatFits();
