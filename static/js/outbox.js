// Replies wait five seconds here, so that they can be taken back; then they are sent, once, however often they are tried.
import { fragment, one, settle } from "./dom.js";
import { Failure, send } from "./http.js";
import { openId, place, seen } from "./thread.js";
import { newest, toEnd } from "./scroll.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

const waiting = new Map(); // client id → letter
const last = new Map(); // conversation → the newest sending there: the next one begins after it

/** letter: {client, conversation, url, form: FormData, text, undo: seconds, restore(sentence)} */
export function post(letter) {
  flush(); // order: what was written before goes before
  for (const before of failed()) if (before.conversation === letter.conversation) deliver(before);
  waiting.set(letter.client, letter);
  ghost(letter);
  if (!letter.undo) return deliver(letter);
  letter.close = toast(say("sending"), { action: say("undo"), onAction: () => takeBack(letter), seconds: letter.undo, counts: true });
  letter.timer = setTimeout(() => deliver(letter), letter.undo * 1000);
}

export function flush(keepalive = false) {
  for (const letter of waiting.values()) if (letter.timer) deliver(letter, keepalive);
}

export const takeBackLast = () => [...waiting.values()].filter((letter) => letter.timer).slice(-1).forEach(takeBack);

/** Whether anything is not sent yet. */
export const waits = () => waiting.size > 0;

/** What waits for a conversation that is shown anew: it stands in the thread again, and in no draft. */
export function waitingFor(conversation) {
  const found = [...waiting.values()].filter((letter) => letter.conversation === conversation);
  for (const letter of found) if (!element(letter)) ghost(letter);
  return found;
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

function deliver(letter, keepalive = false) {
  clearTimeout(letter.timer);
  letter.timer = 0;
  letter.failed = false;
  letter.close?.();
  const before = keepalive ? null : last.get(letter.conversation); // who leaves cannot wait
  letter.sending = before ? before.then(() => carry(letter, keepalive)) : carry(letter, keepalive);
  last.set(letter.conversation, letter.sending);
  return letter.sending;
}

/** Whether it was taken. */
async function carry(letter, keepalive) {
  try {
    const answer = await send(letter.url, { form: letter.form, keepalive });
    const html = await answer.text();
    waiting.delete(letter.client);
    if (openId() === letter.conversation) shown(html);
    letter.sent?.(answer);
    return true;
  } catch (failure) {
    fail(letter, failure);
    return false;
  }
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
  const bubble = element(letter);
  const state = bubble && one(".state", bubble);
  if (!state) return toast(failure.message, { bad: true, action: say("retry"), onAction: () => deliver(letter) });
  state.classList.add("bad");
  state.textContent = `${failure.message} `;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "linkish", textContent: say("retry") });
  button.addEventListener("click", () => deliver(letter));
  state.append(button);
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
document.addEventListener("htmx:confirm", (event) => {
  const { elt, verb, path, issueRequest } = event.detail;
  const letters = [...waiting.values()].filter((letter) => letter.conversation === openId());
  if (verb === "get" || !letters.length || !elt.closest('[data-part="header"]')) return;
  event.preventDefault();
  if (held.has(path)) return;
  held.add(path);
  const decided = elt.matches("form") ? new FormData(elt) : new FormData();
  for (const [name, value] of Object.entries(JSON.parse(elt.getAttribute("hx-vals") ?? "{}"))) decided.set(name, value);
  decided.set("seen", seen());
  Promise.all(letters.map((letter) => (letter.timer || letter.failed ? deliver(letter) : letter.sending)))
    .then((taken) => {
      if (!taken.every(Boolean)) return toast(say("first"), { bad: true });
      if (elt.isConnected) return issueRequest();
      const there = one(`[data-part="header"] [hx-${verb}="${path}"]`); // the answer has changed the head meanwhile
      return there ? there.click() : send(path, { method: verb.toUpperCase(), form: decided }); // or one went on
    })
    .catch((failure) => toast(failure.message, { bad: true }))
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
window.addEventListener("beforeunload", (event) => failed().length && event.preventDefault());
document.addEventListener("click", (event) => event.target.closest("[data-flush]") && flush(), true);
