// What is typed and chosen is kept on the server, so that it is there on any device; the state of that is shown.
import { attach, later, one } from "./dom.js";
import { send } from "./http.js";
import { chosen, envelope } from "./letter.js";
import { quoted } from "./quoting.js";
import { say } from "./words.js";

const LAST = 999999999; // a version that no draft is newer than
let leaving = () => {};
window.addEventListener("pagehide", () => leaving());

attach("[data-compose]", (form) => {
  const field = one("textarea", form);
  const state = one("[data-draft-state]", form);
  let saved = String(draftOf(form));
  let version = Number(form.dataset.version);

  let last = Promise.resolve(); // one after the other: each names the version that the one before made
  const save = () => (last = last.then(() => keep()));
  const keep = async (from = version) => {
    const draft = draftOf(form);
    const text = draft.get("text");
    const written = Boolean(text.trim()) || ["cc", "bcc", "subject"].some((name) => draft.has(name));
    if (String(draft) === saved || (!version && !written)) return;
    const data = new FormData();
    for (const [name, value] of draft) data.append(name, value);
    data.set("version", from);
    form.dataset.version = from + 1; // whatever is sent meanwhile has this one in it
    try {
      version = (await (await send(`/conversations/${form.dataset.conversation}/draft`, { form: data, keepalive: text.length < 20000 })).json()).version;
      saved = String(draft);
      if (String(draftOf(form)) === saved) state.textContent = written ? say("saved") : "";
      mark(Boolean(text.trim()));
    } catch (failure) {
      if (failure.status === 409) newer(failure.message);
      else state.textContent = say("unsaved");
    } finally {
      form.dataset.version = version;
    }
  };
  // Another screen has kept other words: these stay here, and are kept instead where one says so.
  const newer = (sentence) => {
    if (one("button", state)) return; // it may be about to be pressed
    const button = Object.assign(document.createElement("button"), { type: "button", className: "linkish", textContent: say("keepThis") });
    button.addEventListener("click", () => {
      version = LAST;
      saved = "";
      state.textContent = "";
      save();
    });
    state.replaceChildren(`${sentence} `, button);
  };
  const mark = (on) => document.getElementById(`row-${form.dataset.conversation}`)?.toggleAttribute("data-draft", on);
  const soon = later(700, save);
  field.addEventListener("input", () => {
    state.textContent = field.value ? say("saving") : "";
    soon();
  });
  form.addEventListener("letter:changed", soon);
  form.addEventListener("focusout", () => (soon.cancel(), save()));
  leaving = () => form.isConnected && keep(Number(form.dataset.version)); // after what is on its way
  form.addEventListener("compose:cleared", () => {
    // The draft, and its version, stay on the server until the reply is there: it may still be taken back.
    soon.cancel();
    saved = String(draftOf(form));
    state.textContent = "";
    if (field.value.trim()) (saved = ""), soon();
  });
  form.addEventListener("compose:sent", () => {
    mark(Boolean(field.value.trim()));
    if (field.value.trim()) return; // begun since: the server did not drop that
    form.dataset.version = version = 0;
    saved = "";
    if (form.isConnected) soon();
  });
});

/** Words that came back when their thread was not on the page become its draft, before what was begun there since. */
export async function keepAway(conversation, draft, version) {
  const data = new FormData();
  for (const [name, value] of draft) data.append(name, value);
  data.set("version", version);
  data.set("returned", "1");
  await send(`/conversations/${conversation}/draft`, { form: data });
  document.getElementById(`row-${conversation}`)?.toggleAttribute("data-draft", true);
}

/** What there is to keep, as the fields of a form. */
export function draftOf(form) {
  const head = envelope(form);
  const quotes = quoted(form);
  const { cc = [], bcc = [], subject } = head ? chosen(head) : {};
  const fields = [["text", one("textarea", form).value], ["kind", one(".box", form).dataset.kind], ["channel_id", form.elements.channel_id?.value ?? ""]];
  for (const words of cc) fields.push(["cc", words]);
  for (const words of bcc) fields.push(["bcc", words]);
  if (quotes) fields.push(["quotes", quotes.id]);
  if (form.dataset.drafted) fields.push(["drafted", form.dataset.drafted]);
  if (subject !== undefined) fields.push(["subject", subject]);
  return new URLSearchParams(fields);
}
