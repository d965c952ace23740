// Sentences the server has put into the page in the viewer's language.
const box = () => document.getElementById("sentences")?.dataset ?? {};

export function say(key, values = {}) {
  const text = box()[key] ?? "";
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}
