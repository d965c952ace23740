// Bold, italic, lists and links by button or key, where the chosen way can carry them; and how it will look.
import { all, attach, fragment, one } from "./dom.js";
import { problem } from "./compose.js";
import { send } from "./http.js";
import { converting } from "./ime.js";
import { addressed, envelope } from "./letter.js";

const KEYS = { b: "bold", i: "italic", k: "link" };

attach("[data-compose]", (form) => {
  const field = one("textarea", form);
  const way = form.elements.channel_id;
  const bar = one("[data-formats-bar]", form);
  const can = () => one(".box", form).dataset.kind === "reply" && way?.selectedOptions[0]?.hasAttribute("data-formats");
  const fit = () => (bar.hidden = !can());
  way?.addEventListener("change", () => (fit(), look(form, false)));
  form.addEventListener("compose:kind", () => (fit(), look(form, false)));
  form.addEventListener("compose:cleared", () => look(form, false));
  fit();
  for (const button of all("[data-format]", bar)) button.addEventListener("click", () => (look(form, false), mark(field, button.dataset.format)));
  one("[data-preview-toggle]", form)?.addEventListener("click", (event) => look(form, event.currentTarget.getAttribute("aria-pressed") !== "true"));
  field.addEventListener("keydown", (event) => {
    const format = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && KEYS[event.key.toLowerCase()];
    if (!format || converting(event) || !can()) return;
    event.preventDefault();
    mark(field, format);
  });
});

function mark(field, format) {
  field.focus();
  if (format === "list") return lines(field);
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  if (format === "link") return link(field, chosen);
  const sign = format === "bold" ? "**" : "*";
  const before = field.value.slice(0, field.selectionStart);
  if (chosen && before.endsWith(sign) && field.value.slice(field.selectionEnd).startsWith(sign)) {
    const start = field.selectionStart - sign.length;
    insert(field, start, field.selectionEnd + sign.length, chosen);
    return field.setSelectionRange(start, start + chosen.length);
  }
  const start = field.selectionStart + sign.length;
  insert(field, field.selectionStart, field.selectionEnd, sign + chosen + sign);
  field.setSelectionRange(start, start + chosen.length);
}

function link(field, chosen) {
  const address = /^https?:\/\/\S+$/.test(chosen);
  const start = field.selectionStart;
  insert(field, start, field.selectionEnd, address ? `[](${chosen})` : `[${chosen}](https://)`);
  if (address || !chosen) field.setSelectionRange(start + 1, start + 1);
  else field.setSelectionRange(start + chosen.length + 3, start + chosen.length + 11);
}

function lines(field) {
  const start = field.value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const next = field.value.indexOf("\n", field.selectionEnd);
  const end = next < 0 ? field.value.length : next;
  const old = field.value.slice(start, end).split("\n");
  const off = old.every((line) => line.startsWith("- "));
  const fresh = old.map((line) => (off ? line.slice(2) : `- ${line}`)).join("\n");
  insert(field, start, end, fresh);
  field.setSelectionRange(start + fresh.length, start + fresh.length);
}

/** As typing would, so that the browser's own undo takes it back. */
function insert(field, start, end, words) {
  field.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, words)) {
    field.setRangeText(words, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

async function look(form, on) {
  const place = one("[data-preview]", form);
  const field = one("textarea", form);
  if (!on && place.hidden) return;
  const show = (shown) => {
    place.hidden = !shown;
    field.hidden = shown;
    one("[data-preview-toggle]", form).setAttribute("aria-pressed", String(shown));
  };
  if (!on) return show(false), field.focus();
  const data = new FormData();
  data.set("text", field.value);
  data.set("channel_id", form.elements.channel_id.value);
  for (const upload of all("[data-uploaded]", form)) data.append("attachments", upload.dataset.uploaded);
  const head = envelope(form);
  const wrong = head ? addressed(head, data) : "";
  if (wrong) return problem(form, wrong);
  try {
    const html = await (await send(`/conversations/${form.dataset.conversation}/preview`, { form: data })).text();
    const same = field.value === data.get("text") && form.elements.channel_id.value === data.get("channel_id") && one(".box", form).dataset.kind === "reply";
    if (!form.isConnected || !same || document.activeElement === field) return; // they wrote on meanwhile
    place.replaceChildren(...fragment(html));
    show(true);
    place.firstElementChild?.focus();
    place.firstElementChild?.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), look(form, false)));
  } catch (failure) {
    problem(form, failure.message);
  }
}
