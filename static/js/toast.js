// A sentence at the foot of the page, with at most one action; it counts down if it has a deadline.
import { all, one } from "./dom.js";
import { say } from "./words.js";

export function toast(sentence, { bad = false, action = "", onAction = null, seconds = bad ? 9 : 4, counts = false } = {}) {
  const place = placeFor(all("dialog:modal").at(-1));
  if (!place || !sentence) return () => {};
  const element = document.createElement("div");
  element.className = bad ? "toast bad" : "toast";
  const words = document.createElement("span");
  words.textContent = sentence;
  element.append(words);
  const close = () => (clearInterval(timer), element.remove());
  if (counts) element.append(Object.assign(document.createElement("span"), { className: "left", textContent: seconds, ariaHidden: "true" }));
  if (action || bad) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: action || say("close") });
    button.addEventListener("click", () => (close(), onAction?.()));
    element.append(button);
  }
  const timer = setInterval(() => {
    seconds -= 1;
    if (counts) one(".left", element).textContent = Math.max(0, seconds);
    if (seconds <= 0) close();
  }, 1000);
  place.append(element);
  return close;
}

/** What is said beside an open dialog could be neither read nor pressed: it is said in it, and stays when that closes. */
function placeFor(dialog) {
  const page = one("[data-toasts]");
  if (!page || !dialog) return page;
  const there = one(":scope > .toasts", dialog);
  if (there) return there;
  const place = Object.assign(document.createElement("div"), { className: "toasts", role: "alert" });
  dialog.append(place);
  dialog.addEventListener("close", () => (page.append(...place.childNodes), place.remove()), { once: true });
  return place;
}

// Nobody's cookie may keep the page's scripts from starting.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

// What a redirect wanted to say waits in a cookie.
const waiting = document.cookie.match(/(?:^|; )toast=([^;]*)/);
if (waiting) {
  document.cookie = "toast=; path=/; max-age=0";
  toast(decoded(waiting[1]));
}
