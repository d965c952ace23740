// Files by button, drop or paste, with progress; each can be taken off again before sending.
import { attach, one } from "./dom.js";
import { renewed } from "./http.js";
import { say } from "./words.js";

attach("[data-compose]", (form) => {
  const box = one(".box", form);
  const input = one("input[type=file]", form);
  const add = (files) => [...files].forEach((file) => upload(form, file));
  input.addEventListener("change", () => (add(input.files), (input.value = "")));
  one("[data-attach]", form).addEventListener("click", () => input.click());
  one("textarea", form).addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    if (!files.length || (types.includes("text/plain") && types.includes("text/html"))) return; // Excel and Word put a picture of the words beside them
    event.preventDefault();
    add(files);
  });
  const thread = form.closest(".thread");
  thread.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    box.classList.add("dropping");
  });
  thread.addEventListener("dragleave", (event) => thread.contains(event.relatedTarget) || box.classList.remove("dropping"));
  thread.addEventListener("drop", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return; // words are put where they are dropped
    event.preventDefault();
    box.classList.remove("dropping");
    add(event.dataTransfer.files);
  });
});

function upload(form, file) {
  const item = document.createElement("li");
  item.className = "upload";
  item.dataset.uploading = "";
  const name = Object.assign(document.createElement("span"), { className: "cut grow", textContent: file.name });
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  bar.setAttribute("aria-label", file.name);
  const off = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  off.setAttribute("aria-label", `${say("close")} ${file.name}`);
  item.append(name, bar, off);
  one("[data-uploads]", form).append(item);

  const request = new XMLHttpRequest(); // fetch tells no upload progress
  off.addEventListener("click", () => (request.abort(), item.remove()));
  const fail = (sentence) => {
    delete item.dataset.uploading;
    item.classList.add("bad");
    name.textContent = sentence;
    bar.remove();
  };
  if (file.size > Number(form.dataset.maxUpload)) return fail(say("tooLarge", { name: file.name }));
  request.upload.addEventListener("progress", (event) => event.lengthComputable && (bar.value = event.loaded / event.total));
  request.addEventListener("error", () => fail(say("uploadFailed", { name: file.name })));
  request.addEventListener("load", () => {
    if (!tried++ && renewed(request.status, (name) => request.getResponseHeader(name))) return go();
    const plain = (request.getResponseHeader("content-type") ?? "").startsWith("text/plain");
    if (request.status >= 300) return fail((plain && request.responseText) || say("uploadFailed", { name: file.name }));
    delete item.dataset.uploading;
    item.dataset.uploaded = JSON.parse(request.responseText).id;
    bar.remove();
  });
  const data = new FormData();
  data.set("file", file);
  let tried = 0;
  const go = () => {
    request.open("POST", `/conversations/${form.dataset.conversation}/attachments`);
    request.setRequestHeader("X-CSRF-Token", document.body.dataset.csrf);
    request.setRequestHeader("X-Requested-With", "fetch"); // a refusal is then a sentence, not a page
    request.send(data);
  };
  go();
}
