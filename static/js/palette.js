// ⌘K: everything that can be done here, found by typing.
import { all, attach, one, visible } from "./dom.js";
import { converting, watch } from "./ime.js";

const fold = (text) => text.normalize("NFKC").toLowerCase();
const nameOf = (element) => (element.dataset.command || element.getAttribute("aria-label") || element.title.replace(/ \(.\)$/, "") || element.textContent).replace(/\s+/g, " ").trim();

// What one does to the open conversation first, then where one can go.
const rank = (item) => (item.key.length === 1 ? 0 : item.key ? 2 : 1);

attach("[data-palette]", (dialog) => {
  const input = one("input", dialog);
  const list = one("ul", dialog);
  let found = [];
  let at = 0;
  watch(input);

  const gather = () => all("[data-key], [data-place], [data-command], [data-view-link]")
    .filter((element) => !element.closest("dialog") && (visible(element) || element.dataset.command))
    .map((element) => ({ element, name: nameOf(element), key: element.dataset.key ?? "" }))
    .sort((a, b) => rank(a) - rank(b))
    .filter((item, index, items) => item.name && items.findIndex((other) => other.name === item.name) === index);
  let everything = [];

  const draw = () => {
    const wanted = fold(input.value);
    found = everything.filter((item) => fold(item.name).includes(wanted)).slice(0, 30);
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map((item, index) => {
      const li = document.createElement("li");
      li.className = "pop-item";
      li.id = `palette-${index}`;
      li.setAttribute("role", "option");
      li.setAttribute("aria-selected", String(index === at));
      li.append(Object.assign(document.createElement("span"), { textContent: item.name }));
      if (item.key) li.append(Object.assign(document.createElement("kbd"), { textContent: item.key }));
      return li;
    }));
    input.setAttribute("aria-activedescendant", found.length ? `palette-${at}` : "");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const run = (item) => {
    dialog.close();
    // What it stood for may have been drawn anew since.
    const { element } = item.element.isConnected ? item : gather().find((other) => other.name === item.name) ?? item;
    if (element.matches("input, textarea")) element.focus();
    else element.click();
  };
  new MutationObserver(() => {
    if (!dialog.open) return;
    everything = gather();
    input.value = "";
    at = 0;
    draw();
  }).observe(dialog, { attributes: true, attributeFilter: ["open"] });
  input.addEventListener("input", () => ((at = 0), draw()));
  input.addEventListener("keydown", (event) => {
    if (converting(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + found.length) % Math.max(1, found.length);
    else if (event.key === "Enter" && found[at]) run(found[at]);
    else return;
    event.preventDefault();
    if (step) draw();
  });
  list.addEventListener("click", (event) => {
    const index = [...list.children].indexOf(event.target.closest("li"));
    if (index >= 0) run(found[index]);
  });
});
