// The time by the server's clock, which says until when a way is open: the machine's own may be far off.
const ahead = Date.parse(document.body.dataset.now) - Date.now();

export const now = () => Date.now() + (Math.abs(ahead) > 30e3 ? ahead : 0); // less is the way of the page to here
