// What the customer did, between the messages: drawn anew when something is told, and shown or hidden by a switch.
import { all, attach, fragment, one, settle } from "./dom.js";
import { load } from "./http.js";
import { tidy } from "./marks.js";
import { atEnd, toEnd } from "./scroll.js";

const KEY = "madoguchi-touched";
const shown = () => localStorage.getItem(KEY) !== "off";

/** Fetch the touchpoints of the part of the thread that is loaded, and put each group in its place. */
async function renew() {
  const log = one(".thread[data-conversation] [data-log]");
  if (!log) return;
  const id = log.closest("[data-conversation]").dataset.conversation;
  const entries = all(".inner > .e", log);
  const since = one("[data-older]", log) ? entries[0]?.dataset.order ?? "" : "";
  const until = one("[data-newer]", log) ? entries.at(-1)?.dataset.order ?? "" : "";
  const groups = fragment(await (await load(`/conversations/${id}/touched?${new URLSearchParams({ since, until })}`)).text());
  if (log.closest("[data-conversation]").dataset.conversation !== id) return;
  const end = atEnd(log);
  const open = new Set(all(".touched[open]", log).map((group) => group.id));
  all(".inner > .touched", log).forEach((group) => group.remove());
  if (groups.length) one(".inner > .empty", log)?.remove();
  for (const group of groups) {
    put(log, entries, group);
    group.open = open.has(group.id);
    settle(group);
  }
  entries.forEach(tidy);
  if (end) toEnd(log);
}

function put(log, entries, group) {
  const at = Date.parse(group.dataset.order.split("|")[0]);
  const before = entries.filter((entry) => Date.parse(entry.dataset.order.split("|")[0]) <= at).at(-1);
  if (before) {
    let place = before;
    while (place.nextElementSibling?.matches(".touched")) place = place.nextElementSibling;
    place.after(group);
  } else if (entries[0]) entries[0].before(group);
  else one(".inner", log).append(group);
}

document.addEventListener("touched", () => renew().catch(() => {}));
attach("[data-log]", (log) => (log.dataset.touched = shown() ? "on" : "off"));
attach("[data-touched-switch]", (box) => {
  box.checked = shown();
  box.addEventListener("change", () => {
    localStorage.setItem(KEY, box.checked ? "on" : "off");
    all("[data-log]").forEach((log) => (log.dataset.touched = box.checked ? "on" : "off"));
  });
});
