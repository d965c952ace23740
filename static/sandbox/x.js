// What happens on X when a button of a message is tapped: only links are.
export function tapped(action) {
  if (action.type === "uri") window.open(action.uri, "_blank", "noopener,noreferrer");
}
