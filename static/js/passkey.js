// Passkeys: asks the browser for one and sends what it answers with the form. The options stand in the form's data.
const form = document.querySelector("[data-passkey]");

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask() {
  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  if (form.dataset.passkey === "make") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = known(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }
  options.allowCredentials = known(options.allowCredentials);
  return navigator.credentials.get({ publicKey: options });
}

function answer(credential) {
  const said = credential.response;
  const response = { clientDataJSON: text(said.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (said[part]) response[part] = text(said[part]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: {}, response });
}

const refused = form?.querySelector("[data-passkey-refused]");

form?.addEventListener("submit", async (event) => {
  const field = form.querySelector("[name=credential]");
  if (field.value) return;
  event.preventDefault();
  refused.hidden = true;
  try {
    field.value = answer(await ask());
    form.submit();
  } catch {
    refused.hidden = false; // pressed away, timed out, or no passkey here: the browser tells no more
  }
});
if (form && !window.PublicKeyCredential) form.querySelector("[data-passkey-missing]").hidden = false;
