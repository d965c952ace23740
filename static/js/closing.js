// The way to the customer: how it reaches them, whether it takes an answer now, and what still works where it does not.
import { now } from "./clock.js";
import { all, attach, one, visible } from "./dom.js";

attach("[data-compose]", (form) => {
  const way = form.elements.channel_id;
  way?.addEventListener("change", () => fit(form));
  form.elements.purpose?.addEventListener("change", () => fit(form));
  for (const button of all("[data-take-way]", form)) {
    button.addEventListener("click", () => {
      way.value = button.dataset.takeWay;
      way.dispatchEvent(new Event("change", { bubbles: true }));
      focusComposer(form);
    });
  }
  fit(form);
});
// Drawn anew, because the customer wrote.
attach('[data-part="reaches"]', (line) => fit(line.closest("[data-compose]")));
setInterval(() => all("[data-compose]").forEach(fit), 2000);

/** Whether nothing goes by the chosen way, or the way `id`: the platform takes it no more, or the customer wants none. */
export function isClosed(form, id = form.elements.channel_id?.value) {
  return isUnwanted(form, id) || isOver(form, id);
}

/** Whether the customer wants no messages for the chosen purpose there. */
function isUnwanted(form, id) {
  const withheld = one(`[data-reach="${id}"]`, form)?.dataset.withheld ?? "";
  return withheld.split(" ").includes(form.elements.purpose?.value ?? "service");
}

function isOver(form, id) {
  const { closes, left } = one(`[data-reach="${id}"]`, form)?.dataset ?? {};
  return left === "0" || (Boolean(closes) && Date.parse(closes) <= now());
}

export function fit(form) {
  const way = form.elements.channel_id;
  if (!way) return;
  const closed = isClosed(form);
  const unwanted = isUnwanted(form, way.value);
  for (const words of all("[data-reach]", form)) words.hidden = words.dataset.reach !== way.value;
  for (const notice of all("[data-closed-way]", form)) notice.hidden = !closed || unwanted || notice.dataset.closedWay !== way.value;
  for (const notice of all("[data-unwanted-way]", form)) notice.hidden = !unwanted || notice.dataset.unwantedWay !== way.value;
  for (const button of all("[data-take-way]", form)) button.hidden = isClosed(form, button.dataset.takeWay);
  one("[data-approved-any]", form).hidden = !way.selectedOptions[0]?.hasAttribute("data-templates");
  one(".box", form).toggleAttribute("data-closed", closed);
}

/** Where writing goes on: in the field, or with what still works. */
export function focusComposer(form) {
  const places = [one("textarea", form), ...all("[data-closed-way] button, [data-unwanted-way] button", form)];
  places.find(visible)?.focus();
}
