// The one socket of the page, kept open by htmx's ws extension; here it is only listened to and told things.
let wrapper = null;
const listeners = [];

export const onFrame = (listener) => listeners.push(listener);
export const state = { open: false, heard: 0 };

export function tell(frame) {
  if (state.open) wrapper?.sendImmediately(JSON.stringify(frame));
}

document.addEventListener("htmx:wsOpen", (event) => {
  wrapper = event.detail.socketWrapper;
  state.open = true;
  state.heard = Date.now();
  document.dispatchEvent(new CustomEvent("live:open"));
});
document.addEventListener("htmx:wsClose", (event) => {
  state.open = false;
  if (event.detail.event.code === 4401) setTimeout(() => state.open || wrapper?.reconnect(), 5000); // they may sign in again beside this page
  document.dispatchEvent(new CustomEvent("live:closed", { detail: event.detail.event.code }));
});
document.addEventListener("htmx:wsBeforeMessage", (event) => {
  event.preventDefault(); // our frames are JSON, not HTML to be swapped
  state.heard = Date.now();
  const frame = JSON.parse(event.detail.message);
  for (const listener of listeners) listener(frame);
});
// A socket that died without saying so: the server ticks every 20 seconds.
setInterval(() => {
  if (state.open && Date.now() - state.heard > 50000) wrapper?.reconnect();
}, 10000);
export const reconnect = () => wrapper?.reconnect();
