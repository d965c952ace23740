// data-review: rows that are judged one after the other; once something is said of one, the next one has the focus.
import { all, attach, one } from "./dom.js";

attach("[data-review]", (list) =>
  list.addEventListener("htmx:afterSettle", (event) => {
    const row = event.target;
    if (row.matches(".choosing")) return one("button, select", row)?.focus();
    if (row.parentElement !== list) return;
    const rows = all(":scope > li", list);
    const after = rows.slice(rows.indexOf(row) + 1).find((each) => !one("[data-judged]", each));
    const next = one("[data-judged]", row) ? (after ?? row) : row;
    one(".row-link", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }),
);
