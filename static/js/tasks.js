// Tasks: the form's own time, a note that becomes one, and the list that stays current and keeps its place.
import { all, attach, later, one } from "./dom.js";
import { toast } from "./toast.js";

attach("[data-own-time]", (radio) => {
  const own = one("input[type=datetime-local]", radio.closest("label"));
  own.addEventListener("input", () => (radio.checked = true));
  radio.addEventListener("change", () => own.focus());
});

// What was typed as a note goes along into the form; once it is a task, it is no note any more.
attach("[data-note-task]", (button) => {
  button.addEventListener("click", () => (one("#task").dataset.fromNote = "yes"));
});
document.addEventListener("htmx:afterRequest", (event) => {
  const dialog = event.target.closest?.("#task");
  if (!dialog || !event.detail.successful || event.detail.requestConfig.verb === "get") return;
  const field = dialog.dataset.fromNote && one("[data-compose] textarea[name=text]");
  delete dialog.dataset.fromNote;
  if (!field) return;
  field.value = "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
attach("#task", (dialog) => dialog.addEventListener("close", () => setTimeout(() => delete dialog.dataset.fromNote)));

/** Something of the tasks changed: the page of them is fetched anew, unless somebody is writing in it. */
export const stale = later(500, () => {
  const list = one("[data-tasks]");
  if (list && !one("#task[open]")) list.dispatchEvent(new Event("tasks:stale"));
});

/** A task has fallen due: said where one is working, too. */
export const call = ({ title, body }) => toast(`${title}: ${body}`, { seconds: 12 });

// The list is replaced when one is finished: the focus goes on at the same place.
let at = -1;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "tasks") return;
  at = all("#tasks .task-row").findIndex((row) => row.contains(document.activeElement));
});
document.addEventListener("htmx:afterSettle", (event) => {
  const rows = all("#tasks .task-row .row");
  if (event.detail.target?.id === "tasks" && at >= 0) (rows[Math.min(at, rows.length - 1)] ?? one("#tasks a"))?.focus();
  if (event.detail.target?.id === "tasks") at = -1;
});
