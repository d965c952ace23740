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
  if (!("BarcodeDetector" in window)) return typed(button.dataset.none);
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch {
    return typed(button.dataset.refused);
  }
  const video = one("[data-viewfinder] video");
  one("[data-viewfinder]").hidden = false;
  video.srcObject = stream;
  await video.play();
  const known = await window.BarcodeDetector.getSupportedFormats?.();
  watch(video, new window.BarcodeDetector({ formats: FORMATS.filter((one) => known?.includes(one) ?? true) }));
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

function keep(notes) {
  try {
    localStorage.setItem(place(), JSON.stringify(notes));
  } catch {
    // A full or closed storage: the note is sent at once, or stays in the form.
  }
  const bar = one("[data-kept]");
  bar.hidden = !notes.length;
  const words = one("[data-kept-words]", bar);
  words.textContent = words.dataset.words.replace("%(n)s", notes.length);
}

attach("[data-visit]", (form) => {
  const client = newId();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const note = { client_id: client, at: new Date().toISOString(), ...Object.fromEntries(new FormData(form)) };
    if (!["asked", "answered", "promised"].some((name) => note[name]?.trim())) return one("textarea", form).focus();
    const button = one("button.primary", form);
    button.disabled = true;
    keep([...kept().filter((one) => one.client_id !== client), note]);
    const refused = await deliver(note);
    button.disabled = false;
    if (refused) return tell(form, refused);
  });
});
attach("[data-visit-close]", (button) => button.addEventListener("click", () => one("#found").replaceChildren()));

/** Send one note: "" when it was noted or has to wait for a connection, else why it was refused. */
async function deliver(note) {
  const form = new FormData();
  for (const [name, value] of Object.entries(note)) form.set(name, value);
  try {
    const html = await (await send("/counter/notes", { form })).text();
    keep(kept().filter((one) => one.client_id !== note.client_id));
    shown(html);
  } catch (failure) {
    if (!failure.status || failure.status === 401 || failure.status >= 500 || failure.status === 429) return waits(failure);
    keep(kept().filter((one) => one.client_id !== note.client_id));
    return failure.message;
  }
  return "";
}

function waits(failure) {
  const words = Object.assign(document.createElement("p"), { className: "notice warn", textContent: failure.message || say("offline") });
  one("#found").replaceChildren(words);
  return "";
}

function shown(html) {
  const [noted, fresh] = fragment(html);
  one("#found").replaceChildren(noted);
  one("#work").replaceChildren(...fresh.childNodes);
  settle(one("#work"));
  noted.scrollIntoView({ block: "nearest" });
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
  for (const note of kept()) await deliver(note);
  sending = false;
}

attach("[data-counter]", () => (keep(kept()), again()));
attach("[data-kept-send]", (button) => button.addEventListener("click", again));
window.addEventListener("online", again);
document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "found" && all("#found [name=asked]")[0]?.scrollIntoView({ block: "center" }));
