// What is rarely needed, fetched when first wanted: menu, emoji, files, another device, forms, rating, sound.
let api, sheet, giver, pressed;

let ready = null, failed = false; // the words and the style of this file come when it does, or when it is wanted again
export async function act(what, arg, given) {
  api = given;
  try {
    await (ready ||= prepare());
  } catch {
    ready = null;
    failed = true;
    return api.banner(say("offline"));
  }
  if (failed) api.banner("");
  failed = false;
  api.answer = acts.answer;
  return acts[what](arg);
}

async function prepare() {
  const style = h("link", { rel: "stylesheet", href: document.body.dataset.style });
  const answer = await fetch(`${api.base}/widget/words/${api.config.locale}`);
  if (!answer.ok) throw new Error(answer.status);
  Object.assign(api.words, await answer.json());
  const styled = new Promise((done) => { style.onload = style.onerror = done; });
  document.head.append(style);
  await styled;
}

const say = (...a) => api.say(...a);
const h = (...a) => api.h(...a);
const button = (label, onclick, props = {}) => h("button", { type: "button", onclick, ...props }, label);

// One sheet at a time lies over the thread; Escape or a click beside it closes it and gives the focus back.
function lay(kind, label, ...children) {
  shut();
  giver = document.activeElement;
  sheet = h("aside", { class: "veil", "aria-label": label, onclick: (e) => e.target === sheet && shut() },
    h("div", { class: `sheet ${kind}`, role: kind === "menu" ? "menu" : "dialog", "aria-label": label, "aria-modal": kind !== "menu" }, ...children));
  behind(true);
  document.body.append(sheet);
  api.first = sheet.querySelector("input,textarea,button");
  if (document.hasFocus()) api.first?.focus(); // never from the page around, whose visitor may be typing there
  api.closeSheet = shut;
}

function shut() {
  if (!sheet) return false;
  sheet.remove();
  sheet = api.first = null;
  behind(false);
  if (document.hasFocus()) giver?.focus?.();
  return true;
}

// What lies under a sheet is out of reach of the keyboard, too.
function behind(inert) {
  for (const part of document.querySelectorAll("header,main,footer")) part.inert = inert;
}

// After what was written before.
function end() {
  if (!api.lane.items.some((m) => !m.failed)) return api.send({ t: "end" }) || api.banner(say("offline"));
  document.body.dataset.line === "lost" ? api.banner(say("offline")) : setTimeout(end, 300);
}

const acts = {
  menu() {
    const item = (label, fn) => button(label, () => { shut(); fn(); }, { role: "menuitem" });
    lay("menu", say("menu"),
      item(say("elsewhere"), acts.code),
      item(say("have_code"), () => acts.redeem("")),
      item(say(api.init.sound ? "sound_off" : "sound_on"), sound),
      item(say("transcript"), transcript),
      item(say("end"), end));
    const items = [...sheet.querySelectorAll("button")];
    sheet.addEventListener("keydown", (e) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (step) { e.preventDefault(); items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus(); }
    });
  },

  kept() { briefly(say("owed")); },

  emoji() {
    const all = "😀 😄 😊 🙂 😉 😍 🥰 🤗 🤔 😅 😂 🥹 😢 😭 😱 😡 🙇 🙏 👍 👎 👏 🙌 👋 💪 ❤️ ✨ 🎉 🎁 📦 🚚 🛍️ 👕 👗 🧥 👟 📷 ☀️ ☔ 🌸 ✅ ❌ ❓".split(" ");
    lay("emoji", say("emoji"), ...all.map((e) => button(e, () => { shut(); insert(e); })));
  },

  pick() {
    const input = h("input", { type: "file", multiple: true, accept: api.config.files.types.join(",") });
    input.addEventListener("change", () => acts.files(input.files));
    input.click();
  },

  files(files) { for (const file of files) upload(file); },

  code() { api.send({ t: "code" }) || api.banner(say("offline")); },

  redeem(code) {
    const input = h("input", { name: "code", value: code, autocomplete: "off", autocapitalize: "characters", inputmode: code ? "text" : "numeric", spellcheck: "false", maxlength: 11, required: true, "aria-label": say("code") });
    const form = h("form", {}, h("h2", {}, say("have_code")), h("p", {}, say("redeem_hint")), input, h("p", { class: "bad", role: "alert" }),
      h("div", { class: "row" }, button(say("cancel"), shut), h("button", { class: "go" }, say("continue"))));
    form.addEventListener("submit", (e) => { e.preventDefault(); form.querySelector(".bad").textContent = api.send({ t: "redeem", code: input.value }) ? "" : say("offline"); });
    lay("card", say("have_code"), form);
  },

  form(which) {
    if (document.querySelector("#form")) return;
    const field = (name, type, props = {}) => h("label", {}, say(name), h("input", { type, name, ...props }));
    const must = which === "offline" || api.config.forms.prechat === "required";
    const wanted = which === "prechat" ? api.config.forms.asks : ["name", "email"];
    const form = h("form", { id: "form", class: "ask" }, h("h2", {}, say(which === "offline" ? "leave_message" : "before_chat")),
      h("p", {}, say(which === "offline" ? "offline_hint" : "prechat_hint")),
      wanted.includes("name") && field("your_name", "text", { name: "name", autocomplete: "name", maxlength: 100, required: must && which === "prechat" }),
      wanted.includes("email") && field("your_email", "email", { name: "email", autocomplete: "email", maxlength: 254, required: must }),
      wanted.includes("phone") && field("your_phone", "tel", { name: "phone", autocomplete: "tel", maxlength: 30 }),
      which === "offline" && h("label", {}, say("message"), h("textarea", { name: "text", rows: 3, required: true, maxlength: api.config.limits.text })),
      h("div", { class: "row" }, !must && button(say("skip"), () => { form.remove(); asking(false); }), h("button", { class: "go" }, say(which === "offline" ? "leave" : "start"))));
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      const data = Object.fromEntries(new FormData(form));
      form.remove();
      asking(false);
      api.write(data.text || "", { t: "ask", form: which, name: data.name, email: data.email, phone: data.phone });
    });
    asking(which === "prechat");
    api.log.foot(form);
  },

  // Over: what was answered stays, and the next matter may be rated too; what was not goes.
  rate(wanted) {
    const old = api.$("rate");
    if (!wanted) return old?.querySelector("textarea") ? old.remove() : old?.removeAttribute("id");
    if (old) return;
    const stars = h("div", { class: "stars", role: "radiogroup", "aria-label": say("rate") });
    const comment = h("textarea", { rows: 2, maxlength: 1000, "aria-label": say("comment"), placeholder: say("comment") });
    const go = h("button", { class: "go", disabled: true }, say("send"));
    let score = 0;
    for (let n = 1; n <= 5; n++) stars.append(button("★", () => pickStar(n), { role: "radio", "aria-checked": "false", "aria-label": say("stars", { n }) }));
    const form = h("form", { id: "rate", class: "ask" }, h("h2", {}, say("rate")), stars, comment, go);
    const pickStar = (n) => {
      score = n;
      go.disabled = false;
      [...stars.children].forEach((s, i) => { s.classList.toggle("on", i < n); s.setAttribute("aria-checked", String(i + 1 === n)); });
    };
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      if (!api.send({ t: "rate", score, comment: comment.value })) return api.banner(say("offline"));
      form.replaceChildren(h("p", { role: "status", tabindex: -1 }, say("thanks")));
      form.firstChild.focus();
    });
    api.log.foot(form);
  },

  // Whether an answer helped: said once, and changed as often as they like.
  helped([node, m]) {
    const choice = (word, yes) => button(say(word), () => m.helped !== yes && told(yes), { "aria-pressed": String(m.helped === yes) });
    const told = (yes) => api.send({ t: "helped", message: m.id, yes }) ? pressed = m.id : api.banner(say("offline"));
    const stick = api.log.near();
    node.className = "helped";
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", say("helped"));
    node.append(h("span", {}, say(m.helped === null ? "helped" : "helped_thanks")), choice("helped_yes", true), choice("helped_no", false));
    if (stick) api.log.bottom();
    if (pressed === m.id) pressed = node.querySelector("[aria-pressed=true]")?.focus(); // drawn anew under the finger
  },

  judged({ message, yes }) {
    const m = api.log.all().find((m) => m.id === message);
    if (m) api.log.put({ ...m, helped: yes });
  },

  beep() {
    const audio = new AudioContext(), tone = audio.createOscillator(), gain = audio.createGain();
    tone.frequency.value = 880;
    gain.gain.setValueAtTime(0.06, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.25);
    tone.connect(gain).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.3);
    tone.onended = () => audio.close();
  },

  claim(frame) { asked(frame); },

  async hints() { (await import(api.config.suggest)).watch({ ...api, lay, shut }); },

  answer(frame) {
    if (frame.t === "code") return showCode(frame);
    if (frame.t === "claim") return asked(frame);
    if (frame.t === "answered") return sheet?.dataset.claim === frame.claim ? answered(frame) : true;
    if (frame.t === "waiting") return waiting(frame);
    if (frame.t === "allowed") return frame.yes ? api.send({ t: "redeem" }) : refused();
    if (frame.t === "error" && /^code/.test(frame.code) && sheet?.querySelector(".bad")) {
      sheet.querySelector(".bad").textContent = frame.sentence;
      return true;
    }
    if (frame.t === "error") briefly(frame.sentence);
    return false;
  },
};

function briefly(sentence) {
  api.banner(sentence);
  setTimeout(() => { if (api.$("banner").textContent === sentence) api.banner(""); }, 1e4);
}

// While the form before the chat is open, there is nowhere else to type.
function asking(on) {
  document.body.classList.toggle("asking", on);
  api.$("bar").inert = on;
  if (!on && document.hasFocus()) api.type.focus();
}

function insert(text) {
  const input = api.$("text");
  input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input"));
  input.focus();
}

function sound() {
  api.init.sound = !api.init.sound;
  api.keep("sound", api.init.sound || null);
  if (api.init.sound) acts.beep();
}

// The conversation as the visitor saw it, as a plain text file made here.
function transcript() {
  const lines = api.log.all().filter((m) => m.id).map((m) => {
    const who = m.author.kind === "customer" ? say("you") : m.author.kind === "bot" ? say("automatic") : m.author.name || say("staff");
    return `${new Date(m.at).toLocaleString(api.config.locale)}  ${who}\n${m.text}${(m.attachments || []).map((a) => `\n[${a.name}]`).join("")}\n`;
  });
  const link = h("a", { href: URL.createObjectURL(new Blob([lines.join("\n")], { type: "text/plain;charset=utf-8" })), download: `${api.config.name}.txt` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Who came by an address is let in here, and only here: it may have been passed on.
function asked({ claim, mark, who }) {
  if (sheet?.dataset.claim === claim) return true;
  const reply = (yes) => api.send({ t: "allow", claim, yes }) ? shut() : api.banner(say("offline"));
  lay("card", say("elsewhere"), h("h2", {}, say("elsewhere")), h("p", {}, who ? say("claim_by", { name: who, mark }) : say("claim", { mark })),
    h("output", { class: "code" }, mark), h("p", { class: "fine" }, say("claim_warning")),
    h("div", { class: "row" }, button(say("no"), () => reply(false), { name: "no" }), button(say("yes"), () => reply(true), { class: "go", name: "yes" })));
  sheet.dataset.claim = claim;
  return true;
}

function answered() {
  shut();
  return true;
}

function waiting({ mark }) {
  if (sheet?.dataset.mark === mark) return true;
  lay("card", say("have_code"), h("h2", {}, say("elsewhere")), h("p", { role: "status" }, say("waiting")), h("output", { class: "code" }, mark),
    button(say("cancel"), shut));
  sheet.dataset.mark = mark;
  return true;
}

function refused() {
  shut();
  api.banner(say("refused"));
  return true;
}

async function showCode({ code, expires_at: until, qr, ways = [] }) {
  const place = (await api.ask("page").catch(() => null))?.url;
  lay("card", say("elsewhere"), h("h2", {}, say("elsewhere")), qrImage(qr), h("p", {}, say("code_hint")),
    h("output", { class: "code" }, code), ...ways.map((w) => h("a", { class: "way", href: w.url, target: "_blank", rel: "noopener" }, say("on_channel", { name: w.label }))),
    h("p", { class: "fine" }, say("code_until", { time: new Date(until).toLocaleTimeString(api.config.locale, { hour: "2-digit", minute: "2-digit" }) })),
    button(say("close"), shut, { class: "go" }));
  return place;
}

const qrImage = (svg) => svg && h("img", { class: "qr", alt: say("qr"), src: `data:image/svg+xml,${encodeURIComponent(svg)}` });

// Files go up one by one with a progress bar; the message that carries one is sent when it is there.
function upload(file) {
  const { max_bytes: max } = api.config.files;
  const bar = h("progress", { max: 1, value: 0, "aria-label": file.name });
  const fail = (sentence) => { bar.remove(); row.append(h("span", { class: "bad", role: "alert" }, sentence)); };
  const stop = button("×", () => { sending.abort(); row.remove(); }, { "aria-label": say("discard") });
  const row = h("div", { class: "load" }, h("span", {}, file.name), stop, bar);
  const sending = new XMLHttpRequest();
  api.$("tray").append(row);
  if (file.size > max) return fail(say("too_big", { size: api.size(max) }));
  sending.open("POST", `${api.base}/widget/${encodeURIComponent(api.config.key)}/files`);
  sending.setRequestHeader("Authorization", `Bearer ${api.token()}`);
  sending.upload.onprogress = (e) => { bar.value = e.loaded / e.total; };
  sending.onerror = () => fail(say("not_sent"));
  sending.onload = () => {
    let told = {};
    try { told = JSON.parse(sending.responseText); } catch { /* a proxy's page */ }
    if (sending.status !== 201) return fail(told.sentence || say("not_sent"));
    row.remove();
    api.write("", { files: [told.attachment.id], shown: [told.attachment] });
  };
  const body = new FormData();
  body.append("file", file, file.name);
  sending.send(body);
}
