// The chat itself: ties the host page, the connection, the outbox, the thread and the composer together.
import { $, h, linked, outward, say, words } from "./dom.js";
import { ask, keep, meet, tell } from "./host.js";
import { connect } from "./wire.js";
import { outbox } from "./outbox.js";
import { size, thread } from "./thread.js";
import { composer } from "./composer.js";

meet(begin, (m) => api.heard(m));
const api = { h, $, say, size, words, ask, keep, linked, outward };

function begin(init) {
  const { config } = init;
  let { token, identity } = init;
  let open = init.open, unread = 0, last = 0, readSent = 0, quiet = 0, info = null, told = null;
  const seen = new Set(); // ids of the messages we hold, and who asked to be let in

  Object.assign(words, config.strings);
  dress(config);

  const lane = outbox(init.outbox || [], { send: (m) => wire.send(m), changed: draw });
  const log = thread($("log"), {
    locale: config.locale,
    down: $("down"),
    onChip: (label, value) => write(label, { quick_reply: value }),
    onAnswer: (m) => { const node = h("div"); more("helped", [node, m]); return node; },
    onRetry: (m) => lane.retry(m.client_id),
    onEdit: (m) => { discard(m); type.edit(m.text); },
    onDrop: discard,
    onOlder: (before) => wire.send({ t: "history", before }),
    onSeen: read,
  });
  const type = composer({
    limit: config.limits.text,
    draft: init.draft,
    onSend: (text) => write(text),
    onTyping: (on) => wire.send({ t: "typing", on }),
    onFiles: (files) => more("files", files),
  });
  const wire = connect({
    base: init.base,
    path: `/widget/${encodeURIComponent(config.key)}`,
    token: () => token,
    after: () => last,
    hello: async (ticket) => ({ t: "hello", v: 1, ticket, token: token || undefined, locale: config.locale, page: await ask("page"), identity: identity || undefined, after: last || undefined }),
    onFrame,
    onState,
  });

  const take = {
    welcome(f) {
      if (f.token) keep("token", token = f.token);
      if (f.new_session) return leave();
      if (f.token && last) return location.reload(); // our session had ended: begin afresh
      identity = null;
      info = f;
      page(f);
      status(f);
      greet();
      unreadIs(f.unread || 0);
      lane.landed();
      lane.items.forEach(draw);
      lane.flush();
      if (init.code) { more("redeem", init.code); init.code = null; }
      if (open) read();
    },
    history: page,
    ack(f) {
      const m = lane.find(f.id);
      if (m && f.message) log.put(hold({ ...shown(m), id: f.message, at: f.at, waiting: false }));
      else if (m) log.drop(f.id);
      lane.acked(f.id);
    },
    message(f) {
      const known = last, gap = f.prev && !seen.has(f.prev);
      const fresh = log.put(hold(f));
      if (gap) wire.send({ t: "history", after: known });
      if (f.author.kind === "customer") return;
      log.typing(null);
      if (!fresh) return;
      if (open && !document.hidden) read();
      else unreadIs(unread + 1);
      if (init.sound) more("beep");
    },
    typing(f) {
      clearTimeout(quiet);
      log.typing(f.on ? f.author?.name || "" : null);
      if (f.on) quiet = setTimeout(() => log.typing(null), 6000);
    },
    read: (f) => log.read(f.message),
    helped(f) { more("judged", f); },
    status,
    ended(f) { status(f); if (f.kept) more("kept"); },
    claim(f) { if (!open && !seen.has(f.claim)) unreadIs(unread + 1); seen.add(f.claim); more("claim", f); },
    waiting: late,
    allowed: late,
    error(f) { f.id ? lane.refused(f.id, f) : late(f); },
  };

  function discard(m) {
    lane.remove(m.client_id);
    log.drop(m.client_id);
  }

  // For a sheet that may not be there yet, where the page was loaded anew meanwhile.
  function late(f) { more("answer", f); }

  function onFrame(frame) {
    take[frame.t] ? take[frame.t](frame) : api.answer?.(frame);
  }

  function page(f) {
    log.page(f.messages.map(hold), f.older);
    if (f.newer) wire.send({ t: "history", after: last });
  }

  // The server found another person behind this browser: nothing of the one before may stay.
  function leave() {
    for (const m of [...lane.items]) lane.remove(m.id);
    keep("draft", ""); // another tab's, too
    location.reload();
  }

  function hold(m) {
    seen.add(m.id);
    last = Math.max(last, m.id);
    return m;
  }

  function onState(state, error) {
    document.body.dataset.line = state;
    lane.landed();
    clearTimeout(told);
    if (state === "open") banner("");
    else if (state === "closed") banner(error.sentence || error.message);
    else if (state === "lost") told = setTimeout(() => { banner(say(navigator.onLine ? "reconnecting" : "offline")); lane.items.forEach(draw); }, 1200); // what is unsent says so, too
  }

  function write(text, extra = {}) {
    const m = { id: `${Date.now().toString(16)}-${Math.random().toString(16).slice(2)}`, text, sent_at: new Date().toISOString(), ...extra };
    draw(m);
    ask("page").then((page) => { m.page = page; }, () => {}).then(() => { lane.add(m); if (document.body.dataset.line !== "open") wire.wake(); });
  }

  function draw(m) {
    if (m.text || m.shown) log.put(shown(m)); // a form may say nothing but who they are
  }

  const shown = (m) => ({ client_id: m.id, author: { kind: "customer" }, text: m.text, at: m.sent_at, failed: m.failed, whole: m.t || m.shown, attachments: m.shown, waiting: document.body.dataset.line === "lost" });

  function read() {
    const m = log.newest();
    if (!open || !m || document.hidden || !log.near()) return;
    unreadIs(0);
    if (m.id > readSent && wire.send({ t: "read", message: m.id })) readSent = m.id;
  }

  function unreadIs(n) {
    if (n !== unread) tell({ t: "unread", n, label: say("unread", { n }) });
    unread = n;
  }

  function greet() {
    if (!log.empty || !config.greeting) return;
    log.put({ hello: true, at: "", author: { kind: "bot" }, text: config.greeting, quick_replies: config.quick_replies });
    if (config.forms.prechat !== "off" && !info.visitor.known) more("form", "prechat");
    else if (!info.open && config.forms.offline) more("form", "offline");
  }

  function status(f) {
    Object.assign(info, f);
    document.body.classList.toggle("here", !!f.open);
    $("now").textContent = !f.open ? config.closed : f.owner === "human" && f.agent ? say("with", { name: f.agent }) : config.reply_time || say("usually");
    if (f.read) log.read(f.read);
    if (f.rate || $("rate")) more("rate", f.rate);
  }

  function banner(text) {
    $("banner").textContent = text;
    $("banner").hidden = !text;
  }

  // Everything rarely needed comes in a second file, when it is first wanted.
  async function more(what, arg) {
    const file = await import(document.body.dataset.more).catch(() => banner(say("offline")));
    return file?.act(what, arg, api);
  }
  Object.assign(api, { config, write, banner, log, type, lane, init, send: (f) => wire.send(f), token: () => token, base: init.base });
  for (const b of document.querySelectorAll("button[data-more]")) b.addEventListener("click", () => more(b.dataset.more, b));
  if (config.suggest) $("text").addEventListener("input", () => more("hints"), { once: true });
  addEventListener("dragover", (e) => e.preventDefault());
  addEventListener("drop", (e) => { e.preventDefault(); if (e.dataTransfer.files.length) more("files", e.dataTransfer.files); });

  api.heard = (m) => {
    if (m.t === "open") { open = true; wire.wake(); (api.first || type).focus(); log.bottom(); read(); }
    if (m.t === "shut") open = false;
    if (m.t === "identify") { identity = m.identity; wire.send({ t: "identify", identity }); }
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wire.wake(); read(); } });
  addEventListener("keydown", (e) => { if (e.key === "Escape" && !e.isComposing && e.keyCode !== 229 && !api.closeSheet?.()) tell({ t: "close" }); });
  $("close").addEventListener("click", () => tell({ t: "close" }));
  lane.items.forEach(draw);
  document.body.classList.add("up"); // shown from here on: what is hidden cannot take the focus
  if (init.focus) type.focus();
}

// The shop's name, colours and words. Colours arrive with a computed contrast; CSSOM needs no inline style.
function dress({ look, name, locale, strings }) {
  const root = document.documentElement;
  root.lang = locale;
  for (const [k, v] of Object.entries({ "--brand": look.colour, "--on-brand": look.on, "--ink-light": look.ink_light, "--ink-dark": look.ink_dark })) root.style.setProperty(k, v);
  document.title = $("name").textContent = name;
  const mark = $("mark");
  if (look.logo) mark.replaceChildren(h("img", { src: look.logo, alt: "" }));
  else mark.textContent = [...name][0] || "";
  for (const el of document.querySelectorAll("[data-say]")) {
    for (const each of el.dataset.say.split(" ")) {
      const [word, attribute] = each.split(":");
      attribute ? el.setAttribute(attribute, strings[word]) : (el.textContent = strings[word]);
    }
  }
}
