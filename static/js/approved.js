// Templates that the platform has approved: chosen from a list, filled in, seen as the customer will, sent.
import { all, attach, fragment, one, settle, visible } from "./dom.js";
import { focusComposer } from "./closing.js";
import { newId, problem, tellAway, wayOf } from "./compose.js";
import { load } from "./http.js";
import { converting, watch } from "./ime.js";
import { post } from "./outbox.js";
import { seen } from "./thread.js";
import { say } from "./words.js";

const place = (form) => one("[data-approved-place]", form);
const filling = (form) => one("[data-approved-one]", form);

attach("[data-compose]", (form) => {
  for (const button of all("[data-approved-open]", form)) button.addEventListener("click", () => list(form));
  form.elements.channel_id?.addEventListener("change", () => close(form));
  // Beside a note it is out of sight, and waits as it was filled in.
  form.addEventListener("compose:kind", () => visible(place(form)) && one("input, button", place(form))?.focus());
  place(form).addEventListener("click", (event) => press(form, event.target.closest("button")));
  place(form).addEventListener("keydown", (event) => onKey(form, event));
  place(form).addEventListener("input", () => preview(form));
});

function press(form, button) {
  if (!button) return;
  if (button.dataset.approvedName) pick(form, button.dataset.approvedName, button.dataset.approvedLanguage);
  else if (button.matches("[data-approved-back]")) list(form);
  else if (button.matches("[data-approved-close]")) close(form), focusComposer(form);
  else if (button.matches("[data-approved-send]")) send(form);
}

function onKey(form, event) {
  if (event.isComposing || event.keyCode === 229) return;
  const mod = event.metaKey || event.ctrlKey;
  if (event.key === "Escape") back(form);
  else if (event.key === "Enter" && mod && filling(form)) send(form);
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && one("[data-approved-list]", form)) walk(form, event.key === "ArrowDown" ? 1 : -1);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function back(form) {
  if (filling(form)) return list(form);
  close(form);
  focusComposer(form);
}

function walk(form, step) {
  const stops = [one("input", place(form)), ...all("[data-approved-name]", form).filter(visible)];
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
}

async function show(form, query, wanted = () => true) {
  const way = form.elements.channel_id.value;
  place(form).ariaBusy = "true";
  try {
    const asked = new URLSearchParams({ channel_id: way, purpose: form.elements.purpose.value, ...query });
    const html = await (await load(`/conversations/${form.dataset.conversation}/templates?${asked}`)).text();
    if (!form.isConnected || form.elements.channel_id.value !== way || !wanted()) return false;
    place(form).replaceChildren(...fragment(html));
    settle(place(form).firstElementChild);
    place(form).hidden = false;
    one(".box", form).toggleAttribute("data-approved", true);
    problem(form, "");
    return true;
  } catch (failure) {
    problem(form, failure.message);
    return false;
  } finally {
    place(form).ariaBusy = "false";
  }
}

async function list(form) {
  if (!(await show(form, {}, () => document.activeElement !== one("textarea", form)))) return; // they wrote on meanwhile
  const filter = one("input", place(form));
  watch(filter);
  filter.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // the composer's own form is not to be sent
    if (!converting(event)) all("[data-approved-name]", form).find(visible)?.click();
  });
  filter.focus();
}

async function pick(form, name, language, values = {}, sentence = "") {
  if (!(await show(form, { name, language }))) return;
  const fields = all("[data-variable]", form);
  for (const field of fields) {
    watch(field);
    field.value = values[field.dataset.variable] ?? field.value;
    field.addEventListener("keydown", (event) => onFieldKey(form, fields, event));
  }
  preview(form);
  wrong(form, sentence);
  (fields.find((field) => !field.value) ?? one("[data-approved-send]", form)).focus();
}

/** Enter goes on to the next field, and from the last to the button. */
function onFieldKey(form, fields, event) {
  if (event.key !== "Enter" || event.isComposing || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  if (converting(event)) return;
  (fields[fields.indexOf(event.currentTarget) + 1] ?? one("[data-approved-send]", form)).focus();
}

function preview(form) {
  if (!filling(form)) return;
  const values = told(form);
  for (const mark of all("[data-place]", form)) {
    mark.textContent = values[mark.dataset.place]?.trim() || `{{${mark.dataset.place}}}`;
    mark.toggleAttribute("data-empty", !values[mark.dataset.place]?.trim());
  }
  for (const field of all('[aria-invalid="true"]', form)) if (field.value.trim()) field.ariaInvalid = "false", wrong(form, "");
}

const told = (form) => Object.fromEntries(all("[data-variable]", form).map((field) => [field.dataset.variable, field.value]));

function wrong(form, sentence) {
  const line = one("[data-approved-problem]", form);
  line.hidden = !sentence;
  one("span", line).textContent = sentence;
}

function send(form) {
  const { name, language, missing } = filling(form).dataset;
  const empty = all("[data-variable]", form).find((field) => !field.value.trim());
  if (empty) return (empty.ariaInvalid = "true"), wrong(form, missing), empty.focus();
  const values = told(form);
  const conversation = Number(form.dataset.conversation);
  const client = newId();
  const data = new FormData();
  for (const [field, value] of Object.entries({ client_id: client, ...wayOf(form), seen: seen(), purpose: form.elements.purpose.value, template: name, language, version: 0 })) data.set(field, value);
  for (const [variable, value] of Object.entries(values)) data.set(`value.${variable}`, value);
  post({
    client, conversation, kind: "reply", form: data,
    text: one(".approved-read", form).textContent,
    url: `/conversations/${conversation}/replies`,
    undo: Number(form.dataset.undo),
    restore: (sentence) => restore(form, name, language, values, sentence),
    sent: () => form.dispatchEvent(new CustomEvent("compose:sent", { bubbles: true })),
  });
  close(form);
  focusComposer(form);
}

/** Taken back or refused: it stands there again as it was filled in. */
function restore(form, name, language, values, sentence) {
  const here = form.isConnected ? form : one(`[data-compose][data-conversation="${form.dataset.conversation}"]`);
  if (here) pick(here, name, language, values, sentence);
  else tellAway(form.dataset.conversation, sentence || say("notSent"));
}

function close(form) {
  if (place(form).hidden) return;
  place(form).replaceChildren();
  place(form).hidden = true;
  one(".box", form).toggleAttribute("data-approved", false);
}
