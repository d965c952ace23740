// A button that discloses a list: arrows walk it, Escape closes it, a filter narrows it.
import { attach, all, one, visible } from "./dom.js";
import { converting, watch } from "./ime.js";

let open = null;

function close(focus = false) {
  if (!open) return;
  const { button, pop } = open;
  open = null;
  pop.hidden = true;
  button.setAttribute("aria-expanded", "false");
  if (focus) (visible(button) ? button : one("[data-log]"))?.focus();
}

attach("[data-menu]", (menu) => {
  const button = one(":scope > button", menu);
  const pop = one(":scope > .pop", menu);
  const items = () => all(".item", pop).filter(visible);
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    const mine = open?.pop === pop;
    close();
    if (mine) return;
    open = { button, pop };
    pop.hidden = false;
    button.setAttribute("aria-expanded", "true");
    pop.dispatchEvent(new CustomEvent("menu:open"));
    (one(".search input", pop) ?? items()[0])?.focus();
  });
  watch(pop);
  pop.addEventListener("keydown", (event) => {
    const list = items();
    const at = list.indexOf(document.activeElement);
    if (converting(event)) return;
    if (event.target.closest("form") && !event.target.closest(".item")) return; // a form's keys are its own
    if (event.key === "ArrowDown") list[(at + 1) % list.length]?.focus();
    else if (event.key === "ArrowUp") list[(at - 1 + list.length) % list.length]?.focus();
    else if (event.key === "Enter" && at < 0) list[0]?.click();
    else return;
    event.preventDefault();
  });
  pop.addEventListener("input", (event) => {
    if (!event.target.closest(".search")) return;
    const wanted = event.target.value.normalize("NFKC").toLowerCase();
    for (const item of all(".item", pop)) item.hidden = !item.textContent.normalize("NFKC").toLowerCase().includes(wanted);
  });
  pop.addEventListener("click", (event) => {
    const item = event.target.closest(".item");
    if (item && !item.hasAttribute("data-stay")) close(pop.contains(document.activeElement));
  });
});

document.addEventListener("click", (event) => open && !open.pop.contains(event.target) && close());
document.addEventListener("keydown", (event) => event.key === "Escape" && open && !converting(event) && (event.stopPropagation(), close(true)), true);
// The bot's "why" is a <details>: it closes like a menu does.
const closeWhy = (except) => all("details.why[open]").forEach((why) => why.contains(except) || why.removeAttribute("open"));
document.addEventListener("click", (event) => closeWhy(event.target));
document.addEventListener("keydown", (event) => event.key === "Escape" && closeWhy(null));

// An item that opens another menu, where the screen has no room for that menu's own button.
attach("[data-press]", (item) => item.addEventListener("click", () => setTimeout(() => one(item.dataset.press)?.click())));

export const menuIsOpen = () => Boolean(open?.pop.isConnected);
