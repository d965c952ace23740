// One key, one thing. An element names its key in data-key; never while typing, never with Alt, never in a dialog.
import { all, isTyping, one, visible } from "./dom.js";
import { drawer, show } from "./dialog.js";
import { walk } from "./list.js";
import { menuIsOpen } from "./menu.js";
import { takeBackLast } from "./outbox.js";

let prefix = "";
let forget = 0;

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.altKey || event.defaultPrevented) return;
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") return event.preventDefault(), show(one("#palette"));
  if (event.key === "Escape" && isTyping(document.activeElement)) return leave();
  if (event.metaKey || event.ctrlKey || isTyping(event.target) || one("dialog[open]") || menuIsOpen()) return;
  const key = event.key;
  if (event.repeat && key !== "j" && key !== "k") return; // held down, it does what it does once
  if (!prefix && (key === "j" || key === "k")) return event.preventDefault(), walk(key === "j" ? 1 : -1);
  if (key === "?") return event.preventDefault(), show(one("#shortcuts"));
  if (key === "z") return event.preventDefault(), takeBackLast();
  if (key === "g" && !prefix) return begin("g ");
  press(event, prefix + key);
});

function begin(keys) {
  prefix = keys;
  clearTimeout(forget);
  forget = setTimeout(() => (prefix = ""), 1200);
}

function press(event, keys) {
  prefix = "";
  const row = document.activeElement?.closest("[data-rows] > li");
  const named = all(`[data-key="${CSS.escape(keys)}"]`);
  // A key of a row is for the row that has the focus, and for no other.
  const near = named.filter((one) => row?.contains(one) ?? false);
  const far = named.filter((one) => !one.closest("[data-rows] > li"));
  const target = near[0] ?? far.find(visible) ?? far[0];
  if (!target) return;
  event.preventDefault();
  if (target.closest(".panel")) drawer(true);
  if (target.matches("input, textarea")) target.focus(), target.select?.();
  else target.click();
}

/** Escape in a field gives the keys back; in the search it goes to the list, in the composer to the thread. */
function leave() {
  const field = document.activeElement;
  if (field.closest("dialog, .pop")) return;
  field.blur();
  if (field.closest("[data-compose], [data-call-note]")) one("[data-log]")?.focus();
}
