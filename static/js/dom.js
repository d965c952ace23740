// Finding elements, making them from the server's HTML, and attaching behaviours once.
const behaviours = [];

/** Run `start(element)` once for every element that matches, now and when it arrives later. */
export function attach(selector, start) {
  behaviours.push({ selector, start, done: new WeakSet() });
}

export function enliven(root) {
  if (!(root instanceof Element)) return;
  for (const { selector, start, done } of behaviours) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches(selector)) found.unshift(root);
    for (const element of found) {
      if (done.has(element)) continue;
      done.add(element);
      start(element);
    }
  }
}

export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Our server's own HTML as elements. htmx is told, so that hx-* attributes in it work. */
export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return [...template.content.children];
}

export function settle(element) {
  window.htmx?.process(element);
  enliven(element);
}

export const visible = (element) => element.getClientRects().length > 0;

/** Whether something stands in a field there that was not there when it was drawn, nor was taken by the server since. */
export const written = (root = document) =>
  all("textarea[name], input[name]:not([type=search])", root).some((field) => field.value !== drawn(field));

/** What a field shows of what it was drawn with: of 来春 a date shows nothing. */
function drawn({ localName, type, defaultValue }) {
  if (localName === "textarea") return defaultValue;
  return Object.assign(document.createElement("input"), { type, defaultValue }).value;
}

export const isTyping = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) &&
  !/^(checkbox|radio|button|submit)$/.test(element.type || "");

/** Work that waits until nobody has asked for it for `wait` ms, though not longer than `atMost`. */
export function later(wait, work, atMost = Infinity) {
  let timer = 0;
  let first = 0;
  const run = (...values) => {
    run.cancel(first || Date.now());
    timer = setTimeout(() => (run.cancel(), work(...values)), Math.max(0, Math.min(wait, first + atMost - Date.now())));
  };
  run.cancel = (since = 0) => (clearTimeout(timer), (first = since));
  return run;
}
