// When nobody looks: a number in the title, and a notification if the viewer allowed it.
import { attach } from "./dom.js";

let unseen = 0;

export function notify({ title: who, body, url }, tag) {
  if (document.hasFocus()) return;
  unseen += 1;
  document.title = `(${unseen}) ${document.title.replace(/^\(\d+\) /, "")}`;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const note = shown(who, { body, tag, icon: document.querySelector("link[rel=icon]")?.href });
  if (!note) return;
  note.onclick = () => {
    window.focus();
    if (url && location.pathname !== url) location.assign(url);
    note.close();
  };
}

/** Nothing where only a service worker may show one (Chrome on Android). */
function shown(who, options) {
  try {
    return new Notification(who, options);
  } catch {
    return null;
  }
}

window.addEventListener("focus", () => {
  unseen = 0;
  document.title = document.title.replace(/^\(\d+\) /, "");
});

attach("[data-notify-ask]", (button) => {
  button.hidden = !("Notification" in window) || Notification.permission !== "default";
  button.addEventListener("click", async () => (button.hidden = (await Notification.requestPermission()) !== "default"));
});
