// Sentences the server has put into the page in the viewer's language.
const box = () => document.getElementById("sentences")?.dataset ?? {};

export function say(key, values = {}) {
  const text = box()[`say${key[0].toUpperCase()}${key.slice(1)}`] ?? "";
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}
