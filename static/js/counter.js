// The counter: reading a card with the camera where the browser can, and notes that are kept until they are sent.
import { all, attach, fragment, one, settle } from "./dom.js";
import { newId } from "./compose.js";
import { send } from "./http.js";
import { say } from "./words.js";

const page = () => one("[data-counter]");
const FORMATS = ["qr_code", "ean_13", "ean_8", "code_128", "code_39", "codabar", "itf"];

// --- the camera ---------------------------------------------------------------------------------------

let stream = null;

attach("[data-scan]", (button) => button.addEventListener("click", () => scan(button)));
attach("[data-scan-stop]", (button) => button.addEventListener("click", stop));

async function scan(button) {
  problem("");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch {
    return typed(button.dataset.refused);
  }
  const video = one("[data-viewfinder] video");
  one("[data-viewfinder]").hidden = false;
  video.srcObject = stream;
  await video.play();
  try {
    watch(video, await detector());
  } catch {
    stop();
    typed(button.dataset.none);
  }
}

/** What reads codes: the browser's own, or, where it has none (iPhones), ours, which is fetched when it is needed. */
async function detector() {
  const known = await window.BarcodeDetector?.getSupportedFormats?.();
  const formats = FORMATS.filter((one) => known?.includes(one) ?? true);
  if (window.BarcodeDetector && formats.length) return new window.BarcodeDetector({ formats });
  const { BarcodeDetector, prepareZXingModule } = await import("../vendor/codes/ponyfill.js");
  const locateFile = (name) => new URL(`../vendor/codes/${name}`, import.meta.url).href;
  await prepareZXingModule({ overrides: { locateFile }, fireImmediately: true });
  return new BarcodeDetector({ formats: FORMATS });
}

async function watch(video, detector) {
  while (stream) {
    const [code] = await detector.detect(video).catch(() => []);
    if (code?.rawValue && stream) return stop(), found(code.rawValue);
    await new Promise((go) => setTimeout(go, 150));
  }
}

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  one("[data-viewfinder]").hidden = true;
}

/** A code of a card may be an address: its number stands at the end. */
export const numberOf = (code) => code.trim().replace(/^https?:\/\/.*[/=]/, "").slice(0, 40);

function found(code) {
  const form = one("[data-ask]");
  form.elements.card.value = numberOf(code);
  form.elements.read.value = "1";
  form.elements.q.value = "";
  form.requestSubmit();
}

function typed(sentence) {
  problem(sentence);
  one("[data-ask] [name=q]").focus();
}

function problem(sentence) {
  const line = one("[data-scan-problem]");
  line.textContent = sentence;
  line.hidden = !sentence;
}

// A card that was read is asked for once; what is typed next is typed.
attach("[data-ask]", (form) => {
  form.elements.q.addEventListener("input", () => ((form.elements.card.value = ""), (form.elements.read.value = "")));
});

// --- notes, kept until they are sent ---------------------------------------------------------------------

const place = () => `counter-notes-${page().dataset.viewer}`;
const kept = () => {
  try {
    return JSON.parse(localStorage.getItem(place()) ?? "[]");
  } catch {
    return [];
  }
};

/** Whether they are kept now: a full or closed storage takes nothing. */
function store(notes) {
  try {
    localStorage.setItem(place(), JSON.stringify(notes));
    return true;
  } catch {
    return false;
  }
}

function keep(notes) {
  store(notes);
  const waiting = notes.filter((one) => !one.refused);
  const bar = one("[data-kept]");
  bar.hidden = !waiting.length;
  const words = one("[data-kept-words]", bar);
  words.textContent = words.dataset.words.replace("%(n)s", waiting.length);
  one("[data-refused]").replaceChildren(...notes.filter((one) => one.refused).map(refusal));
}

const without = (note) => kept().filter((one) => one.client_id !== note.client_id);

/** A kept note that the server does not take, with its words, so that nothing of it is lost. */
function refusal(note) {
  const [shown] = one("[data-refused-note]").content.cloneNode(true).children;
  one("[data-why]", shown).textContent = note.refused;
  one("[data-what]", shown).textContent = [note.name, note.asked, note.answered, note.promised].filter((part) => part?.trim()).join("\n");
  one("[data-retry]", shown).addEventListener("click", () => deliver(note).then((why) => why && keep([...without(note), { ...note, refused: why }])));
  one("[data-discard]", shown).addEventListener("click", () => keep(without(note)));
  return shown;
}

attach("[data-visit]", (form) => {
  const client = newId();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const note = { client_id: client, at: new Date().toISOString(), ...Object.fromEntries(new FormData(form)) };
    if (!["asked", "answered", "promised"].some((name) => note[name]?.trim())) return one("textarea", form).focus();
    const button = one("button.primary", form);
    button.disabled = true;
    const safe = store([...without(note), note]);
    const refused = await deliver(note, safe ? form : null);
    button.disabled = false;
    if (refused) tell(form, refused);
  });
});

/** What was written when somebody looked up whose it is: it goes into the form that comes. */
let written = {};
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const form = detail.target.id === "found" && detail.shouldSwap && one("#found [data-visit]");
  if (!form) return;
  const sent = one("button.primary", form)?.disabled;
  written = sent ? {} : Object.fromEntries(all("textarea", form).map((field) => [field.name, field.value]));
});
attach("[data-visit]", (form) => {
  for (const field of all("textarea", form)) field.value ||= written[field.name] ?? "";
  written = {};
});
attach("[data-visit-close]", (button) => button.addEventListener("click", () => one("#found").replaceChildren()));

/** Send one note: "" when it was noted or waits for a connection, else why it was refused, or could not be kept.
    `form`: where it stands, if its place is to tell what became of it. */
async function deliver({ refused, ...note }, form = undefined) {
  const body = new FormData();
  for (const [name, value] of Object.entries(note)) body.set(name, value);
  try {
    const html = await (await send("/counter/notes", { form: body })).text();
    keep(without(note));
    shown(html, form);
  } catch (failure) {
    const later = !failure.status || failure.status === 401 || failure.status >= 500 || failure.status === 429;
    if (later && form !== null) return form && waits(failure), "";
    if (form !== undefined) keep(without(note));
    return failure.message;
  }
  return "";
}

function waits(failure) {
  keep(kept());
  const words = Object.assign(document.createElement("p"), { className: "notice warn", textContent: failure.message || say("offline") });
  one("#found").replaceChildren(words);
}

/** What became of it. A note that somebody is writing meanwhile stays where it is. */
function shown(html, form) {
  const [noted, fresh] = fragment(html);
  const writing = one("#found [data-visit]");
  if (!writing || writing === form || form === null) one("#found").replaceChildren(noted);
  one("#work").replaceChildren(...fresh.childNodes);
  settle(one("#work"));
  if (!noted.isConnected) return;
  noted.scrollIntoView({ block: "nearest" });
  if (document.activeElement === document.body) noted.focus(); // the form with its button is gone
}

function tell(form, sentence) {
  const line = one("[data-visit-problem]", form);
  line.textContent = sentence;
  line.hidden = !sentence;
}

let sending = false;
async function again() {
  if (sending || !page()) return;
  sending = true;
  for (const note of kept()) {
    const refused = await deliver(note);
    if (refused) keep([...without(note), { ...note, refused }]);
  }
  sending = false;
}

attach("[data-counter]", () => (keep(kept()), again()));
attach("[data-kept-send]", (button) => button.addEventListener("click", again));
window.addEventListener("online", again);
document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "found" && all("#found [name=asked]")[0]?.scrollIntoView({ block: "center" }));
