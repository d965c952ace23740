// data-copy="#field" puts the field's value on the clipboard.
import { attach, one } from "./dom.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

attach("[data-copy]", (button) =>
  button.addEventListener("click", async () => {
    const field = one(button.dataset.copy);
    const text = field.value ?? field.textContent;
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copied = copyByHand(text, button.closest("dialog") ?? document.body); // no permission, or no secure context
    }
    toast(say(copied ? "copied" : "refused"), { bad: !copied });
  }),
);

/** The old way: only what is shown and selected is copied. Whether it was. */
function copyByHand(text, place) {
  const focused = document.activeElement;
  const shown = Object.assign(document.createElement("textarea"), { className: "sr", value: text, readOnly: true });
  place.append(shown);
  shown.select();
  const copied = document.execCommand("copy");
  shown.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}
