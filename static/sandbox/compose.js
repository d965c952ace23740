// Writing on the phone: text, stickers, photos and files, a place; what is quoted.
import { watch, converting } from "../js/ime.js";
import { say } from "../js/words.js";

const MOST = 20 * 1024 * 1024;
const KINDS = { image: "image", video: "video", audio: "audio" };

export function attach(phone, act, find) {
  const form = phone.querySelector("[data-composer]");
  const field = form.querySelector("textarea");
  const file = form.querySelector("[data-file]");
  const sheets = { more: phone.querySelector("[data-more]"), stickers: phone.querySelector("[data-stickers]") };
  const quoting = phone.querySelector("[data-quoting]");
  let quoted = "", edited = "";

  function open(name) {
    for (const [key, sheet] of Object.entries(sheets)) {
      sheet.hidden = key !== name || !sheet.hidden;
      form.querySelector(`[data-open=${key}]`).setAttribute("aria-expanded", String(!sheet.hidden));
    }
  }

  function quote(id) {
    if (edited && !id) field.value = "";
    quoted = id;
    edited = "";
    quoting.hidden = !id;
    const bubble = find(id);
    phone.querySelector("[data-quoted]").textContent = bubble ? bubble.text || say(bubble.kind) : "";
    if (id) field.focus();
  }

  function edit(id) {
    quote(id);
    [quoted, edited] = ["", id];
    field.value = find(id).text;
    grow();
  }

  function grow() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 120)}px`;
    form.classList.toggle("filled", Boolean(field.value.trim()));
  }

  async function send() {
    const text = field.value;
    if (!text.trim()) return;
    const about = { text, ...(quoted ? { quote: quoted } : {}), ...(edited ? { message: edited } : {}) };
    const what = edited ? "edit" : "text";
    field.value = "";
    quote("");
    grow();
    if (!(await act(what, about)) && !field.value) {
      field.value = text;
      grow();
    }
  }

  async function sendFiles(files) {
    const photos = files.filter((one) => one.type.startsWith("image/"));
    const set = photos.length > 1 ? crypto.randomUUID?.() ?? String(Date.now()) : "";
    for (const one of files) {
      if (one.size > MOST) {
        phone.querySelector("[data-trouble]").textContent = say("large");
        continue;
      }
      const kind = KINDS[one.type.split("/")[0]] ?? "file";
      const together = set && kind === "image" ? { set: { id: set, index: photos.indexOf(one) + 1, total: photos.length } } : {};
      await act(kind, { name: one.name, type: one.type || "application/octet-stream", content: await read(one), ...together });
    }
  }

  watch(field);
  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || converting(event)) return;
    event.preventDefault();
    send();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
    field.focus();
  });
  phone.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { open: sheet, sticker, pick } = button.dataset;
    if (sheet) open(sheet);
    if (sticker) act("sticker", { stickerId: sticker }).then(() => open(""));
    if (pick !== undefined) {
      file.accept = pick;
      file.click();
      open("");
    }
    if ("place" in button.dataset) {
      act("location", { title: say("place"), address: say("address"), latitude: 34.6877, longitude: 135.1902 });
      open("");
    }
    if ("unquote" in button.dataset) quote("");
  });
  phone.addEventListener("keydown", (event) => {
    if (event.key === "Escape") open("");
  });
  file.addEventListener("change", async () => {
    await sendFiles([...file.files]);
    file.value = "";
  });
  return { quote, edit, close: () => open("") };
}

function read(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}
