// Requests of our own: the CSRF token goes with each, failures become sentences.
import { say } from "./words.js";

export class Failure extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status; // 0: the server was not reached
  }
}

/** Signed in again beside this page, as the same person: from here on the new session's token goes along. */
export function renewed(status, header) {
  const fresh = status === 403 && header("X-CSRF-Token");
  if (!fresh || header("X-Viewer") !== document.body.dataset.viewer) return false;
  document.body.dataset.csrf = fresh;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": fresh }));
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = fresh;
  return true;
}

export async function send(url, options = {}, again = false) {
  const { method = "POST", form, keepalive = false, signal } = options;
  const headers = { "X-CSRF-Token": document.body.dataset.csrf ?? "", "X-Requested-With": "fetch" };
  let response;
  try {
    response = await fetch(url, { method, headers, body: form, keepalive, signal, redirect: "manual" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(say("offline"), 0);
  }
  if (response.ok) return response;
  if (!again && renewed(response.status, (name) => response.headers.get(name))) return send(url, options, true);
  if (response.type === "opaqueredirect" || response.status === 401) throw new Failure(say("signedOut"), 401);
  const plain = (response.headers.get("content-type") ?? "").startsWith("text/plain");
  const sentence = plain ? (await response.text()).slice(0, 400) : "";
  throw new Failure(sentence || say(response.status >= 500 ? "kept" : "refused"), response.status);
}

export const load = (url, options = {}) => send(url, { ...options, method: "GET" });
