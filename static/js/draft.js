// What is typed is kept on the server, so that it is there on any device; the state of that is shown.
import { attach, later, one } from "./dom.js";
import { send } from "./http.js";
import { say } from "./words.js";

attach("[data-compose]", (form) => {
  const field = one("textarea", form);
  const state = one("[data-draft-state]", form);
  let saved = field.value;
  let version = Number(form.dataset.version);

  const save = async () => {
    if (field.value === saved) return;
    const text = field.value;
    const data = new FormData();
    data.set("text", text);
    data.set("kind", one(".box", form).dataset.kind);
    data.set("channel_id", form.elements.channel_id?.value ?? "");
    data.set("version", version);
    try {
      version = (await (await send(`/conversations/${form.dataset.conversation}/draft`, { form: data, keepalive: text.length < 20000 })).json()).version;
      saved = text;
      state.textContent = text ? say("saved") : "";
      mark(Boolean(text.trim()));
    } catch (failure) {
      state.textContent = failure.status === 409 ? failure.message : say("unsaved");
    }
  };
  const mark = (on) => document.getElementById(`row-${form.dataset.conversation}`)?.toggleAttribute("data-draft", on);
  const soon = later(700, save);
  field.addEventListener("input", () => {
    state.textContent = field.value ? say("saving") : "";
    soon();
  });
  field.addEventListener("blur", () => (soon.cancel(), save()));
  form.addEventListener("compose:cleared", () => {
    // The draft, and its version, stay on the server until the reply is there: it may still be taken back.
    soon.cancel();
    saved = "";
    state.textContent = "";
  });
  form.addEventListener("compose:sent", () => {
    version = 0; // the server dropped it; what was begun since is a new one
    saved = "";
    mark(false);
    if (form.isConnected) soon();
  });
});
