// The thread: messages in order, each drawn once, whatever way it came (push, history, own outbox).
import { h, icon, linked, outward, say } from "./dom.js";

const GAP = 5 * 60e3; // a pause longer than this starts a new group
let clock, day;

export function thread(log, { locale, onChip, onAnswer, onRetry, onEdit, onDrop, onOlder, onSeen, down }) {
  clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  day = new Intl.DateTimeFormat(locale, { month: "long", day: "numeric", weekday: "short" });
  const list = []; // {key, message, node}
  let readTo = 0, older = false, fetching = false, dots = null, unseen = 0;

  const near = () => log.scrollHeight - log.scrollTop - log.clientHeight < 90;
  const bottom = () => { log.scrollTop = log.scrollHeight; };

  // The greeting first, then what is stored, then what is on its way.
  const rank = (m) => [m.hello ? 0 : m.id ? 1 : 2, m.at, m.id || 0];
  const before = (a, b) => { const x = rank(a), y = rank(b), i = [0, 1, 2].find((i) => x[i] !== y[i]); return x[i] < y[i]; };

  const entry = (m) => list.find((e) => (m.client_id && e.message.client_id === m.client_id) || (m.id && e.message.id === m.id));

  // Puts a message in its place; the same one again replaces itself. Returns true if it was new.
  function put(message) {
    const stick = near();
    const old = entry(message);
    if (old) list.splice(list.indexOf(old), 1);
    const at = list.findIndex((e) => before(message, e.message));
    const now = { message, node: draw(message) };
    const next = at < 0 ? dots : list[at].node;
    list.splice(at < 0 ? list.length : at, 0, now);
    if (old) { now.node.classList.add("still"); old.node.remove(); }
    log.insertBefore(now.node, next);
    tidy();
    if (stick || (!old && !message.id)) bottom();
    else if (!old && at < 0) { unseen += 1; down.hidden = false; }
    return !old;
  }

  function draw(m) {
    const mine = m.author.kind === "customer";
    if (m.removed) m.text = say("taken_back");
    const body = h("div", { class: m.links?.length ? "b ans" : "b" });
    if (m.text) body.append(h("div", { class: "t", dir: "auto" }, linked(m.text)));
    for (const file of m.attachments || []) body.append(attached(file));
    for (const link of m.links || []) body.append(outward(link.url, link.label || link.title || link.url, { class: "out" }));
    const who = !mine && h("div", { class: "who" }, m.author.kind === "bot" ? say("automatic") : m.author.name || say("staff"));
    return h("div", { class: `m ${mine ? "me" : m.author.kind}` }, who, body,
      !mine && chips(m), "helped" in m && onAnswer(m), h("div", { class: "s" }));
  }

  function chips(m) {
    if (!m.quick_replies?.length) return null;
    return h("div", { class: "chips" }, ...m.quick_replies.map((q) => {
      const label = q.label || q;
      return h("button", { onclick: () => onChip(label, q.value || label) }, label);
    }));
  }

  function attached(file) {
    if (file.url && /^image\//.test(file.type) && file.width) {
      const img = h("img", { src: file.thumb || file.url, alt: file.name, width: Math.min(file.width, 260), height: Math.round(Math.min(file.width, 260) * file.height / file.width), loading: "lazy" });
      return outward(file.url, img, { class: "pic" });
    }
    return h("a", { class: "file", href: file.url, target: "_blank", rel: "noopener" }, icon("file"), h("span", {}, file.name, h("small", {}, size(file.size))));
  }

  // Days, groups and the state line under the last own message are recomputed; lists are short.
  function tidy() {
    log.querySelectorAll(".day").forEach((d) => d.remove());
    let last = null, lastMine = null;
    for (const e of list) if (e.message.author.kind === "customer") lastMine = e;
    list.forEach((e, i) => {
      const m = e.message, when = new Date(m.at), next = list[i + 1]?.message;
      const today = when.toDateString();
      if (m.id && last !== today) { log.insertBefore(h("div", { class: "day" }, day.format(when)), e.node); last = today; }
      const same = (a, b) => a && b && a.author.kind === b.author.kind && a.author.name === b.author.name && Math.abs(new Date(a.at) - new Date(b.at)) < GAP;
      e.node.classList.toggle("more", !!same(list[i - 1]?.message, m));
      const foot = e.node.querySelector(".s");
      if (foot) state(foot, m, e === lastMine, !same(m, next));
      const c = e.node.querySelector(".chips");
      if (c) c.hidden = i < list.length - 1;
    });
  }

  function state(foot, m, newest, ends) {
    const time = h("time", { datetime: m.at }, m.at && clock.format(new Date(m.at)));
    if (m.failed) {
      foot.replaceChildren(h("span", { class: "bad" }, icon("warn"), m.failed), ...[["retry", onRetry], ["edit", !m.whole && onEdit], ["discard", onDrop]].filter(([, fn]) => fn).map(([word, fn]) => h("button", { onclick: () => fn(m) }, say(word))));
    } else if (m.author.kind === "customer" && !m.id) {
      foot.replaceChildren(say(m.waiting ? "kept" : "sending"));
      if (m.waiting && !m.whole) foot.append(h("button", { onclick: () => onEdit(m) }, say("edit")));
    } else if (m.author.kind === "customer" && newest) foot.replaceChildren(`${say(m.id <= readTo ? "seen" : "sent")} · `, time);
    else foot.replaceChildren(...(ends && !m.hello ? [time] : []));
  }

  log.addEventListener("scroll", () => {
    if (near()) { unseen = 0; down.hidden = true; onSeen(); }
    if (log.scrollTop < 60 && older && !fetching) { fetching = true; onOlder(list.find((e) => e.message.id)?.message.id); }
  }, { passive: true });
  down.addEventListener("click", bottom);

  return {
    put,
    bottom,
    near,
    drop(id) {
      const old = entry({ client_id: id });
      if (old) { list.splice(list.indexOf(old), 1); old.node.remove(); tidy(); }
    },
    foot(node) { log.append(node); bottom(); },
    // Older messages go in above without moving what is being read.
    page(messages, more) { // `more`: whether older ones exist; undefined if this page does not tell
      const from = log.scrollHeight - log.scrollTop, was = near();
      messages.forEach(put);
      if (more !== undefined) older = more;
      if (fetching && !was) log.scrollTop = log.scrollHeight - from;
      fetching = false;
    },
    read(id) { if (id > readTo) { readTo = id; tidy(); } },
    typing(name) {
      if (dots) dots.remove();
      dots = null;
      if (name === null) return;
      const stick = near();
      dots = h("div", { class: "m agent dots", "aria-label": say("typing", { name }) }, h("div", { class: "b" }, h("i"), h("i"), h("i")));
      log.append(dots);
      if (stick) bottom();
    },
    newest: () => list.filter((e) => e.message.id && e.message.author.kind !== "customer").at(-1)?.message,
    all: () => list.map((e) => e.message),
    get empty() { return !list.length; },
  };
}

export function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
