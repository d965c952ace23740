// Alt+1 to 3 puts a suggested answer into the composer. By the place of the key, so that a layout that writes other signs
// with Alt writes none; never while a conversion is going on.
import { attach, later, one } from "./dom.js";
import { converting } from "./ime.js";

attach("[data-compose]", (form) =>
  form.addEventListener("keydown", (event) => {
    const number = /^(?:Digit|Numpad)([1-3])$/.exec(event.code)?.[1];
    if (!number || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || converting(event)) return;
    const hint = one(`[data-hint="${number}"]`, form);
    if (!hint || form.querySelector(".box").dataset.kind !== "reply") return;
    event.preventDefault();
    hint.click();
  }),
);

// Asked for once the thread is there, and again when the customer writes: what is drawn anew, or older, asks nothing.
const ask = later(120, () => {
  const place = one("[data-hints]");
  if (place) window.htmx.trigger(place, "refresh");
});
attach("[data-hints]", ask);
document.addEventListener("customer:wrote", ask);

// data-empties="#id": a button that puts something away again.
attach("[data-empties]", (button) => button.addEventListener("click", () => one(button.dataset.empties)?.replaceChildren()));
