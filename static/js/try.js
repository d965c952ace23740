// data-try: a form that sends a request of the API with the token at the top of the page, and shows what came back.
import { attach, one } from "./dom.js";

const KEPT = "api-token";
const TOLD = ["etag", "ratelimit-remaining", "retry-after", "idempotent-replayed", "location"];

attach("#api-token", (field) => {
  try {
    field.value = sessionStorage.getItem(KEPT) ?? "";
    field.addEventListener("change", () => sessionStorage.setItem(KEPT, field.value.trim()));
  } catch {
    // no storage: the token is typed on each page
  }
});

attach("[data-try]", (form) =>
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = one("[data-answer]", form);
    answer.hidden = false;
    try {
      await show(answer, await fetch(...request(form)));
    } catch (error) {
      one("[data-status]", answer).textContent = String(error);
      one("[data-body]", answer).textContent = "";
    }
  }),
);

/** The address and options of the request that the form says. Cookies stay here: the API looks at none. */
function request(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = { authorization: `Bearer ${one("#api-token").value.trim()}` };
  for (const [key, value] of new FormData(form)) {
    if (typeof value !== "string" || value === "" || !key.includes(":")) continue;
    const [place, name] = key.split(/:(.*)/);
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    if (place === "query") query.append(name, value);
    if (place === "header") headers[name] = value;
  }
  const options = { method: form.dataset.method, headers, credentials: "omit", redirect: "manual" };
  if (form.elements.file) {
    options.body = new FormData();
    options.body.append("file", form.elements.file.files[0]);
  } else if (form.elements.body) {
    headers["content-type"] = "application/json";
    options.body = form.elements.body.value;
  }
  return [`${path}${query.size ? `?${query}` : ""}`, options];
}

async function show(answer, response) {
  const told = TOLD.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
  one("[data-status]", answer).textContent = `${response.status} ${response.statusText}`;
  one("[data-headers]", answer).textContent = told.join(" · ");
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) one("[data-body]", answer).textContent = JSON.stringify(await response.json(), null, 2);
  else if (type.startsWith("text/event-stream")) await follow(response, one("[data-body]", answer));
  else one("[data-body]", answer).textContent = type.startsWith("text/") ? await response.text() : `${(await response.blob()).size} bytes, ${type || "nothing"}`;
}

/** A stream has no end: the first seconds of it. */
async function follow(response, target) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const end = setTimeout(() => reader.cancel(), 15000);
  target.textContent = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) target.textContent += part.value;
  clearTimeout(end);
}
