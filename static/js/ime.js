// Enter that confirms a conversion is not Enter. Chrome says isComposing; Firefox and old ones keyCode 229; Safari ends the
// composition first and sends the keydown right after it.
const ended = new WeakMap();

export function watch(field) {
  field.addEventListener("compositionstart", () => ended.set(field, Infinity));
  field.addEventListener("compositionend", (event) => ended.set(field, event.timeStamp));
}

export function converting(event) {
  const at = ended.get(event.currentTarget) ?? -Infinity;
  return event.isComposing || event.keyCode === 229 || at === Infinity || Math.abs(event.timeStamp - at) < 25;
}
