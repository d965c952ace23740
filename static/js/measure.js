// While something is written that is charged by its parts, or is getting too long for one message: what the server counts.
import { attach, fragment, later, one } from "./dom.js";
import { isClosed } from "./closing.js";
import { send } from "./http.js";

attach("[data-compose]", (form) => {
  const way = form.elements.channel_id;
  if (!way) return;
  const soon = later(250, () => count(form));
  one("textarea", form).addEventListener("input", soon);
  for (const name of ["compose:kind", "compose:cleared"]) form.addEventListener(name, soon);
  way.addEventListener("change", () => count(form));
  count(form);
});

const asked = new WeakMap(); // form → the question that waits for its answer

async function count(form) {
  const place = one("[data-measure]", form);
  asked.get(form)?.abort();
  if (!counts(form)) return place.replaceChildren();
  const question = new AbortController();
  asked.set(form, question);
  const data = new FormData();
  data.set("text", one("textarea", form).value);
  data.set("channel_id", form.elements.channel_id.value);
  try {
    const html = await (await send(`/conversations/${form.dataset.conversation}/measure`, { form: data, signal: question.signal })).text();
    place.replaceChildren(...fragment(html));
  } catch (failure) {
    if (failure.name !== "AbortError") place.replaceChildren(); // the next letter asks again
  }
}

/** No text is longer in any unit than in the bytes of UTF-8. */
function counts(form) {
  const { dataset } = form.elements.channel_id.selectedOptions[0];
  if (one(".box", form).dataset.kind === "note" || isClosed(form)) return false;
  const bytes = new TextEncoder().encode(one("textarea", form).value).length;
  return "measured" in dataset || bytes > Number(dataset.longest ?? Infinity);
}
