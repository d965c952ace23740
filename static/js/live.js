// The live feed: each frame takes its place on the page; a gap, or a new connection, is filled by asking for what was missed.
import { ring, rang } from "./calls.js";
import { later, one } from "./dom.js";
import { load } from "./http.js";
import { placeRow, refreshList } from "./list.js";
import { notify } from "./notify.js";
import { retryAll, stored } from "./outbox.js";
import { showPresence, showTyping } from "./presence.js";
import { onFrame, state, tell } from "./socket.js";
import { soonDesk } from "./supervising.js";
import { call, stale } from "./tasks.js";
import { happened, markRead, openId, place, refresh, thread, TO_SEE } from "./thread.js";

const soonList = later(400, () => refreshList().catch(() => {}), 1600);
const soonCounts = later(1200, counts, 4800);
const soonRead = later(300, markRead);
const soonReaches = later(TO_SEE, () => refresh("reaches").catch(() => {})); // whoever writes is answered, once seen
const known = () => Number(thread()?.dataset.lastEvent ?? 0);

onFrame((frame) => {
  if (frame.t === "event") arrive(frame);
  else if (frame.t === "tick") check(frame.heads ?? {});
  else if (frame.t === "lock" && frame.conversation === openId()) refresh("lock").catch(() => {});
  else if (frame.t === "typing") showTyping(frame);
  else if (frame.t === "presence") showPresence(frame);
  else if (frame.t === "read") seenElsewhere(frame);
  else if (frame.t === "gone") gone(frame.conversation);
  else if (frame.t === "notice") called(frame);
});

function arrive(frame) {
  if (frame.row) placeRow(frame.conversation, frame.row.html, frame.row.views, frame.row.unread);
  if (frame.instead) gone(frame.instead, `/inbox/${frame.conversation}`);
  if (frame.conversation === openId()) follow(frame);
  if (frame.ring) ring(frame.ring);
  if (frame.rang) rang(frame.rang);
  if (/^task\./.test(frame.kind ?? "")) stale();
  if (frame.notify && frame.kind === "task.due") called(frame);
  else if (frame.notify) notify(frame.notify, `c${frame.conversation}`);
  if (one("[data-desk]") && /^(escalat|resolved|message\.received)/.test(frame.kind ?? "")) soonDesk();
  soonCounts();
}

/** Work of the viewer's has fallen due, in a thread that they may not even see. */
function called(frame) {
  notify(frame.notify, "tasks");
  call(frame.notify);
  stale();
  soonCounts();
}

function follow(frame) {
  if (frame.id <= known()) {
    if (frame.message) stand(frame.message);
    return;
  }
  // Not full: the server did not know yet that this conversation is open here. Anew: what stands in it is another by now.
  if (frame.prev > known() || !frame.full || frame.anew) return recover();
  apply(frame);
}

function apply(frame) {
  if (frame.message) stand(frame.message);
  happened(frame.id);
  for (const part of frame.parts ?? []) refresh(part).catch(() => {});
  if (frame.inbound || one("[data-left]")) soonReaches();
  if (frame.message && frame.inbound) soonRead(), document.dispatchEvent(new CustomEvent("customer:wrote"));
}

const stand = ({ html }) => stored(place(html)?.id);

let recovering = null;
/** Ask for what was missed in the open conversation; the answer is made of the same frames. */
export function recover() {
  const id = openId();
  if (!id) return null;
  recovering ??= load(`/conversations/${id}/changes?after=${known()}`)
    .then((response) => response.json())
    .then((missed) => {
      if (openId() !== id) return;
      if (missed.reload) return leave(), location.reload();
      for (const { parts, ...frame } of missed.frames) apply(frame);
      for (const part of new Set(missed.frames.flatMap((frame) => frame.parts ?? []))) refresh(part).catch(() => {});
    })
    .catch(() => {})
    .finally(() => (recovering = null));
  return recovering;
}

function check(heads) {
  const head = heads[openId()];
  if (head && head > known()) recover();
}

/** It was given to others and is not ours to see any more; or it is shown in another thread now. */
function gone(id, to = "/inbox") {
  document.getElementById(`row-${id}`)?.remove();
  if (id === openId()) leave(), location.assign(to);
}

/** What is being written is kept at once, before the page goes. */
function leave() {
  document.activeElement?.blur();
}

function seenElsewhere(frame) {
  const badge = one(`#row-${frame.conversation} [data-unread]`);
  if (!badge) return;
  badge.hidden = true;
  badge.closest(".row").classList.remove("unread");
}

async function counts() {
  try {
    const numbers = await (await load("/inbox/counts")).json();
    for (const [view, n] of Object.entries(numbers)) {
      for (const place of document.querySelectorAll(`[data-badge="${view}"], [data-count="${view}"]`)) {
        place.textContent = n > 99 ? "99+" : n;
        if (place.matches(".badge")) place.hidden = !n;
      }
    }
  } catch {
    // The next event asks again.
  }
}

export const look = () => tell({ t: "looking", conversation: openId() || null });

let before = false;
document.addEventListener("live:open", () => {
  banner("");
  look();
  if (before) catchUp();
  else recover(), soonCounts(), soonList(); // what came between the page and its first connection
  before = true;
});
document.addEventListener("live:closed", (event) => {
  const down = setTimeout(() => state.open || banner("down"), event.detail === 1012 ? 2500 : 1200);
  document.addEventListener("live:open", () => clearTimeout(down), { once: true });
});
document.addEventListener("htmx:afterSettle", (event) => event.detail.target.id === "pane" && look());
window.addEventListener("online", () => catchUp());

function catchUp() {
  recover();
  soonList();
  soonCounts();
  retryAll();
}
// Without a socket it still works: ask now and then.
setInterval(() => !state.open && one("[data-live]") && !document.hidden && (recover(), soonList()), 12000);
document.addEventListener("htmx:afterRequest", (event) => {
  if (!state.open && event.detail.successful && event.detail.requestConfig.verb !== "get") recover();
});

function banner(kind) {
  const element = one("[data-offline]");
  if (!element) return;
  element.hidden = !kind;
  const text = one("[data-offline-text]", element);
  text.textContent = kind ? text.dataset[kind] : "";
}
