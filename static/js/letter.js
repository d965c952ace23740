// The head of a mail: copies as tokens, reply to all, the subject; and what is asked before it is sent.
import { all, attach, fragment, one } from "./dom.js";
import { send } from "./http.js";
import { converting, watch } from "./ime.js";

const ADDRESS = /^[^\s@<>,;:"()[\]]+@[^\s@<>,;:"()[\]]+\.[^\s@<>,;:"()[\]]+$/;
const BETWEEN = /[,;、，；\n\t]+/;
const fill = (words, values) => words.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
const way = (form) => form.elements.channel_id;

/** The head that belongs to the chosen way, or nothing where that way has none. */
export const envelope = (form) => one(`[data-envelope="${way(form)?.value}"]`, form);

attach("[data-compose]", (form) => {
  const choose = () => {
    for (const head of all("[data-envelope]", form)) head.hidden = head !== envelope(form);
  };
  way(form)?.addEventListener("change", choose);
  choose();
  for (const head of all("[data-envelope]", form)) begin(form, head);
  form.addEventListener("compose:cleared", () => {
    for (const head of all("[data-envelope]", form)) put(head, {});
    ask(form, "");
  });
  for (const what of ["letter:changed", "input"]) form.addEventListener(what, () => ask(form, "")); // what was asked was about another letter
});

function begin(form, head) {
  head.addEventListener("letter:changed", () => allOrNot(head));
  for (const field of all("[data-recipient]", head)) recipients(form, head, field);
  one("[data-subject]", head).addEventListener("input", () => changed(head));
  for (const button of all("[data-row-show]", head)) {
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      show(head, button.dataset.rowShow, !open);
      if (!open) field(head, button.dataset.rowShow).focus();
    });
  }
  one("[data-reply-all]", head)?.addEventListener("click", (event) => {
    const chosen = event.currentTarget.getAttribute("aria-pressed") === "true";
    for (const words of everybody(event.currentTarget)) chosen ? without(head, words) : add(head, "cc", words);
    show(head, "cc", !chosen);
    changed(head);
    one("textarea", form).focus();
  });
  put(head, JSON.parse(head.dataset.begun ?? "{}"));
}

const field = (head, role) => one(`[data-recipient="${role}"]`, head);
const list = (head, role) => one("[data-tokens]", field(head, role).parentElement);

function show(head, role, open) {
  const some = list(head, role).children.length > 0; // what is filled in is never hidden
  one(`[data-row="${role}"]`, head).hidden = !open && !some;
  one(`[data-row-show="${role}"]`, head).setAttribute("aria-expanded", String(open || some));
}

function recipients(form, head, input) {
  const role = input.dataset.recipient;
  watch(input);
  const commit = () => {
    if (!input.value.trim()) return;
    take(head, role, input.value);
    changed(head);
  };
  input.addEventListener("keydown", (event) => {
    if (converting(event)) return;
    const typed = input.value.trim();
    if (["Enter", ",", ";"].includes(event.key) && !event.ctrlKey && !event.metaKey) event.preventDefault(), commit();
    else if (event.key === "Tab" && typed) commit();
    else if (event.key === " " && ADDRESS.test(typed)) event.preventDefault(), commit();
    else if (event.key === "Backspace" && !input.value) takeBack(form, head, role, event);
  });
  input.addEventListener("paste", (event) => {
    const pasted = event.clipboardData.getData("text");
    if (!BETWEEN.test(pasted) && !/[^\s]+@[^\s]+\s/.test(pasted)) return;
    event.preventDefault();
    take(head, role, pasted);
    changed(head);
  });
  input.addEventListener("blur", commit);
  list(head, role).addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    button.closest("li").remove();
    changed(head);
    input.focus();
  });
}

function takeBack(form, head, role, event) {
  const last = list(head, role).lastElementChild;
  if (!last) return;
  event.preventDefault();
  field(head, role).value = last.dataset.words;
  last.remove();
  changed(head);
}

/** Every address in a line of any shape: "山田 太郎 <a@b.jp>, c@d.jp; e@f.jp". What is none stays in the field. */
function take(head, role, words) {
  const left = [];
  for (const part of words.split(BETWEEN).flatMap(parted)) if (part && !add(head, role, part)) left.push(part);
  field(head, role).value = left.join(", ");
  field(head, role).setAttribute("aria-invalid", String(left.length > 0));
}

const parted = (part) => (!part.includes("<") && /@\S+\s+\S+@/.test(part) ? part.trim().split(/\s+/) : [part.trim()]);

function add(head, role, words) {
  const named = words.match(/^(.*?)\s*<([^<>]+)>$/);
  const address = (named ? named[2] : words).normalize("NFKC").trim();
  if (!ADDRESS.test(address)) return false;
  const name = named ? named[1].replaceAll('"', "").trim() : "";
  if (tokenOf(head, address)) return true;
  const token = document.createElement("li");
  token.className = "chip token";
  Object.assign(token.dataset, { address: address.toLowerCase(), words: name ? `${name} <${address}>` : address });
  token.title = token.dataset.words;
  const off = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  off.setAttribute("aria-label", fill(field(head, role).dataset.remove, { name: name || address }));
  token.append(Object.assign(document.createElement("span"), { className: "cut", textContent: name || address }), off);
  list(head, role).append(token);
  return true;
}

const changed = (head) => head.dispatchEvent(new CustomEvent("letter:changed", { bubbles: true }));

const everybody = (button) => button.dataset.people.split("\n");
const addressOf = (words) => (words.match(/<([^<>]+)>$/)?.[1] ?? words).normalize("NFKC").trim().toLowerCase();
const tokenOf = (head, words) => all("[data-address]", head).find((token) => token.dataset.address === addressOf(words));
const without = (head, words) => tokenOf(head, words)?.remove();

/** "Reply to all" is chosen where everybody whom it adds is there. */
function allOrNot(head) {
  const button = one("[data-reply-all]", head);
  button?.setAttribute("aria-pressed", String(everybody(button).every((words) => tokenOf(head, words))));
}

/** What stands in the head, to be put back as it was. */
export function told(head) {
  const words = (role) => all("li", list(head, role)).map((token) => token.dataset.words);
  return { cc: words("cc"), bcc: words("bcc"), subject: one("[data-subject]", head).value };
}

/** What was chosen in the head: nothing where it stands as it was offered. */
export function chosen(head) {
  const { cc, bcc, subject } = told(head);
  return { cc, bcc, ...(subject === one("[data-subject]", head).dataset.default ? {} : { subject }) };
}

export function put(head, letter) {
  for (const role of ["cc", "bcc"]) {
    list(head, role).replaceChildren();
    field(head, role).value = "";
    for (const words of letter[role] ?? []) add(head, role, words);
    show(head, role, false);
  }
  const subject = one("[data-subject]", head);
  subject.value = letter.subject ?? subject.dataset.default;
  changed(head);
}

/** Puts the head into the form's data; a sentence where something in it is no address. */
export function addressed(head, data) {
  for (const input of all("[data-recipient]", head)) {
    if (input.value.trim()) take(head, input.dataset.recipient, input.value);
    if (input.value.trim()) {
      show(head, input.dataset.recipient, true);
      input.focus();
      return fill(input.dataset.wrong, { address: input.value.trim() });
    }
  }
  const letter = told(head);
  for (const role of ["cc", "bcc"]) for (const words of letter[role]) data.append(role, words);
  data.set("subject", letter.subject.trim());
  return "";
}

/** Asks the server what is doubtful; true where nothing is. Else the sentences are shown, and `go` sends anyway. */
export async function clear(form, data, go) {
  const html = await (await send(`/conversations/${form.dataset.conversation}/check`, { form: data })).text();
  ask(form, html, go);
  return !html.trim();
}

function ask(form, html, go) {
  const place = one("[data-guards]", form);
  place.replaceChildren(...fragment(html));
  const back = () => (ask(form, ""), one("textarea", form).focus());
  one("[data-guard-back]", place)?.addEventListener("click", back);
  one("[data-guard-send]", place)?.addEventListener("click", () => (ask(form, ""), go()));
  one(".guard", place)?.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), back()));
  one("[data-guard-back]", place)?.focus();
}
