// The connection: a WebSocket, or long polling where a proxy breaks WebSockets. Whatever happens to it, the
// page above only sees `onFrame(frame)` and `onState("connecting" | "open" | "lost" | "closed")`.
import { ask } from "./host.js";

const QUIET = 70e3; // the server pings every 25 s
const READY = 12e3;

// `hello()` makes the first frame of every connection; `after()` tells the last event we hold.
export function connect({ base, path, hello, after, token, onFrame, onState }) {
  let socket = null, polling = null, tries = 0, neverOpened = 0, stopped = false, watchdog = 0, timer = 0, stale = false, welcomed = false;

  const url = (rest) => `${base}${path}/${rest}`;

  async function start() {
    clearTimeout(timer);
    if (stopped || socket || polling) return;
    onState("connecting");
    let first;
    try {
      first = await hello(await ask("ticket", stale));
      stale = false;
    } catch (error) {
      return error.final ? give(error) : again();
    }
    if (stopped || socket || polling) return;
    neverOpened >= 2 ? poll(first) : open(first);
  }

  function open(first) {
    welcomed = false;
    const mine = new WebSocket(url("socket").replace(/^http/, "ws"));
    socket = mine;
    alive(READY);
    mine.onopen = () => mine.send(JSON.stringify(first));
    mine.onmessage = ({ data }) => {
      if (socket !== mine) return;
      alive(QUIET);
      const frame = JSON.parse(data);
      if (frame.t === "ping") return mine.send('{"t":"pong"}');
      if (frame.t === "welcome") { welcomed = true; neverOpened = tries = 0; onState("open"); }
      take(frame);
    };
    mine.onclose = () => {
      if (socket !== mine) return;
      socket = null;
      if (!welcomed) neverOpened += 1;
      again();
    };
  }

  // One frame in. A ticket that ran out is no news for the visitor: fetch another and come back.
  function take(frame) {
    const code = frame.t === "error" && frame.code;
    if (code === "ticket") stale = true;
    // Ended elsewhere (a sign-out in another tab): begin again with what the page keeps now.
    else if (code === "token") { stopped = true; location.reload(); }
    else if (code && frame.fatal) give(frame);
    else onFrame(frame);
  }

  function alive(ms) {
    clearTimeout(watchdog);
    watchdog = setTimeout(drop, ms);
  }

  function drop() {
    const old = socket;
    socket = null;
    if (old) { old.onclose = null; old.close(); if (!welcomed) neverOpened += 1; }
    polling?.abort();
    polling = null;
    again();
  }

  function again() {
    clearTimeout(watchdog);
    clearTimeout(timer);
    if (stopped) return;
    onState("lost");
    const wait = Math.min(30e3, 500 * 2 ** tries++) * (0.5 + Math.random() / 2);
    timer = setTimeout(start, stale ? 50 : wait);
  }

  function give(error) {
    stopped = true;
    clearTimeout(watchdog);
    onState("closed", error);
    socket?.close();
  }

  async function post(frames) {
    const answer = await fetch(url("frames"), { method: "POST", body: JSON.stringify({ token: token(), frames }) });
    if (!answer.ok && ![400, 401, 429].includes(answer.status)) throw new Error();
    return (await answer.json()).frames || [];
  }

  async function poll(first) {
    const mine = new AbortController();
    polling = mine;
    try {
      const frames = await post([first]);
      frames.forEach(take);
      if (stopped || !frames.some((f) => f.t === "welcome")) throw new Error();
      tries = 0;
      onState("open");
      const until = Date.now() + (5 + 5 * Math.random()) * 6e4;
      while (Date.now() < until && polling === mine && !stopped) {
        const answer = await fetch(url(`events?after=${after() || 0}&wait=25`), { headers: { Authorization: `Bearer ${token()}` }, signal: mine.signal });
        if (!answer.ok) throw new Error();
        (await answer.json()).frames.forEach(take);
      }
      // What broke sockets may have been a restart: now and then one is tried, and in vain it is polled on.
      if (polling === mine && !stopped) { polling = null; neverOpened = 1; start(); }
    } catch {
      if (polling === mine) { polling = null; again(); }
    }
  }

  addEventListener("online", () => { tries = 0; drop(); neverOpened = 0; });
  start();

  return {
    // Returns false when the frame could not even be written.
    send(frame) {
      if (socket?.readyState === 1) { socket.send(JSON.stringify(frame)); return true; }
      if (!polling) return false;
      post([frame]).then((frames) => frames.forEach(take), drop);
      return true;
    },
    wake() { if (!socket && !polling) { tries = 0; start(); } },
  };
}
