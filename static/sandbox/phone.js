// A customer's phone: the talk as it is, live, and what the customer does.
import { el, post } from "./dom.js";
import { draw } from "./bubbles.js";
import { attach } from "./compose.js";
import { say } from "../js/words.js";

const phone = document.querySelector("[data-phone]");
const log = phone.querySelector("[data-log]");
const scroller = phone.querySelector("[data-scroll]");
const trouble = phone.querySelector("[data-trouble]");
const { user, phone: platform } = phone.dataset;
const bubbles = new Map();
const { tapped, opening = [] } = await import(`./${platform}.js`);
let customer = {}, ahead = 0, quietAt = 0;

async function act(action, about = {}) {
  try {
    await post(`/act/${platform}`, { user, action, ...about });
    trouble.textContent = "";
    return true;
  } catch (error) {
    trouble.textContent = say("refused", { why: error.message });
    return false;
  }
}

const compose = attach(phone, act, (id) => bubbles.get(id));
const hand = {
  tap: (action) => tapped(action, act),
  quote: compose.quote,
  edits: "edits" in phone.dataset,
  edit: compose.edit,
  unsend: (id) => act("unsend", { message: id }),
  reactions: phone.dataset.reactions.split(" ").filter(Boolean),
  react: (id, emoji) => act("reaction", { message: id, emoji }),
  find: (id) => bubbles.get(id),
  media: (id, part = "original") => `/phone/${platform}/media?${new URLSearchParams({ user, message: id, part })}`,
  sticker: (id) => phone.dataset.stickerSrc.replace("{id}", encodeURIComponent(id)),
  shop: { name: phone.dataset.shop, face: phone.dataset.face },
};

// Whether the end is to stay in view: until one scrolls away from it.
let stuck = true;

function toEnd() {
  if (stuck) scroller.scrollTop = scroller.scrollHeight;
}

function put(bubble) {
  bubbles.set(bubble.id, bubble);
  const made = draw(bubble, hand);
  const old = document.getElementById(made.id);
  if (old) old.replaceWith(made);
  else log.append(made);
}

function dayOf(bubble) {
  return new Date(bubble.at).toLocaleDateString(document.documentElement.lang, { month: "long", day: "numeric", weekday: "short" });
}

function days() {
  let last = "";
  for (const item of [...log.querySelectorAll(".day")]) item.remove();
  for (const item of [...log.children]) {
    const bubble = bubbles.get(item.dataset.id);
    if (!bubble) continue;
    const day = dayOf(bubble);
    if (day !== last) item.before(el("li", { class: "day" }, day));
    last = day;
  }
}

function settle(stick) {
  days();
  log.querySelector(".nothing")?.remove();
  if (!bubbles.size) log.append(el("li", { class: "nothing" }, say("empty")));
  const dots = log.querySelector(".dots");
  if (dots) log.append(dots);
  chips();
  stuck ||= stick;
  toEnd();
}

function chips() {
  const last = [...bubbles.values()].at(-1);
  const offered = last?.by === "shop" ? (last.data.quickReply?.items ?? []) : [];
  const items = customer.friend ? (last ? offered : opening) : [];
  const place = phone.querySelector("[data-chips]");
  place.hidden = !items.length;
  place.replaceChildren(...items.map(({ action }) => el("button", { type: "button", class: "chip", onclick: () => hand.tap(action) }, action.label ?? action.text ?? "")));
}

function state(told) {
  customer = told;
  const blocked = !told.friend;
  phone.querySelector("[data-composer]").hidden = blocked || "mute" in phone.dataset;
  phone.querySelector("[data-blocked]").hidden = !blocked;
  const button = phone.querySelector("[data-block]");
  button.setAttribute("aria-pressed", String(blocked));
  button.setAttribute("aria-label", say(blocked ? "unblock" : "block"));
  if (blocked) compose.close();
  dots();
}

function dots() {
  const left = customer.typing_until - (Date.now() / 1000 + ahead);
  log.querySelector(".dots")?.remove();
  clearTimeout(quietAt);
  if (!(left > 0)) return;
  const face = el("img", { src: hand.shop.face, width: 30, height: 30, alt: "", class: "face" });
  const body = el("span", { class: "bubble", role: "img", "aria-label": say("typing", { name: hand.shop.name }) }, el("i"), el("i"), el("i"));
  log.append(el("li", { class: "said shop dots" }, face, body));
  quietAt = setTimeout(dots, left * 1000);
}

const heard = {
  talk(news) {
    bubbles.clear();
    log.replaceChildren();
    state(news.customer);
    news.bubbles.forEach(put);
    settle(true);
  },
  bubble({ bubble }) {
    const mine = bubble.by === "customer" && !bubbles.has(bubble.id);
    put(bubble);
    settle(mine);
  },
  state(news) {
    state(news.customer);
    settle(false);
  },
  reload() {
    location.reload();
  },
};

const news = new EventSource(`/phone/${platform}/events?${new URLSearchParams({ user })}`);
news.onmessage = ({ data }) => {
  const told = JSON.parse(data);
  ahead = told.now - Date.now() / 1000;
  heard[told.type](told);
};
news.onopen = () => { trouble.textContent = ""; };
news.onerror = () => { trouble.textContent = say("lost"); };

phone.querySelector("[data-block]").addEventListener("click", () => act(customer.friend ? "unfollow" : "follow"));
phone.querySelector("[data-unblock]").addEventListener("click", () => act("follow"));
scroller.addEventListener("scroll", () => { stuck = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60; });
log.addEventListener("load", toEnd, true);
const watcher = new ResizeObserver(toEnd);
watcher.observe(scroller);
watcher.observe(log);
