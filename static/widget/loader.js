// The one-line loader a shop puts on its pages:
//   <script async src="https://HOST/widget.js" data-channel="KEY"></script>
// It draws the launcher in a shadow root, keeps what must outlive a page (visitor token, unsent messages,
// draft) in the shop's own localStorage, and opens the chat in a sandboxed frame it talks to through a
// MessageChannel. It must never break or slow the page it is a guest on: everything is guarded.
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector("script[data-channel][src*='/widget.js']");
  const stub = window.madoguchi;
  if (!script || (stub && stub.ready)) return;
  const base = new URL(script.src).origin;
  const key = script.dataset.channel;
  const prefix = `madoguchi.${key}.`;
  const FRESH = 8 * 60e3; // a ticket lives 15 minutes

  const memory = new Map(), unwritten = new Set(); // names that the storage did not take
  let disk = null;
  try { disk = window.localStorage; disk.getItem(prefix); } catch { disk = null; }
  const read = (name) => {
    let text = memory.get(name);
    try { if (disk && !unwritten.has(name)) text = disk.getItem(prefix + name); } catch { /* storage was blocked meanwhile */ }
    try { return text === undefined || text === null ? null : JSON.parse(text); } catch { return null; }
  };
  const write = (name, value) => {
    const gone = value === null || value === undefined;
    const text = JSON.stringify(value);
    gone ? memory.delete(name) : memory.set(name, text);
    unwritten.delete(name);
    try { disk && (gone ? disk.removeItem(prefix + name) : disk.setItem(prefix + name, text)); } catch { unwritten.add(name); }
  };
  const names = () => {
    const all = new Set(memory.keys());
    try { if (disk) for (const k of Object.keys(disk)) if (k.startsWith(prefix)) all.add(k.slice(prefix.length)); } catch { /* memory alone */ }
    return [...all];
  };
  // Unsent messages are one entry each, so that two tabs never overwrite one another's.
  const outbox = () => names().filter((n) => n.startsWith("out.")).map(read).filter(Boolean);
  const wipe = () => names().forEach((n) => write(n, null));

  const listeners = {};
  const emit = (name, data) => (listeners[name] || []).forEach((fn) => {
    try { fn(data); } catch (error) { console.error(error); }
  });

  let config = null, fetched = 0, identity = null, isOpen = false, root, button, badge, frame, port, nonce, draft, failures = 0;

  const locale = () => script.dataset.locale || navigator.language || "en";
  const page = () => ({ url: location.href.split("#")[0].slice(0, 2000), title: document.title.slice(0, 300) });

  async function settings() {
    if (config && Date.now() - fetched < FRESH) return config;
    const answer = await fetch(`${base}/widget/${encodeURIComponent(key)}/config?locale=${encodeURIComponent(locale())}`, { credentials: "omit" });
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({}));
      throw Object.assign(new Error(told.sentence || `HTTP ${answer.status}`), { final: answer.status < 500 && answer.status !== 429 });
    }
    config = await answer.json();
    fetched = Date.now();
    return config;
  }

  const SHEET = `:host{all:initial}
button{all:unset;box-sizing:border-box;position:fixed;z-index:2147483000;bottom:calc(24px + env(safe-area-inset-bottom,0px));right:24px;width:60px;height:60px;border-radius:50%;background:var(--b);color:var(--o);cursor:pointer;display:grid;place-items:center;box-shadow:0 8px 28px rgb(34 37 43/.22);transition:transform .16s}
button:hover{transform:scale(1.05)}button:active{transform:scale(.96)}
button:focus-visible{outline:3px solid var(--b);outline-offset:3px}
svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.down{display:none}.open .chat{display:none}.open .down{display:block}
i{position:absolute;top:-2px;right:-2px;min-width:20px;height:20px;box-sizing:border-box;padding:0 5px;border-radius:10px;background:#b93a1f;color:#fff;font:600 12px/20px system-ui,sans-serif;text-align:center}
i::after{content:attr(data-n)}i:not([data-n]),i[data-n=""]{display:none}
iframe{position:fixed;z-index:2147483000;bottom:calc(96px + env(safe-area-inset-bottom,0px));right:24px;width:380px;height:min(640px,calc(100vh - 120px));height:min(640px,calc(100dvh - 120px));border:0;border-radius:20px;box-shadow:0 12px 40px rgb(34 37 43/.22);visibility:hidden;opacity:0;transform:translateY(12px);transition:opacity .16s,transform .16s,visibility .16s;color-scheme:light dark;background:Canvas}
.open iframe{visibility:visible;opacity:1;transform:none}
.left button,.left iframe{right:auto;left:24px}
.bare button{display:none}
@media(max-width:480px),(max-height:440px){iframe{inset:0;width:100%;height:100%;height:100dvh;border-radius:0}.left iframe{left:0}.open button{display:none}}
@media(prefers-reduced-motion:reduce){*{transition:none!important}}`;

  // Constructed style sheets and CSSOM need no 'unsafe-inline' in the host page's policy.
  function style(shadow) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(SHEET);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.append(Object.assign(document.createElement("style"), { textContent: SHEET }));
    }
  }

  function icon(name, d) {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", name);
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(ns, "path"));
    svg.firstChild.setAttribute("d", d);
    return svg;
  }

  let box; // inside the shadow root; carries the state classes
  function draw() {
    root = document.createElement("madoguchi-chat");
    const shadow = root.attachShadow({ mode: "open" });
    style(shadow);
    box = document.createElement("div");
    button = document.createElement("button");
    badge = document.createElement("i");
    button.append(icon("chat", "M21 11.5a8.5 8.5 0 0 1-12.3 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5z"), icon("down", "m6 9 6 6 6-6"), badge);
    button.addEventListener("click", () => show(!isOpen));
    for (const near of ["pointerenter", "focus", "touchstart"]) button.addEventListener(near, load, { passive: true, once: true });
    box.append(button);
    shadow.append(box);
    paint();
    document.documentElement.append(root);
    // Frameworks that swap the whole document must not lose the chat.
    new MutationObserver(() => root.isConnected || document.documentElement.append(root)).observe(document.documentElement, { childList: true });
    window.visualViewport && visualViewport.addEventListener("resize", fit);
  }

  function paint() {
    const { look, strings } = config;
    root.style.setProperty("--b", look.colour);
    root.style.setProperty("--o", look.on);
    box.className = `${look.position === "left" ? "left " : ""}${isOpen ? "open " : ""}${hidden ? "bare" : ""}`;
    button.setAttribute("aria-label", isOpen ? strings.close_chat : strings.open_chat);
    button.setAttribute("aria-expanded", String(isOpen));
  }
  let hidden = script.dataset.launcher === "hidden";

  // iOS lays the keyboard over a fixed frame: follow what is really visible.
  function fit() {
    if (!frame) return;
    const tight = isOpen && matchMedia("(max-width:480px),(max-height:440px)").matches && visualViewport.height < innerHeight - 60;
    frame.style.height = tight ? `${visualViewport.height}px` : "";
    frame.style.top = tight ? `${visualViewport.offsetTop}px` : "";
    frame.style.bottom = tight ? "auto" : "";
  }

  function load() {
    if (frame || !config) return;
    nonce = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
    frame = document.createElement("iframe");
    frame.title = config.strings.chat;
    frame.setAttribute("sandbox", "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads");
    frame.src = `${base}/widget/${encodeURIComponent(key)}/frame?locale=${encodeURIComponent(config.locale)}#${nonce},${encodeURIComponent(location.origin)}`;
    box.append(frame);
  }

  // The frame has an opaque origin ("null"), so it is recognised by window and nonce. It says "ready" again
  // if the browser reloads it; each time it gets a new channel.
  function meet(event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== "null" || event.data !== `madoguchi:ready:${nonce}`) return;
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = (e) => heard(e.data);
    event.source.postMessage(`madoguchi:port:${nonce}`, "*", [channel.port2]);
  }

  const say = (message) => port && port.postMessage(message);

  const asked = {
    page: async () => page(),
    async ticket(stale) {
      if (stale) fetched = 0;
      return (await settings()).ticket;
    },
  };

  function heard(m) {
    if (!m || typeof m !== "object") return;
    if (m.t === "up" && m.nonce === nonce) {
      if (identity && read("who") !== subject(identity)) identity = null; // signed out in another tab
      // A chat that begins anew takes the focus from nobody who is typing into the page.
      const focus = isOpen && [document.body, root].includes(document.activeElement);
      say({ t: "init", base, config, identity, open: isOpen, focus, token: read("token"), draft: draft = read("draft"), sound: read("sound"), outbox: outbox(), code: pendingCode });
      pendingCode = null;
      if (focus) frame.focus();
    } else if (m.t === "put" && /^(token|draft|sound|out\.[\w.-]+)$/.test(m.name)) {
      // What was sent here is no draft any more; what is begun in another tab is one.
      if (m.name !== "draft") write(m.name, m.value);
      else if (m.value !== null || read("draft") === draft) write("draft", draft = m.value);
    } else if (m.t === "ask" && asked[m.what]) {
      asked[m.what](m.arg).then((value) => say({ t: "answer", n: m.n, value }), (error) => say({ t: "answer", n: m.n, error: String(error.message), final: !!error.final }));
    } else if (m.t === "close") show(false, true);
    else if (m.t === "unread") {
      badge.dataset.n = m.n ? (m.n > 9 ? "9+" : m.n) : "";
      button.setAttribute("aria-label", m.n ? m.label : isOpen ? config.strings.close_chat : config.strings.open_chat);
      emit("unread", m.n);
    } else if (m.t === "emit") emit(m.name, m.data);
  }

  function show(open, byFrame) {
    if (!config) { wanted = open; return; }
    if (open === isOpen) return;
    isOpen = open;
    if (open) load();
    paint();
    fit();
    say({ t: open ? "open" : "shut" });
    if (open && frame) frame.focus();
    if (!open && byFrame) button.focus({ preventScroll: true });
    emit(open ? "open" : "close");
  }
  let wanted = false;

  const subject = (who) => {
    if (who.user_id) return String(who.user_id);
    try { return String(JSON.parse(atob(who.jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub); } catch { return null; }
  };

  // Nothing of one person may be left for the next on the same browser: token, unsent messages, draft, frame.
  function forget() {
    const token = read("token");
    if (token) fetch(`${base}/widget/${encodeURIComponent(key)}/frames`, { method: "POST", keepalive: true, credentials: "omit", body: JSON.stringify({ token, frames: [{ t: "reset" }] }) }).catch(() => {});
    wipe();
    identity = null;
    if (port) port.close();
    if (frame) frame.remove();
    frame = port = null;
    if (badge) badge.dataset.n = "";
  }

  const verbs = {
    open: () => show(true),
    close: () => show(false),
    toggle: () => show(!isOpen),
    show: () => { hidden = false; config && paint(); },
    hide: () => { hidden = true; config && paint(); },
    on: (name, fn) => { (listeners[name] ||= []).push(fn); },
    identify(who) {
      const now = subject(who || {});
      if (!now) return console.warn("madoguchi: identify needs {jwt} or {user_id, user_hash}");
      const before = read("who");
      if (before && before !== now) { const open = isOpen; forget(); isOpen = false; if (open) wanted = true; }
      identity = who;
      write("who", now);
      if (port) say({ t: "identify", identity });
      else if (config) later(load);
      if (wanted && config) { wanted = false; show(true); }
    },
    reset() { const open = isOpen; show(false); forget(); if (open && config) paint(); },
  };

  const api = (verb, ...rest) => {
    try { if (verbs[verb]) return verbs[verb](...rest); console.warn(`madoguchi: unknown command ${verb}`); } catch (error) { console.error(error); }
  };
  api.ready = true;
  window.madoguchi = api;

  const later = (fn) => (window.requestIdleCallback ? requestIdleCallback(fn, { timeout: 2000 }) : setTimeout(fn, 200));

  // "Continue on another device": the address carries the code in its fragment, which no server log sees.
  let pendingCode = null;
  function findCode() {
    const found = /(?:^#|&)madoguchi=([A-Za-z0-9-]{8,9})(?:&|$)/.exec(location.hash);
    if (!found) return;
    pendingCode = found[1];
    wanted = true;
    history.replaceState(history.state, "", location.pathname + location.search);
  }

  async function start() {
    try {
      if ((await settings()).hidden) hidden = true; // closed, and the shop wants no chat then
      draw();
      if (wanted) { wanted = false; show(true); }
      else if (read("token") || identity || outbox().length) later(load);
      emit("ready");
    } catch (error) {
      if (error.final) return console.warn(`madoguchi: ${error.message}`);
      setTimeout(start, Math.min(300e3, 5e3 * 2 ** failures++));
    }
  }

  window.addEventListener("message", meet);
  findCode();
  (stub && stub.q ? stub.q : []).forEach((call) => api(...call));
  const begin = () => later(start);
  document.body ? begin() : document.addEventListener("DOMContentLoaded", begin);
})();
