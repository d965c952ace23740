// What happens on LINE when a button of a message is tapped.
const DONE = {
  message: (action, act) => act("text", { text: action.text }),
  postback: (action, act) => act("postback", { data: action.data, displayText: action.displayText ?? action.text ?? "" }),
  location: (_action, act) => act("location", { latitude: 34.6877, longitude: 135.1902 }),
  uri: (action) => window.open(action.uri, "_blank", "noopener,noreferrer"),
  clipboard: (action) => navigator.clipboard.writeText(action.clipboardText),
  datetimepicker: (action, act) => {
    const now = new Date().toISOString();
    const said = { date: now.slice(0, 10), time: now.slice(11, 16), datetime: now.slice(0, 16) }[action.mode];
    return act("postback", { data: action.data, params: { [action.mode]: said }, displayText: said });
  },
};

export function tapped(action, act) {
  return DONE[action.type]?.(action, act);
}
