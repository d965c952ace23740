// What happens on Telegram when a button is tapped; a chat begins with one.
import { say } from "../js/words.js";

const DONE = {
  message: (action, act) => act("text", { text: action.text }),
  callback: (action, act) => act("postback", { message: action.message, data: action.data }),
  uri: (action) => window.open(action.uri, "_blank", "noopener,noreferrer"),
};

export const opening = [{ action: { type: "message", label: say("start"), text: "/start" } }];

export function tapped(action, act) {
  return DONE[action.type]?.(action, act);
}
