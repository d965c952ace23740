// The composer: reply or note, Enter and ⌘Enter, the height of the field, and handing what was written to the outbox.
import { all, attach, one } from "./dom.js";
import { fit, focusComposer, isClosed } from "./closing.js";
import { draftOf, keepAway } from "./draft.js";
import { converting, watch } from "./ime.js";
import { addressed, clear, envelope, put, told } from "./letter.js";
import { post, waitingFor } from "./outbox.js";
import { quote, quoted } from "./quoting.js";
import { openId, seen } from "./thread.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

export const newId = () => crypto.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

const left = new Map(); // conversation → the files of what is begun, or came back, while it is not on the page
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "pane" || !detail.shouldSwap) return;
  for (const form of all("[data-compose]")) left.set(form.dataset.conversation, all("[data-uploads] > *", form));
});

attach("[data-compose]", (form) => {
  const field = one("textarea", form);
  one("[data-uploads]", form)?.append(...(left.get(form.dataset.conversation) ?? []));
  left.delete(form.dataset.conversation);
  for (const { text, form: data } of waitingFor(Number(form.dataset.conversation))) {
    const same = Number(data.get("version")) >= Number(form.dataset.version); // a draft begun since has a later one
    if (same && field.value.startsWith(text)) field.value = field.value.slice(text.length).trimStart();
  }
  watch(field);
  grow(field);
  field.addEventListener("input", () => {
    grow(field);
    problem(form, "");
    if (!field.value.trim()) delete form.dataset.drafted; // what follows is somebody's own
  });
  field.addEventListener("keydown", (event) => onKey(event, form));
  for (const input of all("[data-recipient], [data-subject]", form)) input.addEventListener("keydown", (event) => onHeadKey(event, form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event.submitter?.value === "resolve");
  });
  for (const button of all("[data-kind-set]", form)) button.addEventListener("click", () => setKind(form, button.dataset.kindSet));
});

function onKey(event, form) {
  if (event.key !== "Enter" || converting(event) || event.defaultPrevented || event.altKey) return;
  const mod = event.metaKey || event.ctrlKey;
  const sends = mod || (form.dataset.sendKey === "enter" && !event.shiftKey);
  if (!sends) return;
  event.preventDefault();
  submit(form, mod && event.shiftKey);
}

/** In the head of a mail Enter alone never sends. */
function onHeadKey(event, form) {
  if (event.key !== "Enter" || converting(event) || event.altKey || event.defaultPrevented) return;
  event.preventDefault();
  if (event.metaKey || event.ctrlKey) submit(form, event.shiftKey);
}

export function setKind(form, kind) {
  one(".box", form).dataset.kind = kind;
  for (const button of all("[data-kind-set]", form)) button.setAttribute("aria-pressed", String(button.dataset.kindSet === kind));
  const field = one("textarea", form);
  field.setAttribute("aria-label", field.dataset[kind]);
  field.placeholder = field.dataset[`${kind}Hint`];
  form.dispatchEvent(new CustomEvent("compose:kind"));
  focusComposer(form);
}

/** The channel, and whose address there: who was seen writing last, or whom the head of a mail names. */
export function wayOf(form) {
  const [way] = form.elements.channel_id.selectedOptions;
  return { channel_id: way.value, to: way.dataset.to ?? one(`[data-reach="${way.value}"]`, form)?.dataset.to ?? "" };
}

const MEANT = /添付|同封|attached|attachment|enclosed/i;

/** `sure`: what was doubtful about a mail has been looked at. */
async function submit(form, resolve, sure = false) {
  const field = one("textarea", form);
  const kind = one(".box", form).dataset.kind;
  const uploads = all("[data-uploaded]", form);
  const typed = field.value;
  const text = typed.trim();
  if (kind === "reply" && isClosed(form)) return fit(form), focusComposer(form);
  if (!text && !uploads.length) return field.focus();
  if (one("[data-uploading]", form)) return problem(form, form.dataset.stillUploading);
  const head = kind === "reply" ? envelope(form) : null;
  if (kind === "reply" && !head && !uploads.length && MEANT.test(text) && !window.confirm(say("attachmentMissing"))) return;
  const client = newId();
  const data = new FormData();
  data.set("text", text);
  data.set("client_id", client);
  if (form.dataset.instead) data.set("instead", form.dataset.instead);
  if (resolve && kind === "reply") data.set("resolve", "1");
  if (kind === "reply") data.set("seen", seen());
  if (kind === "reply" && form.elements.channel_id) for (const [name, value] of Object.entries(wayOf(form))) data.set(name, value);
  if (kind === "reply" && form.elements.purpose) data.set("purpose", form.elements.purpose.value);
  const quotes = kind === "reply" ? quoted(form) : null;
  if (quotes) data.set("quotes", quotes.id);
  const drafted = kind === "reply" ? form.dataset.drafted : "";
  if (drafted) data.set("drafted", drafted);
  for (const upload of uploads) data.append("attachments", upload.dataset.uploaded);
  const wrong = head ? addressed(head, data) : "";
  if (wrong) return problem(form, wrong);
  if (head && !sure && !(await doubtless(form, data, () => submit(form, resolve, true)))) return;
  data.set("version", form.dataset.version);
  const draft = draftOf(form);
  draft.set("text", text);
  const letter = head && { way: head.dataset.envelope, ...told(head) };
  const conversation = Number(form.dataset.conversation);
  const nth = ++letters;
  post({
    client, conversation, kind, text, form: data,
    url: `/conversations/${conversation}/${kind === "reply" ? "replies" : "notes"}`,
    undo: kind === "reply" ? Number(form.dataset.undo) : 0,
    restore: (sentence) => restore(form, { client, nth, text, kind, way: data.get("channel_id"), uploads, letter, quotes, drafted, draft, version: data.get("version") }, sentence),
    sent: (answer) => {
      form.dispatchEvent(new CustomEvent("compose:sent", { bubbles: true }));
      if (!answer?.headers.has("X-Stays-Open")) return;
      if (openId() === conversation) toast(say("staysOpen"), { seconds: 10 });
      else tellAway(conversation, say("staysOpen"));
    },
  });
  field.value = field.value.startsWith(typed) ? field.value.slice(typed.length).trimStart() : field.value; // typed since
  delete form.dataset.drafted;
  delete form.dataset.instead;
  for (const upload of uploads) upload.remove();
  problem(form, "");
  grow(field);
  back.delete(form.dataset.conversation);
  form.dispatchEvent(new CustomEvent("compose:cleared"));
}

let asking = false;
async function doubtless(form, data, go) {
  if (asking) return false;
  asking = true;
  try {
    return await clear(form, data, go);
  } catch (failure) {
    problem(form, failure.message);
    return false;
  } finally {
    asking = false;
  }
}

const back = new Map(); // conversation → the words that came back last, and the how manieth they were
let letters = 0;

/** Taken back or refused: the words return, in their order, before whatever was typed since; no words of a note become an answer. */
function restore(form, said, sentence) {
  const { text, kind, way, uploads, letter, quotes, drafted } = said;
  const here = form.isConnected ? form : one(`[data-compose][data-conversation="${form.dataset.conversation}"]`);
  if (!here) return restoreAway(form, said, sentence);
  const field = one("textarea", here);
  const since = field.value.trim();
  const before = back.get(here.dataset.conversation);
  const kept = before?.nth < said.nth && field.value.startsWith(before.words) ? before.words : "";
  const words = kept && text ? `${kept}\n${text}` : kept || text;
  const typed = field.value.slice(kept.length).replace(/^\n/, "");
  back.set(here.dataset.conversation, { words, nth: said.nth });
  if (one(".box", here).dataset.kind !== kind) setKind(here, since ? "note" : kind);
  if (!since && way) choose(here.elements.channel_id, way);
  field.value = typed.trim() ? `${words}\n${typed}` : words;
  one("[data-uploads]", here)?.append(...uploads);
  const head = letter && one(`[data-envelope="${letter.way}"]`, here);
  if (head) put(head, letter);
  if (quotes) quote(here, quotes);
  if (drafted) here.dataset.drafted = drafted;
  here.dataset.instead = `${here.dataset.instead ?? ""} ${said.client}`.trim(); // it may have been stored all the same
  grow(field);
  problem(here, sentence);
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  problem(here, sentence);
}

function choose(ways, way) {
  if (!ways || ways.value === way || ![...ways.options].some((option) => option.value === way)) return;
  ways.value = way;
  ways.dispatchEvent(new Event("change", { bubbles: true }));
}

async function restoreAway(form, said, sentence) {
  const id = form.dataset.conversation;
  try {
    await keepAway(id, said.draft, said.version);
    left.set(id, [...(left.get(id) ?? []), ...said.uploads]);
    tellAway(id, `${sentence} ${say("returned")}`);
  } catch (failure) {
    toast(failure.message, { bad: true, seconds: 600, action: say("retry"), onAction: () => restore(form, said, sentence) });
  }
}

/** Says what became of words whose thread is not on the page, with the way there. */
export function tellAway(id, sentence) {
  const open = () => (one(`#row-${id} a.row`) ? one(`#row-${id} a.row`).click() : location.assign(`/inbox/${id}`));
  toast(sentence.trim(), { bad: true, seconds: 30, action: say("open"), onAction: open });
}

export function problem(form, sentence) {
  const line = one("[data-problem]", form);
  line.hidden = !sentence;
  one("span", line).textContent = sentence;
}

function grow(field) {
  if (CSS.supports("field-sizing", "content")) return field.style.setProperty("field-sizing", "content");
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
