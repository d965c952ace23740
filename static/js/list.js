// The list: rows take their place, j and k walk it, a tab is remembered, the end of it loads more.
import { all, attach, fragment, one, settle } from "./dom.js";
import { load } from "./http.js";
import { openId } from "./thread.js";

const rows = () => one("[data-rows]");

// While the mouse is down on the list nothing in it moves: a click on what was exchanged meanwhile would be none.
let held = null;
document.addEventListener("pointerdown", (event) => { if (event.button === 0 && event.target.closest("[data-rows]")) held ??= []; });
for (const end of ["pointerup", "pointercancel", "dragend", "contextmenu", "visibilitychange"]) {
  document.addEventListener(end, () => setTimeout(() => { // when the click was told
    const waiting = held ?? [];
    held = null;
    for (const change of waiting) change();
  }));
}

let since = null; // what is told of rows while the list is fetched anew: the answer may not know of it

/** Put a row where its view and order want it, or take it away. `views`: the views it stands in. */
export function placeRow(id, html, views, unread) {
  if (held) return void held.push(() => placeRow(id, html, views, unread));
  since?.push(() => placeRow(id, html, views, unread));
  const list = rows();
  if (!list?.dataset.self) return; // the desk of the supervisors is no view
  const old = document.getElementById(`row-${id}`);
  const leaves = !views.includes(list.dataset.view);
  if (leaves && (!old || id !== openId())) return old?.remove();
  const [row] = fragment(html);
  const focused = old?.contains(document.activeElement);
  row.toggleAttribute("data-draft", Boolean(old?.hasAttribute("data-draft")));
  row.classList.toggle("leaving", leaves); // what is open keeps its place for as long
  show(row, unread);
  const after = leaves ? old : all(":scope > li", list).filter((li) => li !== old).find((li) => comesBefore(row, li, list.dataset.sort));
  if (!after && list.dataset.more && !old) return; // beyond what is loaded
  list.insertBefore(row, after ?? one(":scope > .more-rows", list));
  old?.remove();
  one(":scope > .empty", list)?.remove();
  settle(row);
  if (focused) one("a", row).focus();
  current();
}

function show(row, unread) {
  const badge = one("[data-unread]", row);
  const seen = Number(row.dataset.id) === openId() && document.hasFocus();
  badge.textContent = unread > 99 ? "99+" : unread;
  badge.hidden = !unread || seen;
  one(".row", row).classList.toggle("unread", unread > 0 && !seen);
}

function comesBefore(a, b, sort) {
  const [x, y] = [a.dataset[sort] ?? "", b.dataset[sort] ?? ""];
  if (x === y) return a.dataset.newest > (b.dataset.newest ?? "");
  if (sort === "waiting") return x !== "" && (y === "" || x < y);
  return sort === "priority" ? Number(x) > Number(y) : x > y;
}

/** Mark the row of the open conversation. */
export function current() {
  for (const row of all("[data-rows] .row")) {
    if (Number(row.parentElement.dataset.id) === openId()) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** Fetch the whole list anew, e.g. after a gap. */
export async function refreshList() {
  const list = rows();
  if (!list?.dataset.self) return;
  const told = (since = []);
  let html;
  try {
    html = await (await load(list.dataset.self)).text();
  } finally {
    if (since === told) since = null;
  }
  if (held) return void held.push(refreshList);
  const fresh = fragment(html)[0];
  const top = list.scrollTop;
  const focused = document.activeElement?.closest("[data-rows] > li")?.id;
  list.replaceWith(fresh);
  settle(fresh);
  fresh.scrollTop = top;
  if (focused) one("a", document.getElementById(focused) ?? fresh)?.focus({ preventScroll: true });
  current();
  for (const change of told) change();
}

export function walk(step) {
  const links = all("[data-rows] :is(.row, .row-link)");
  const focused = links.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : links.findIndex((link) => link.getAttribute("aria-current"));
  const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
  next?.focus();
  if (next && openId() && window.innerWidth > 760) next.click();
}

attach("[data-rows]", () => current());
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "pane") current();
});
