// data-put="{customer}" data-into="#body" puts the words where the cursor stands in that field.
import { attach, one } from "./dom.js";

attach("[data-put]", (button) =>
  button.addEventListener("click", () => {
    const field = one(button.dataset.into);
    field.focus();
    field.setRangeText(button.dataset.put, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }),
);
