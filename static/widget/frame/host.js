// The frame's line to the page it sits on. The frame has no storage and no cookies of its own.
let port = null;
let asked = 0;
const waiting = new Map();

const [nonce, host] = location.hash.slice(1).split(",").map(decodeURIComponent);

// Calls `begin(init)` once the host page has answered the handshake; `heard(message)` for all that follows.
export function meet(begin, heard) {
  addEventListener("message", function first(event) {
    if (event.source !== parent || event.origin !== host || event.data !== `madoguchi:port:${nonce}` || !event.ports[0]) return;
    removeEventListener("message", first);
    port = event.ports[0];
    port.onmessage = ({ data }) => {
      if (data.t === "init") begin(data);
      else if (data.t === "answer") settle(data);
      else heard(data);
    };
    tell({ t: "up", nonce });
  });
  if (nonce && host && parent !== window) parent.postMessage(`madoguchi:ready:${nonce}`, host);
}

function settle({ n, value, error, final }) {
  const [done, failed] = waiting.get(n) || [];
  waiting.delete(n);
  if (error === undefined) done?.(value);
  else failed?.(Object.assign(new Error(error), { final }));
}

export const tell = (message) => port.postMessage(message);
export const keep = (name, value) => tell({ t: "put", name, value });
export const ask = (what, arg) => new Promise((done, failed) => {
  waiting.set(++asked, [done, failed]);
  tell({ t: "ask", n: asked, what, arg });
});
