// The supervisors' desk: drawn anew by what happens anywhere, it takes nobody's begun words nor the focus along.
import { fragment, later, one, settle } from "./dom.js";
import { load } from "./http.js";
import { current } from "./list.js";
import { patch } from "./patch.js";

const open = (desk) => one("dialog[open]", desk);

/** Fetch it soon, but not under somebody's hands: then when their dialog has closed. */
export const soonDesk = later(500, async () => {
  const desk = one("[data-desk]");
  if (!desk || open(desk)) return;
  const html = await (await load("/escalations/desk")).text();
  if (desk.isConnected && !open(desk)) lay(desk, html);
}, 2000);

function lay(desk, html) {
  const [fresh] = fragment(html);
  const item = document.activeElement.closest("#desk li");
  const was = document.activeElement.closest("#desk a.row") ? "a.row" : "button";
  patch(desk, fresh);
  settle(desk);
  current();
  if (item && document.activeElement === document.body) (one(was, item.isConnected ? item : desk) ?? one("a.row", desk))?.focus();
}

document.addEventListener("close", ({ target }) => target.matches("#desk dialog") && soonDesk(), true);
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "desk" || !detail.shouldSwap) return;
  detail.shouldSwap = false;
  detail.elt.closest("dialog")?.close();
  lay(detail.target, detail.serverResponse);
});
