// Day, case and channel markers and the grouping of neighbours: each message carries its own, shown where it differs from the one before.
import { one } from "./dom.js";

function before(entry, key) {
  let at = entry.previousElementSibling;
  while (at && !(at.matches(".e") && at.dataset[key])) at = at.previousElementSibling;
  return at?.dataset[key] ?? "";
}

function mark(entry) {
  const line = one(":scope > .mark", entry);
  const last = entry.previousElementSibling?.matches(".e") ? entry.previousElementSibling : null;
  let any = false;
  for (const span of line?.children ?? []) {
    const key = span.dataset.mark;
    const differs = Boolean(entry.dataset[key]) && before(entry, key) !== entry.dataset[key];
    span.hidden = !differs;
    any ||= differs;
  }
  if (line) line.hidden = !any;
  const seen = one(".seen-here", entry);
  if (seen) seen.hidden = before(entry, "page") === entry.dataset.page;
  const near = last && Date.parse(entry.dataset.order.split("|")[0]) - Date.parse(last.dataset.order.split("|")[0]) < 300000;
  entry.classList.toggle("joined", Boolean(!any && near && entry.dataset.group && last.dataset.group === entry.dataset.group));
}

/** Put the markers of this entry and of the one after it right. */
export function tidy(entry) {
  if (entry?.matches(".e")) mark(entry);
  const next = entry?.nextElementSibling;
  if (next?.matches(".e")) mark(next);
}
