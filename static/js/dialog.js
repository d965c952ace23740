// data-open="#id" shows a dialog, data-close hides it; a click beside it and Escape do too.
import { attach, one } from "./dom.js";

export function show(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  one("[autofocus], input:not([type=hidden]):not([type=radio]), textarea, select", dialog)?.focus();
}

// A press on its own scrollbar is told as one on the dialog, too.
function isBeside(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

attach("[data-open]", (button) => button.addEventListener("click", () => show(one(button.dataset.open))));
attach("[data-close]", (button) => button.addEventListener("click", () => button.closest("dialog, .panel")?.close?.()));
attach("dialog", (dialog) => {
  dialog.addEventListener("mousedown", (event) => event.target === dialog && isBeside(dialog, event) && dialog.close());
  dialog.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.requestConfig.verb !== "get") dialog.close();
  });
});
attach("[data-confirm]", (form) => {
  const stop = (event) => window.confirm(form.dataset.confirm) || (event.preventDefault(), event.stopImmediatePropagation());
  form.addEventListener(form.tagName === "FORM" ? "submit" : "click", stop, true);
});
// Where the customer's panel is a drawer, it takes the focus; Escape or a click beside it put it away.
const house = () => one(".inbox");
const isDrawer = () => one(".inbox .panel-close")?.getClientRects().length > 0;
export function drawer(open) {
  if (!isDrawer() || house().hasAttribute("data-drawer") === open) return;
  house().toggleAttribute("data-drawer", open);
  if (open) one(".panel-close", house())?.focus();
  else one("[data-log]")?.focus({ preventScroll: true });
}
attach("[data-panel-toggle]", (button) => button.addEventListener("click", () => drawer(!house().hasAttribute("data-drawer"))));
attach(".thread[data-conversation]", () => house()?.removeAttribute("data-drawer"));
document.addEventListener("mousedown", (event) => event.target.closest(".panel, .menu, dialog") || drawer(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !event.target.closest?.("input, textarea, dialog")) drawer(false);
});
