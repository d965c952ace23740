// Small page behaviours: a form that sends itself, a button that puts words into the composer, folding long messages.
import { all, attach, later, one } from "./dom.js";

attach("[data-autosubmit]", (form) => form.addEventListener("change", () => form.requestSubmit()));

attach("[data-insert]", (button) =>
  button.addEventListener("click", () => {
    const form = button.closest("[data-compose]") ?? one("[data-compose]");
    if (form && button.dataset.drafted) form.dataset.drafted = button.dataset.drafted; // what is sent says so
    form?.dispatchEvent(new CustomEvent("compose:insert", { detail: button.dataset.insert }));
    (button.closest("[data-hint-row]") ?? button).remove();
  }),
);

attach("[data-set]", (button) =>
  button.addEventListener("click", () => {
    const field = one(button.dataset.set);
    field.value = button.dataset.value ?? button.textContent.trim();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.form?.requestSubmit();
  }),
);

attach("[data-fold]", (bubble) => {
  if (bubble.scrollHeight < 420) return;
  bubble.classList.add("folded");
  const more = Object.assign(document.createElement("button"), { type: "button", className: "linkish s", textContent: bubble.dataset.fold });
  more.addEventListener("click", () => (bubble.classList.remove("folded"), more.remove()));
  bubble.after(more);
});

attach("[data-filter]", (field) => {
  const rows = () => all(`${field.dataset.filter} > *`);
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const narrow = () => {
    const wanted = fold(field.value);
    for (const row of rows()) row.hidden = !fold(row.textContent).includes(wanted);
  };
  field.addEventListener("input", later(80, narrow));
  field.addEventListener("keydown", (event) => event.key === "Enter" && narrow()); // what it chooses is among these
});
