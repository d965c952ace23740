// Where the visitor types. Enter sends, Shift+Enter breaks the line; an Enter that only confirms a Japanese
// conversion never sends, in whatever order the browser reports it.
import { $, say } from "./dom.js";
import { keep } from "./host.js";

export function composer({ limit, draft, onSend, onTyping, onFiles }) {
  const input = $("text"), send = $("send"), note = $("note");
  const touch = matchMedia("(pointer: coarse)").matches;
  let composing = false, confirmed = -1e9, typed = 0, idle = 0, saving = 0;

  input.value = draft || "";
  input.addEventListener("compositionstart", () => { composing = true; });
  input.addEventListener("compositionend", (e) => { composing = false; confirmed = e.timeStamp; });
  input.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.altKey) return;
    // Safari ends the composition first and then reports the Enter that ended it.
    if (e.isComposing || composing || e.keyCode === 229 || e.timeStamp - confirmed < 30) return;
    if (touch && !e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    submit();
  });
  input.addEventListener("input", () => { fit(); remember(); input.value.trim() ? active() : rest(); });
  input.addEventListener("paste", (e) => {
    const { files, types } = e.clipboardData;
    // Excel and Word put a picture of the words beside them: then the words are meant.
    if (files.length && !/plain.*html|html.*plain/.test(types)) { e.preventDefault(); onFiles(files); }
  });
  send.addEventListener("click", submit);

  function fit() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 132)}px`;
    const length = [...input.value].length;
    note.textContent = length > limit ? say("too_long", { limit, length }) : "";
    send.disabled = length > limit || !input.value.trim();
  }

  function remember() {
    clearTimeout(saving);
    saving = setTimeout(() => keep("draft", input.value || null), 300);
  }

  function active() {
    if (Date.now() - typed > 3000) { typed = Date.now(); onTyping(true); }
    clearTimeout(idle);
    idle = setTimeout(rest, 5000);
  }

  function rest() {
    clearTimeout(idle);
    if (typed) onTyping(false);
    typed = 0;
  }

  function submit() {
    const text = input.value.trim();
    if (!text || send.disabled) return;
    onSend(text);
    set("");
    rest();
    input.focus();
  }

  function set(text) {
    input.value = text;
    fit();
    clearTimeout(saving);
    keep("draft", text || null);
  }

  fit();
  return {
    focus() { if (!touch) input.focus({ preventScroll: true }); },
    edit(text) { set(input.value ? `${text}\n${input.value}` : text); input.focus(); },
  };
}
