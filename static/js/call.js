// The screen of a call: what does not belong to the outcome is out of the way, and one key answers the question that is asked now.

const form = document.querySelector("[data-call]");

if (form) {
  const questions = [...form.querySelectorAll(".call-answer .field.is-radioselect")];
  const outcome = () => form.querySelector("[name=outcome]:checked")?.value ?? "";

  const show = () => {
    for (const part of form.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(outcome());
    const asked = outcome() === "reached" ? questions.find((field) => !field.querySelector("input:checked")) : null;
    for (const field of questions) field.classList.toggle("is-asked", field === asked);
    return asked;
  };

  // Numbers choose a step of the scale; y, p and n choose yes, partly and no: whichever the question has.
  const choose = (field, key) => {
    const words = { y: "yes", p: "partly", n: "no" };
    const input = field.querySelector(`input[value="${CSS.escape(words[key] ?? key)}"]`);
    if (!input) return false;
    input.checked = true;
    input.focus();
    return true;
  };

  form.addEventListener("change", show);
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
      const asked = show();
      if (!asked || !choose(asked, event.key)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!show()) form.querySelector("[name=comment]")?.focus();
    },
    true,
  );
  show();
}
