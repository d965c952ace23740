// Requests of our own: the CSRF token goes with each, failures become sentences.
import { say } from "./words.js";

export class Failure extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status; // 0: the server was not reached
  }
}

export async function send(url, { method = "POST", form, keepalive = false, signal } = {}) {
  const headers = { "X-CSRF-Token": document.body.dataset.csrf ?? "", "X-Requested-With": "fetch" };
  let response;
  try {
    response = await fetch(url, { method, headers, body: form, keepalive, signal, redirect: "manual" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(say("offline"), 0);
  }
  if (response.ok) return response;
  if (response.type === "opaqueredirect" || response.status === 401) throw new Failure(say("signedOut"), 401);
  const plain = (response.headers.get("content-type") ?? "").startsWith("text/plain");
  const sentence = plain ? (await response.text()).slice(0, 400) : "";
  throw new Failure(sentence || say(response.status >= 500 ? "kept" : "refused"), response.status);
}

export const load = (url, options = {}) => send(url, { ...options, method: "GET" });
