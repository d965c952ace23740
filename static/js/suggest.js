// "/" offers the canned replies, "@" the people; arrows choose, Enter or Tab puts it in, Escape leaves it.
import { attach, one } from "./dom.js";
import { load } from "./http.js";
import { converting } from "./ime.js";

let helpers = null;
const helpersOnce = () => (helpers ??= load("/inbox/helpers").then((response) => response.json()).catch(() => (helpers = null)));
const fold = (text) => text.normalize("NFKC").toLowerCase();

attach("[data-compose], [data-snippets]", (form) => {
  const field = one("textarea", form);
  const list = one("[data-suggest]", form);
  let found = [];
  let at = 0;

  const hide = () => {
    list.hidden = true;
    field.removeAttribute("aria-activedescendant");
  };
  const draw = () => {
    list.replaceChildren(...found.map((item, index) => option(item, index, index === at)));
    list.hidden = found.length === 0;
    field.setAttribute("aria-activedescendant", list.hidden ? "" : `suggest-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const choose = (item) => {
    const word = wordBefore(field);
    const body = item.insert ? fill(item.insert, form) : `@${item.name} `;
    field.setRangeText(body, word.start, field.selectionStart, "end");
    hide();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const offer = async () => {
    const word = wordBefore(field);
    if (!word) return hide();
    const all = await helpersOnce();
    if (!all || wordBefore(field)?.text !== word.text) return;
    found = matches(all, word.text).slice(0, 8);
    at = 0;
    draw();
  };
  field.addEventListener("input", (event) => event.isComposing || offer());
  field.addEventListener("compositionend", offer); // Chrome says nothing more after the word was confirmed
  field.addEventListener("keydown", (event) => {
    if (list.hidden || converting(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + found.length) % found.length;
    else if (event.key === "Escape") hide();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.metaKey && !event.ctrlKey) choose(found[at]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (step) draw();
  }, true);
  field.addEventListener("blur", () => setTimeout(hide, 150));
  list.addEventListener("mousedown", (event) => {
    const index = [...list.children].indexOf(event.target.closest("li"));
    event.preventDefault();
    if (index >= 0) choose(found[index]);
  });
  form.addEventListener("compose:insert", (event) => {
    field.setRangeText(event.detail, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
});

function wordBefore(field) {
  const typed = field.value.slice(0, field.selectionStart).match(/(?:^|\s)([/／@＠][^\s/／@＠]{0,30})$/u);
  return typed && { text: fold(typed[1]), start: field.selectionStart - typed[1].length };
}

function matches(all, word) {
  const wanted = word.slice(1);
  const fits = (text) => fold(text).includes(wanted);
  if (word[0] === "@") return all.people.filter((person) => fits(person.name)).map((person) => ({ name: person.name, title: `@${person.name}` }));
  const rank = (reply) => (fold(reply.shortcut).startsWith(wanted) ? 0 : 1);
  return all.replies
    .filter((reply) => fits(reply.shortcut) || fits(reply.title) || fits(reply.body))
    .sort((a, b) => rank(a) - rank(b))
    .map((reply) => ({ title: `/${reply.shortcut}`, about: reply.title, small: reply.body, insert: reply }));
}

// The server has filled in the rest (app/canned.py); how the customer is addressed depends on the reply's language.
const fill = (reply, form) => {
  const english = (reply.locale || document.documentElement.lang) === "en";
  return reply.body.replaceAll("{customer}", () => (english ? form.dataset.customerEn : form.dataset.customerJa));
};

function option(item, index, selected) {
  const li = document.createElement("li");
  li.id = `suggest-${index}`;
  li.setAttribute("role", "option");
  li.setAttribute("aria-selected", String(selected));
  li.append(Object.assign(document.createElement("b"), { textContent: item.title }), Object.assign(document.createElement("span"), { className: "cut", textContent: item.about ?? "" }));
  if (item.small) li.append(Object.assign(document.createElement("small"), { className: "cut", textContent: item.small }));
  return li;
}
