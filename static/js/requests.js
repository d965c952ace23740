// What htmx asks for and is refused becomes a sentence; what was typed stays.
import { written } from "./dom.js";
import { renewed, send } from "./http.js";
import { waits } from "./outbox.js";
import { toast } from "./toast.js";
import { say } from "./words.js";

document.addEventListener("htmx:responseError", (event) => {
  const xhr = event.detail.xhr;
  const plain = (xhr.getResponseHeader("content-type") ?? "").startsWith("text/plain");
  if (renewed(xhr.status, (name) => xhr.getResponseHeader(name))) return toast(say("renewed"), { bad: true });
  if (xhr.status === 401) return toast(say("signedOut"), { bad: true });
  toast((plain && xhr.responseText.slice(0, 400)) || say(xhr.status >= 500 ? "kept" : "refused"), { bad: true });
});
// Where something was written, or waits to be sent, a session that has ended takes nobody to the door: it would be lost.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401 || !(written() || waits())) return;
  event.preventDefault();
  toast(say("signedOut"), { bad: true });
});
// Rows that could not be loaded can be asked for again.
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const rows = event.detail.elt;
    if (!rows?.matches?.(".more-rows")) return;
    const again = Object.assign(document.createElement("button"), { type: "button", className: "btn small more", textContent: say("retry") });
    again.addEventListener("click", () => window.htmx.ajax("GET", rows.getAttribute("hx-get"), { target: rows, swap: "outerHTML" }));
    rows.replaceChildren(again);
  });
}
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(say("offline"), { bad: true }));
}
// A refused form answers 422 with itself, its errors in it: that is to be shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  const html = (event.detail.xhr.getResponseHeader("content-type") ?? "").startsWith("text/html");
  if (event.detail.xhr.status === 422 && html) event.detail.shouldSwap = true;
});
// A plain form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get" || form.dataset.sent) return form.dataset.sent && event.preventDefault();
  if (form.matches("[hx-post], [hx-put], [hx-delete], [data-compose]")) return;
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 30000);
  if (form === asked || !document.body.dataset.viewer || form.matches("[data-confirm]") || !written(form)) return;
  event.preventDefault();
  knock(form, event.submitter);
});
// It takes the page with it, and what is written in it: before that one asks whether the session still lives.
let asked = null;
async function knock(form, submitter) {
  try {
    await send("/session");
  } catch (failure) {
    delete form.dataset.sent;
    if ([0, 401, 403].includes(failure.status)) return toast(failure.message, { bad: true }); // nobody, or somebody else
  }
  delete form.dataset.sent;
  asked = form;
  form.requestSubmit(submitter);
  asked = null;
}
// The way back shows the page as it was left.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
