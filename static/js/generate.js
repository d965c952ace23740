// data-generate="#field" fills a secret field with 256 random bits and shows them, so that they can be copied
// before they are saved and never shown again.
import { attach, one } from "./dom.js";

attach("[data-generate]", (button) =>
  button.addEventListener("click", () => {
    const field = one(button.dataset.generate);
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    field.type = "text";
    field.value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    one(`[data-copy="${button.dataset.generate}"]`).hidden = false;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.select();
  }),
);
