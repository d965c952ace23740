// The open thread: messages take their place by time, a second copy replaces the first.
import { all, attach, fragment, one, settle } from "./dom.js";
import { load, send } from "./http.js";
import { tidy } from "./marks.js";
import { atEnd, toEnd } from "./scroll.js";

export const thread = () => one(".thread[data-conversation]");
export const openId = () => Number(thread()?.dataset.conversation ?? 0);
const later = (a, b) => {
  const [timeA, idA] = a.split("|");
  const [timeB, idB] = b.split("|");
  return timeA === timeB ? Number(idA) > Number(idB) : timeA > timeB;
};

/** Place a message's HTML: over the element with its id, else in order. Returns the element. */
export function place(html) {
  const log = one("[data-log]");
  if (!log) return null;
  const end = atEnd(log);
  const [entry] = fragment(html);
  const old = document.getElementById(entry.id);
  if (old && !later(entry.dataset.order, old.dataset.order) && !later(old.dataset.order, entry.dataset.order)) {
    old.replaceWith(entry);
  } else {
    old?.remove();
    insert(log, entry);
  }
  settle(entry);
  tidy(entry);
  if (end) toEnd(log);
  return entry;
}

function insert(log, entry) {
  if (one("[data-newer]", log)) return; // the newest part is not loaded: it will come with its page
  const entries = all(".inner > .e, .inner > .touched", log);
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

/** Fetch a part of the open thread anew: "header", "panel", "lock", or "touched" (what stands between the messages). */
export async function refresh(part) {
  const id = openId();
  if (part === "touched") document.dispatchEvent(new CustomEvent("touched"));
  const target = one(`[data-part="${part}"]`);
  if (!id || !target) return;
  const html = await (await load(`/conversations/${id}/${part}`)).text();
  if (openId() !== id || target.contains(document.activeElement) && part === "panel") return;
  const fresh = fragment(html)[0];
  if (!fresh) return;
  target.replaceWith(fresh);
  settle(fresh);
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
// A button that the server's answer replaced takes the focus with it: it goes on in the thread, not at the top of the page.
document.addEventListener("htmx:afterSettle", () => {
  if (openId() && document.activeElement === document.body) one("[data-log]")?.focus({ preventScroll: true });
});
window.addEventListener("focus", () => markRead());
