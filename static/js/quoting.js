// An answer that quotes one message of the customer: chosen at the message, shown above the field, gone with another way.
import { all, attach, one } from "./dom.js";
import { focusComposer } from "./closing.js";

attach("[data-quote]", (button) => {
  button.addEventListener("click", () => {
    const form = one("[data-compose]");
    if (!form) return;
    const { quote: id, quoteWay: way, quoteWords: words } = button.dataset;
    choose(form, way);
    one('[data-kind-set="reply"]', form)?.click();
    quote(form, { id, way, words });
    focusComposer(form);
  });
});

attach("[data-quoting]", (line) => {
  const form = line.closest("[data-compose]");
  one("[data-unquote]", line).addEventListener("click", () => (quote(form, null), focusComposer(form)));
  form.addEventListener("compose:cleared", () => quote(form, null));
  quote(form, line.dataset.id ? { ...line.dataset } : null); // what the draft quotes
  form.addEventListener("change", () => (line.hidden = !quoted(form)));
});

/** `what` is {id, way, words}, null for nothing. */
export function quote(form, what) {
  const line = one("[data-quoting]", form);
  if (!line) return;
  for (const name of ["id", "way", "words"]) what ? (line.dataset[name] = what[name]) : delete line.dataset[name];
  one("span", line).textContent = what?.words ?? "";
  line.hidden = !quoted(form);
  form.dispatchEvent(new Event("letter:changed"));
}

/** What is quoted by the way that is chosen now, else null. */
export function quoted(form) {
  const line = one("[data-quoting]", form);
  const { id, way, words } = line?.dataset ?? {};
  return id && form.elements.channel_id?.value === way ? { id, way, words } : null;
}

function choose(form, way) {
  const ways = form.elements.channel_id;
  if (!ways || ways.value === way || !all("option", ways).some((option) => option.value === way)) return;
  ways.value = way;
  ways.dispatchEvent(new Event("change", { bubbles: true }));
}
