// What is drawn anew, laid over what stands there: an element whose opening tag says the same stays, with its focus, its
// listeners, and what is being written, unfolded or played in it. Only what differs is exchanged.
const OWN = ["hidden", "open", "disabled", "aria-current", "aria-expanded", "data-fresh"]; // what the page does with them is its own affair

const FILLED = ".correcting, [data-here], details[hx-get]"; // what was fetched into these stays

/** Make `old` what `fresh` says; `fresh` is used up. */
export function patch(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  fill(old, fresh);
}

function fill(old, fresh) {
  if (old.matches(FILLED)) return;
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const same = counterpart(at, node);
    if (!same) {
      old.insertBefore(node, at);
      continue;
    }
    while (at !== same) at = drop(at);
    at = same.nextSibling;
    if (isElement(same)) fill(same, node);
    else if (same.data !== node.data) same.data = node.data;
  }
  while (at) at = drop(at);
}

/** The first element from `at` on that says the same; words only at this very place. */
function counterpart(at, node) {
  if (!isElement(node)) return at?.nodeType === node.nodeType ? at : null;
  const wanted = opening(node);
  while (at && !(isElement(at) && opening(at) === wanted)) at = at.nextSibling;
  return at;
}

function opening(element) {
  const attributes = [...element.attributes].filter(({ name }) => !OWN.includes(name));
  return [element.tagName, ...attributes.map(said).sort()].join("\n");
}

const said = ({ name, value }) => (name === "class" ? value.replace(/\bhtmx-[\w-]+/g, "").trim() : `${name}=${value}`);

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
