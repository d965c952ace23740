// While something is written that is charged by its parts, or will be changed on its way: what the server says of it.
import { all, attach, fragment, later, one } from "./dom.js";
import { isClosed } from "./closing.js";
import { send } from "./http.js";

attach("[data-compose]", (form) => {
  const way = form.elements.channel_id;
  if (!way) return;
  const soon = later(250, () => count(form));
  one("textarea", form).addEventListener("input", soon);
  for (const name of ["compose:kind", "compose:cleared"]) form.addEventListener(name, soon);
  way.addEventListener("change", () => count(form));
  new MutationObserver(soon).observe(one("[data-uploads]", form), { childList: true, subtree: true, attributeFilter: ["data-uploaded"] });
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
  for (const upload of all("[data-uploaded]", form)) data.append("attachments", upload.dataset.uploaded);
  try {
    const html = await (await send(`/conversations/${form.dataset.conversation}/measure`, { form: data, signal: question.signal })).text();
    place.replaceChildren(...fragment(html));
  } catch (failure) {
    if (failure.name !== "AbortError") place.replaceChildren(); // the next letter asks again
  }
}

/** Whether it may be changed. No text is longer in any unit than in the bytes of UTF-8; files may go as links, and marks
    be dropped. */
function counts(form) {
  const { dataset } = form.elements.channel_id.selectedOptions[0];
  if (one(".box", form).dataset.kind === "note" || isClosed(form)) return false;
  const text = one("textarea", form).value;
  const bytes = new TextEncoder().encode(text).length;
  const marked = !("formats" in dataset) && /\*|\]\(/.test(text);
  return "measured" in dataset || bytes > Number(dataset.longest ?? Infinity) || marked || Boolean(one("[data-uploaded]", form));
}
