// While the first message is being typed: up to three answers that may be meant, above the box. What is typed is looked
// up and not kept, and the message goes out as if this file were not there.
const PAUSE = 350; // milliseconds without a key before it is looked up
const SHORTEST = 2; // characters

export function watch({ $, h, say, lay, shut, log, linked, outward, base, config }) {
  const input = $("text");
  const list = h("ul", { id: "hints", "aria-label": say("hints") });
  const box = h("section", { id: "hinted", hidden: true }, h("p", { "aria-hidden": "true" }, say("hints")), list);
  const told = h("p", { class: "unseen", role: "status" });
  const place = `${base}/widget/${encodeURIComponent(config.key)}/suggestions`;
  let timer = 0, asking = null, composing = false, known = "";

  $("bar").before(told, box);
  const begun = () => log.all().some((m) => !m.hello);
  const hide = () => { box.hidden = true; told.textContent = known = ""; };

  function later() {
    clearTimeout(timer);
    if (!input.value.trim()) hide();
    if (!composing) timer = setTimeout(look, PAUSE);
  }

  async function look() {
    const text = input.value.trim().slice(0, 200);
    if (begun() || [...text].length < SHORTEST) return hide();
    if (text === known) return;
    known = text;
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(place, { method: "POST", body: JSON.stringify({ text, locale: config.locale }), signal: asking.signal });
      if (answer.ok) show((await answer.json()).entries, text);
    } catch { /* the message can be written without it */ }
  }

  function show(entries, text) {
    if (begun() || !entries.length || input.value.trim().slice(0, 200) !== text) return hide();
    list.replaceChildren(...entries.map((entry) => h("li", {}, h("button", { type: "button", onclick: () => read(entry) }, entry.title))));
    box.hidden = false;
    told.textContent = say("hints_found", { n: entries.length });
  }

  function read(entry) {
    lay("card answer", entry.title, h("h2", {}, entry.title),
      h("div", { class: "t", dir: "auto" }, linked(entry.answer)),
      entry.image && h("img", { src: base + entry.image.url, alt: entry.image.text, loading: "lazy" }),
      ...entry.links.map((link) => outward(link.url, link.label, { class: "way" })),
      entry.url && outward(entry.url, say("read_on"), { class: "way" }),
      rating(entry),
      h("div", { class: "row" }, h("button", { type: "button", class: "go", onclick: () => { shut(); input.focus(); } }, say("close"))));
    document.querySelector(".answer .go").focus();
  }

  function rating(entry) {
    const said = h("p", { class: "helped", role: "group", "aria-label": say("helped") });
    const choice = (word, helped) => h("button", { type: "button", onclick: () => {
      fetch(`${place}/rating`, { method: "POST", body: JSON.stringify({ entry: entry.id, helped }) }).catch(() => {});
      said.replaceChildren(h("span", { role: "status" }, say("helped_thanks")));
      document.querySelector(".answer .go").focus();
    } }, say(word));
    said.append(h("span", {}, say("helped")), choice("helped_yes", true), choice("helped_no", false));
    return said;
  }

  function step(e, by) {
    const stops = [...list.querySelectorAll("button"), input];
    const at = stops.indexOf(document.activeElement) + by;
    if (box.hidden || at < 0 || at >= stops.length) return;
    e.preventDefault();
    stops[at].focus();
  }

  // In the box the arrow leads up only from its first line, where it would do nothing.
  function keys(e) {
    if (e.isComposing || composing || e.keyCode === 229 || box.hidden) return;
    if (e.key === "Escape") { e.stopPropagation(); hide(); input.focus(); }
    if (e.key === "ArrowUp" && (e.target !== input || !input.value.slice(0, input.selectionStart).includes("\n"))) step(e, -1);
    if (e.key === "ArrowDown" && e.target !== input) step(e, 1);
  }

  input.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); });
  input.addEventListener("compositionend", () => { composing = false; later(); });
  input.addEventListener("input", later);
  $("bar").parentNode.addEventListener("keydown", keys);
  new MutationObserver(() => { if (begun()) hide(); }).observe($("log"), { childList: true });
  later();
}
