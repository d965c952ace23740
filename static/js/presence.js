// Who else is here, and who is writing.
import { attach, one } from "./dom.js";
import { openId } from "./thread.js";
import { say } from "./words.js";

let hide = 0;
let last = null; // who is here: said again only after a while, and the head may be drawn anew before

/** frame: {conversation, name, on} */
export function showTyping(frame) {
  const place = one("[data-typing]");
  if (!place || frame.conversation !== openId()) return;
  clearTimeout(hide);
  place.hidden = !frame.on;
  one("span:last-child", place).textContent = frame.on ? say("typing", { name: frame.name }) : "";
  if (frame.on) hide = setTimeout(() => (place.hidden = true), 6000);
}

/** frame: {conversation, people: [{id, name, initials, hue}]}, the viewer left out by id. */
export function showPresence(frame) {
  last = frame;
  const place = one("[data-here]");
  if (!place || frame.conversation !== openId()) return;
  const others = frame.people.filter((person) => String(person.id) !== document.body.dataset.viewer);
  place.replaceChildren(
    ...others.slice(0, 4).map((person) => {
      const avatar = document.createElement("span");
      avatar.className = `avatar small ${person.hue}`;
      avatar.textContent = person.initials;
      avatar.title = say("seen", { name: person.name });
      avatar.setAttribute("role", "img");
      avatar.setAttribute("aria-label", avatar.title);
      return avatar;
    }),
  );
}
attach("[data-here]", () => last && showPresence(last));
