// <time data-tick="since|left">: the words follow the clock, without a request. One timer for the whole page.
import { now } from "./clock.js";
import { all } from "./dom.js";
import { say } from "./words.js";

const UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"]];

function length(seconds) {
  for (const [size, word] of UNITS) if (seconds >= size) return say(word, { n: Math.floor(seconds / size) });
  return say("second", { n: Math.max(0, Math.floor(seconds)) });
}

function tick() {
  if (document.hidden) return;
  for (const time of all("time[data-tick]")) {
    const left = (Date.parse(time.dateTime) - now()) / 1000;
    const words = length(Math.abs(left));
    if (time.textContent !== words) time.textContent = words;
    const waited = -left / 60;
    const row = time.closest("[data-warm]");
    if (row) {
      time.classList.toggle("hot", waited >= Number(row.dataset.hot ?? 15));
      time.classList.toggle("warm", waited >= Number(row.dataset.warm) && waited < Number(row.dataset.hot ?? 15));
    }
    const due = time.closest(".due");
    if (due) {
      due.classList.toggle("over", left < 0);
      for (const word of all("[data-when]", due)) word.hidden = (word.dataset.when === "over") !== left < 0;
    }
  }
}

setInterval(tick, 1000);
tick();
document.addEventListener("htmx:load", tick);
document.addEventListener("visibilitychange", tick);
