// What happens on WeChat when a line of a menu in a message is tapped.
export function tapped(action, act) {
  return act("choice", { title: action.label, id: action.id });
}
