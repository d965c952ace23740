// What happens on Meta's platforms when a button of a message is tapped.
const DONE = {
  quick: (action, act) => act("text", { text: action.label, payload: action.payload }),
  choice: (action, act) => act("choice", { kind: action.kind, title: action.label, id: action.payload }),
  postback: (action, act) => act("postback", { title: action.label, payload: action.payload }),
  uri: (action) => window.open(action.uri, "_blank", "noopener,noreferrer"),
};

export function tapped(action, act) {
  return DONE[action.type]?.(action, act);
}
