// Small helpers to make elements; text always goes in as text, never as markup.
export const $ = (id) => document.getElementById(id);

export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "class") el.className = value;
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children.filter(Boolean));
  return el;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "use"));
  svg.firstChild.setAttribute("href", `#i-${name}`);
  return svg;
}

// Web addresses become links; a full stop after one, or a bracket that it did not open, is not part of it.
export function linked(text) {
  const out = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/(?:[^\s<>"'「」『』（）、。()]|\([^\s<>"'「」『』（）、。()]*\))+/g)) {
    const url = found[0].replace(/[.,;:!?\]}]+$/, "");
    out.append(text.slice(from, found.index), outward(url, url));
    from = found.index + url.length;
  }
  out.append(text.slice(from));
  return out;
}

export function outward(url, label, props = {}) {
  const safe = /^(https?:|mailto:|tel:)/i.test(url) ? url : null;
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer nofollow", ...props }, label);
}

export const words = {};

// Strings come from the server in the visitor's language: say("too_long", {limit: 10000}).
export const say = (name, values = {}) => (words[name] || name).replace(/%\((\w+)\)s/g, (_, v) => values[v] ?? "");
