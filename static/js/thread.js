// The open thread: messages take their place by time, a second copy replaces the first.
import { all, attach, fragment, one, settle, written } from "./dom.js";
import { load, send } from "./http.js";
import { tidy } from "./marks.js";
import { patch } from "./patch.js";
import { atEnd, toEnd } from "./scroll.js";

export const thread = () => one(".thread[data-conversation]");
export const openId = () => Number(thread()?.dataset.conversation ?? 0);
const later = (a, b) => {
  const [timeA, idA] = a.split("|");
  const [timeB, idB] = b.split("|");
  return timeA === timeB ? Number(idA) > Number(idB) : timeA > timeB;
};

/** Place a message's HTML: what has its id becomes it and moves only where it must, else in order. Returns the element. */
export function place(html) {
  const log = one("[data-log]");
  if (!log) return null;
  const end = atEnd(log);
  const [fresh] = fragment(html);
  const old = document.getElementById(fresh.id);
  const entry = old ?? fresh;
  const moved = old && old.dataset.order !== fresh.dataset.order;
  if (old) patch(old, fresh);
  if (moved && !inOrder(log, old)) old.remove();
  if (!entry.isConnected) insert(log, entry);
  settle(entry);
  tidy(entry);
  if (end) toEnd(log);
  return entry;
}

const entriesOf = (log) => all(".inner > .e, .inner > .touched", log);

function inOrder(log, entry) {
  if (one("[data-newer]", log)) return false;
  const entries = entriesOf(log);
  const at = entries.indexOf(entry);
  const [before, after] = [entries[at - 1], entries[at + 1]];
  return !(before && later(before.dataset.order, entry.dataset.order)) && !(after && later(entry.dataset.order, after.dataset.order));
}

function insert(log, entry) {
  if (one("[data-newer]", log)) return; // the newest part is not loaded: it will come with its page
  const entries = entriesOf(log);
  let at = entries.length - 1;
  while (at >= 0 && later(entries[at].dataset.order, entry.dataset.order)) at -= 1;
  // Older than everything loaded, and more above: it will come with its page.
  if (at < 0 && entries.length && one("[data-older]", log)) return;
  if (at < 0) {
    one(".inner > .empty", log)?.remove();
    one(".inner", log).append(entry);
    if (entries.length) entries[0].before(entry);
  } else entries[at].after(entry);
}

export const TO_SEE = 600; // milliseconds: who presses sooner than that after something came meant what stood there before

/** Something happened in the open thread, and stands in it now. */
export function happened(id) {
  const open = thread();
  open.dataset.lastEvent = Math.max(Number(open.dataset.lastEvent), id);
  setTimeout(() => (open.dataset.seen = Math.max(Number(open.dataset.seen), id)), TO_SEE);
}

/** The newest event that was seen. What is told while the newest part is not loaded stands nowhere yet. */
export const seen = () => (one("[data-log] [data-newer]") ? thread().dataset.drawn : thread().dataset.seen);
attach(".thread[data-conversation]", ({ dataset }) => (dataset.drawn = dataset.seen = dataset.lastEvent));
// What is decided of a thread is decided of what was seen of it.
const DECIDES = /^\/conversations\/\d+\/(handover|account-link|continue-link)\b/;
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const decides = detail.verb === "post" && detail.elt.closest('[data-part="header"]');
  if (openId() && (decides || DECIDES.test(detail.path))) detail.parameters.seen = seen();
});

/** Fetch a part of the open thread anew: "header", "panel", "lock", or "touched" (what stands between the messages). */
export async function refresh(part) {
  const id = openId();
  if (part === "touched") document.dispatchEvent(new CustomEvent("touched"));
  const there = () => one(`[data-part="${part}"]`);
  if (!id || !there() || isWrittenIn(there())) return;
  const [fresh] = fragment(await (await load(`/conversations/${id}/${part}`)).text());
  const target = there();
  if (openId() !== id || !target || !fresh || isWrittenIn(target)) return;
  if (part === "header") return relay(target, fresh);
  target.replaceWith(fresh);
  settle(fresh);
}

let due = false; // the panel has something to show, and waits

/** Whether somebody is at work in the panel: it is fetched when they have left it, and what they wrote was taken. */
function isWrittenIn(panel) {
  if (!panel.matches(".panel")) return false;
  const within = panel.contains(document.activeElement);
  if (within) panel.addEventListener("focusout", goneFrom);
  return (due = within || written(panel));
}

function goneFrom({ currentTarget: panel, relatedTarget: to }) {
  if (panel.contains(to)) return;
  panel.removeEventListener("focusout", goneFrom);
  setTimeout(() => refresh("panel").catch(() => {}), 400);
}

/** An open menu stays open; what has the focus keeps it, or it goes on beside. */
function relay(header, fresh) {
  const focused = header.contains(document.activeElement);
  const items = () => all(".pop:not([hidden]) .item", header);
  const at = items().indexOf(document.activeElement);
  patch(header, fresh);
  settle(header);
  if (focused && !header.contains(document.activeElement)) (items()[at] ?? one("[data-log]"))?.focus({ preventScroll: true });
}

/** Tell the server how far this was read, while it is in sight. */
export async function markRead() {
  const id = openId();
  if (!id || document.hidden || !document.hasFocus()) return;
  const badge = one(`#row-${id} [data-unread]`);
  if (badge) badge.hidden = true;
  one(`#row-${id} .row`)?.classList.remove("unread");
  try {
    await send(`/conversations/${id}/read`);
  } catch {
    // Read marks are only a convenience: the next one will do.
  }
}

attach(".thread[data-conversation]", () => markRead());
// Back leads to where one came from: the desk of the supervisors shows the same thread.
attach(".thread .back", (link) => one("[data-desk]") && (link.href = "/escalations"));
// What does something at once takes no press of the mouse while it is new: a second one was meant for what stood there before.
attach('[data-part="header"] > :is([data-key="t"], [data-key="e"])', (button) => {
  button.dataset.fresh = "";
  setTimeout(() => delete button.dataset.fresh, 400);
});
// What the server has taken is written no more.
document.addEventListener("htmx:afterRequest", ({ detail: { successful, elt, requestConfig } }) => {
  const panel = elt.closest(".panel");
  if (!panel || !successful || requestConfig.verb === "get") return;
  for (const field of all("textarea[name], input[name]:not([type=hidden])", elt)) field.defaultValue = requestConfig.parameters[field.name] ?? field.defaultValue;
  if (due) refresh("panel").catch(() => {});
});
// A button that the server's answer replaced takes the focus with it: it goes on in the thread, not at the top of the page.
// A dialog that closes with the answer gives the focus back before.
document.addEventListener("htmx:afterSettle", () => setTimeout(() => {
  if (openId() && document.activeElement === document.body) one("[data-log]")?.focus({ preventScroll: true });
}));
window.addEventListener("focus", () => markRead());
