// Replies wait five seconds here, so that they can be taken back; then they are sent, once, however often they are tried.
import { tellAway } from "./compose.js";
import { fragment, one, settle } from "./dom.js";
import { Failure, send } from "./http.js";
import { openId, place, refresh, seen } from "./thread.js";
import { newest, toEnd } from "./scroll.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

const waiting = new Map(); // client id → letter
const last = new Map(); // conversation → the newest sending there: the next one begins after it

/** letter: {client, conversation, url, form: FormData, text, undo: seconds, restore(sentence), sent(answer, if it came)} */
export function post(letter) {
  flush(); // order: what was written before goes before
  waiting.set(letter.client, letter);
  ghost(letter);
  if (!letter.undo) return due(letter);
  for (const before of failed()) if (before.conversation === letter.conversation) deliver(before);
  letter.close = toast(say("sending"), { action: say("undo"), onAction: () => takeBack(letter), seconds: letter.undo, counts: true });
  letter.timer = setTimeout(() => due(letter), letter.undo * 1000);
}

export function flush() {
  for (const letter of waiting.values()) if (letter.timer) due(letter);
}

export const takeBackLast = () => [...waiting.values()].filter((letter) => letter.timer).slice(-1).forEach(takeBack);

/** Whether anything is not sent yet. */
export const waits = () => waiting.size > 0;

/** What waits for a conversation that is shown anew: it stands in the thread again, and in no draft. */
export function waitingFor(conversation) {
  const found = [...waiting.values()].filter((letter) => letter.conversation === conversation);
  for (const letter of found) {
    if (element(letter)?.dataset.message) stored(element(letter).id);
    else if (!element(letter)) {
      ghost(letter);
      if (letter.failed) mark(letter);
    }
  }
  return found;
}

/** The server's own copy is here, by another way than the answer to its sending. Which was lost? It is asked for again. */
export function stored(id) {
  const letter = waiting.get(id?.slice(2));
  if (!letter) return;
  letter.stored = true;
  if (letter.failed) due(letter);
}

function takeBack(letter) {
  drop(letter);
  letter.restore("");
}

function drop(letter) {
  clearTimeout(letter.timer);
  letter.timer = 0;
  letter.close?.();
  waiting.delete(letter.client);
  element(letter)?.remove();
}

const element = (letter) => document.getElementById(`m-${letter.client}`);

/** What failed before it in its conversation is tried before. */
function due(letter) {
  for (const one of waiting.values()) if (one === letter || (one.failed && one.conversation === letter.conversation)) deliver(one);
  return letter.sending;
}

function deliver(letter, keepalive = false) {
  if (!keepalive && letter.sending && !letter.timer && !letter.failed) return letter.sending;
  clearTimeout(letter.timer);
  letter.timer = 0;
  letter.failed = false;
  letter.close?.();
  const before = keepalive ? null : last.get(letter.conversation); // who leaves cannot wait
  letter.sending = before ? before.then(() => (isBehind(letter) ? putOff(letter) : carry(letter))) : carry(letter, keepalive);
  last.set(letter.conversation, letter.sending);
  return letter.sending;
}

/** Whether an answer before it in its conversation has failed and stays: what is said next is read after it. */
function isBehind(letter) {
  const before = [...waiting.values()].filter((one) => one.conversation === letter.conversation);
  return before.slice(0, before.indexOf(letter)).some((one) => one.failed);
}

function putOff(letter) {
  fail(letter, new Failure(say("kept"), 0));
  return false;
}

/** Whether it was taken. */
async function carry(letter, keepalive) {
  try {
    const answer = await send(letter.url, { form: letter.form, keepalive });
    const html = await answer.text();
    taken(letter, answer);
    if (openId() === letter.conversation) shown(html);
    return true;
  } catch (failure) {
    if (letter.stored) return taken(letter);
    fail(letter, failure);
    return false;
  }
}

function taken(letter, answer) {
  waiting.delete(letter.client);
  letter.sent?.(answer);
  return true;
}

function shown(html) {
  const log = one("[data-log]");
  if (log && one("[data-newer]", log)) newest(log);
  else place(html);
}

function fail(letter, failure) {
  if (failure instanceof Failure && failure.status >= 400 && failure.status < 500 && failure.status !== 401) {
    drop(letter);
    letter.restore(failure.message);
    return;
  }
  // Not reached, or the server stumbled: the words stay in the thread, marked, and are tried again with the same id.
  letter.failed = true;
  letter.why = failure.message;
  if (!mark(letter)) toast(letter.why, { bad: true, action: say("retry"), onAction: () => due(letter) });
}

/** Says in the thread why it was not sent; whether there is a place for that. */
function mark(letter) {
  const bubble = element(letter);
  const state = bubble && one(".state", bubble);
  if (!state) return false;
  state.classList.add("bad");
  state.replaceChildren(`${letter.why} `, press("retry", () => due(letter)), " ", press("edit", () => takeBack(letter)));
  return true;
}

function press(word, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "linkish", textContent: say(word) });
  button.addEventListener("click", act);
  return button;
}

/** The bubble that stands in until the server's own copy replaces it by its id. */
function ghost(letter) {
  const model = one(letter.kind === "note" ? "template[data-ghost-note]" : "template[data-ghost]");
  const log = one("[data-log]");
  if (!model || !log || openId() !== letter.conversation) return;
  const [bubble] = fragment(model.innerHTML);
  bubble.id = `m-${letter.client}`;
  bubble.dataset.order = `${new Date().toISOString()}|9007199254740991`;
  one(".b", bubble).textContent = letter.text;
  one(".b", bubble).hidden = !letter.text;
  one(".inner", log).append(bubble);
  settle(bubble);
  toEnd(log);
}

// What is decided of a thread after an answer happens after it: a resolved case would be opened again by one that still waits.
const held = new Set();
const pressed = new WeakMap(); // what is pressed → what had been seen then
document.addEventListener("htmx:configRequest", ({ detail: { elt, parameters } }) => {
  if (pressed.has(elt)) parameters.seen = pressed.get(elt);
  pressed.delete(elt);
});
document.addEventListener("htmx:confirm", (event) => {
  const { elt, verb, path, question, issueRequest } = event.detail;
  const letters = [...waiting.values()].filter((letter) => letter.conversation === openId());
  if (verb === "get" || !letters.length || !elt.closest('[data-part="header"]')) return;
  event.preventDefault();
  if (held.has(path) || (question && !window.confirm(question))) return;
  held.add(path);
  const there = openId();
  const decided = elt.matches("form") ? new FormData(elt) : new FormData();
  for (const [name, value] of Object.entries(JSON.parse(elt.getAttribute("hx-vals") ?? "{}"))) decided.set(name, value);
  decided.set("seen", seen());
  const tell = (sentence) => (openId() === there ? toast(sentence, { bad: true }) : tellAway(there, sentence));
  Promise.all(letters.map((letter) => (letter.timer || letter.failed ? deliver(letter) : letter.sending)))
    .then((taken) => {
      if (!taken.every(Boolean)) return tell(say("first"));
      if (elt.isConnected && openId() === there) return pressed.set(elt, decided.get("seen")), issueRequest(true);
      const query = path.includes("?") ? "&" : "?"; // one went on, or the answer has changed the head meanwhile
      const [url, form] = verb === "delete" ? [path + query + new URLSearchParams(decided), null] : [path, decided];
      return send(url, { method: verb.toUpperCase(), form }).then(() => openId() === there && refresh("header"));
    })
    .catch((failure) => tell(failure.message))
    .finally(() => held.delete(path));
});

export function retryAll() {
  for (const letter of failed()) deliver(letter);
}

const failed = () => [...waiting.values()].filter((letter) => letter.failed);

// With the page goes what waits on it: what could not be sent is tried once more, and one is asked before.
window.addEventListener("pagehide", () => {
  for (const letter of waiting.values()) deliver(letter, true);
});
window.addEventListener("beforeunload", (event) => (failed().length || held.size) && event.preventDefault());
document.addEventListener("click", (event) => event.target.closest("[data-flush]") && flush(), true);
