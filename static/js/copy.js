// data-copy="#field" puts the field's value on the clipboard.
import { attach, one } from "./dom.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

attach("[data-copy]", (button) =>
  button.addEventListener("click", async () => {
    const field = one(button.dataset.copy);
    const text = field.value ?? field.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      field.select?.(); // no permission, or no secure context: the old way
      document.execCommand("copy");
    }
    toast(say("copied"));
  }),
);
