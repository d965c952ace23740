// A list goes to a file: the button counts the rows as they come, and a second press stops it.
import { attach, one } from "./dom.js";
import { toast } from "./toast.js";

attach("[data-export]", (form) => {
  const words = one("[data-export-words]", form);
  const usual = words.textContent;
  let going = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (going) return going.abort();
    going = new AbortController();
    try {
      const answer = await fetch(form.action, { method: "POST", body: asked(form), signal: going.signal });
      if (!answer.ok) throw new Error();
      const parts = await read(answer, (n) => (words.textContent = form.dataset.count.replace("%(n)s", n.toLocaleString())));
      save(new Blob(parts, { type: "text/csv" }), name(answer));
    } catch {
      if (!going.signal.aborted) toast(form.dataset.failed, { bad: true });
    }
    going = null;
    words.textContent = usual;
  });
});

/** The conditions as they stand, and the token of the page. */
function asked(form) {
  const data = new FormData(one("#conditions"));
  data.set("csrf", form.elements.csrf.value);
  return data;
}

async function read(answer, told) {
  const parts = [];
  let rows = -1;
  for await (const part of stream(answer.body.getReader())) {
    parts.push(part);
    for (const byte of part) if (byte === 10) rows += 1;
    told(Math.max(0, rows));
  }
  return parts;
}

async function* stream(reader) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function name(answer) {
  return /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "customers.csv";
}

function save(blob, called) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: called });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
