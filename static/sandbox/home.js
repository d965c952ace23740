// The sandbox's front page: rules of misbehaviour, and the record as it grows.
import { el, post } from "./dom.js";
import { say } from "../js/words.js";

const form = document.querySelector("[data-rule]");
const list = document.querySelector("[data-rules]");
const behave = document.querySelector("[data-behave]");
const rows = document.querySelector("[data-record]");
const KEPT = 60, EVERY = 1500;
let last = 0;

function words(fault) {
  return form.querySelector(`option[value="${CSS.escape(fault)}"]`)?.textContent ?? fault;
}

function often(rule) {
  if (rule.count !== null) return say("times", { n: rule.count });
  return rule.probability === 1 ? say("always") : `${Math.round(rule.probability * 100)} %`;
}

function show({ faults }) {
  behave.hidden = !faults.length;
  list.replaceChildren(...faults.map((rule) => el("li", {}, el("b", {}, words(rule.fault)), ` ${often(rule)} · ${say("struck", { n: rule.struck })}`)));
}

function details(entry) {
  if (entry.what === "accepted") return entry.messages.map((message) => message.text ?? message.altText ?? message.type).join(" / ");
  if (entry.what === "webhook") return `${entry.status || entry.reason} · ${entry.events.join(" ")}`;
  return entry.what === "fault" ? words(entry.fault) : `${entry.status} ${entry.message}`;
}

function row(entry) {
  const at = new Date(entry.at).toLocaleTimeString(document.documentElement.lang);
  return el("tr", { class: entry.what }, el("td", {}, at), el("td", {}, say(entry.what)), el("td", {}, entry.call ?? ""), el("td", { class: "long" }, details(entry)));
}

async function look() {
  const told = await (await fetch(`/record?since=${last}`)).json();
  for (const entry of told.entries) {
    rows.prepend(row(entry));
    last = entry.n;
  }
  while (rows.children.length > KEPT) rows.lastElementChild.remove();
  document.querySelector("[data-nothing]").hidden = rows.children.length > 0;
  if (told.entries.length) show(await (await fetch("/faults")).json());
}

async function goOn() {
  await look().catch(() => {});
  setTimeout(goOn, EVERY);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const chosen = new FormData(form);
  const often = chosen.get("often");
  const chance = often.endsWith("%") ? { probability: parseInt(often, 10) / 100 } : { count: Number(often) };
  show(await post("/faults", { fault: chosen.get("fault"), ...chance }));
});
behave.addEventListener("click", async () => show(await post("/faults", [], "PUT")));
show(await (await fetch("/faults")).json());
goOn();
