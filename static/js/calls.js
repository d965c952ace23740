// Telephone calls: who is calling just now, how long a call lasts, and its note, which waits where one was.
import { now } from "./clock.js";
import { all, attach, fragment, isTyping, one, settle } from "./dom.js";
import { load } from "./http.js";
import { notify } from "./notify.js";

const place = () => one("[data-pops]");
const away = new Set(JSON.parse(sessionStorage.getItem("pops-away") ?? "[]"));

/** It rings: once for each call, however often that is told. */
export function ring({ id, html }) {
  if (away.has(String(id)) || !place()) return;
  const [fresh] = fragment(html);
  const before = document.getElementById(fresh.id);
  if (before) before.replaceWith(fresh);
  else {
    place().append(fresh);
    notify({ title: one(".who", fresh).textContent.trim(), body: one(".muted", fresh).textContent.trim(), url: one("a", fresh).pathname }, fresh.id);
  }
  settle(fresh);
}

/** It goes on, or is over: it rings no more. */
export const rang = (id) => document.getElementById(`pop-${id}`)?.remove();

async function ringing() {
  if (!place()) return;
  try {
    const fresh = fragment(await (await load("/calls/ringing")).text());
    const ids = new Set(fresh.map((pop) => pop.id));
    for (const old of all(".pop-card", place())) if (!ids.has(old.id)) old.remove();
    for (const pop of fresh) ring({ id: pop.dataset.pop, html: pop.outerHTML });
  } catch {
    // The next connection asks again.
  }
}
document.addEventListener("live:open", ringing);

attach("[data-pop-away]", (button) => {
  button.addEventListener("click", () => {
    const pop = button.closest("[data-pop]");
    away.add(pop.dataset.pop);
    sessionStorage.setItem("pops-away", JSON.stringify([...away].slice(-50)));
    pop.remove();
  });
});

function lasted(since) {
  const seconds = Math.max(0, Math.floor((now() - Date.parse(since)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function tick() {
  for (const timer of all("[data-timer]")) timer.textContent = lasted(timer.dataset.timer);
  for (const field of all("[data-timer-field]")) if (!field.dataset.own) field.value = lasted(field.dataset.timerField);
}
setInterval(tick, 1000);
document.addEventListener("htmx:load", tick);

// The time runs on until somebody writes it themselves; what was typed is kept while one looks elsewhere.
attach("[data-call-note]", (form) => {
  const field = one("textarea", form);
  const key = `note:${form.getAttribute("hx-post")}`;
  const kept = sessionStorage.getItem(key);
  if (kept) field.value = kept;
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-timer-field]")) event.target.dataset.own = "yes";
    if (event.target === field) sessionStorage.setItem(key, field.value);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.preventDefault(), form.requestSubmit();
  });
  form.addEventListener("htmx:afterRequest", (event) => event.detail.successful && event.detail.elt === form && sessionStorage.removeItem(key));
  for (const close of all("[data-call-close]", form)) {
    close.addEventListener("click", () => {
      sessionStorage.removeItem(key);
      form.remove();
      one("[data-log]")?.focus();
    });
  }
  tick();
  if (!isTyping(document.activeElement)) field.focus();
});

// A new call goes straight on to its note.
attach("[data-call-new]", (button) => {
  const asked = new URL(location.href);
  if (asked.searchParams.get("note") !== "call") return;
  asked.searchParams.delete("note");
  history.replaceState(history.state, "", asked);
  setTimeout(() => button.click());
});
