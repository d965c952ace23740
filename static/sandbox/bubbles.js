// One bubble of a talk, by its kind. Everything that was written is put in as text.
import { el } from "./dom.js";
import { say } from "../js/words.js";

const LINK = /https?:\/\/(?:[^\s<>"'（）「」、。()]|\([^\s<>"'（）「」、。()]*\))+/g;

export function draw(bubble, hand) {
  const id = `b-${bubble.id}`;
  if (bubble.unsent) return el("li", { id, class: "note", "data-id": bubble.id }, say("unsent"));
  if (bubble.by === "system") return el("li", { id, class: "note", "data-id": bubble.id }, say(bubble.kind));
  const mine = bubble.by === "customer";
  const face = mine ? null : el("img", { src: hand.shop.face, width: 30, height: 30, alt: "", class: "face" });
  const who = el("span", { class: "sr" }, say(mine ? "me" : "shop"));
  const body = el("div", { class: `bubble ${bubble.kind}` }, who, quote(bubble, hand), ...(KINDS[bubble.kind] ?? plain)(bubble, hand), caption(bubble), keys(bubble, hand));
  const put = reactions(bubble);
  const meta = el("span", { class: "meta" }, mine && bubble.read ? el("span", {}, say("read")) : null, clock(bubble.at));
  return el("li", { id, class: `said ${bubble.by}`, "data-id": bubble.id }, face, el("div", { class: "row" }, put ? el("div", {}, body, put) : body, meta, menu(bubble, hand)));
}

function clock(at) {
  const date = new Date(at);
  const words = date.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  return el("time", { datetime: date.toISOString() }, words);
}

function reactions(bubble) {
  const put = [bubble.data.reaction, bubble.data.reacted].filter(Boolean);
  return put.length ? el("span", { class: "reaction" }, put.map((one) => (one === "love" ? "❤️" : one)).join(" ")) : null;
}

function menu(bubble, hand) {
  const button = (words, work) => el("button", { type: "button", onclick: () => { box.open = false; work(); } }, words);
  const items = [button(say("quote"), () => hand.quote(bubble.id))];
  if (bubble.by === "shop") items.push(...hand.reactions.map((one) => button(one, () => hand.react(bubble.id, bubble.data.reacted === one ? "" : one))));
  if (bubble.by === "customer" && hand.edits && bubble.text) items.push(button(say("edit"), () => hand.edit(bubble.id)));
  if (bubble.by === "customer") items.push(button(say("unsend"), () => hand.unsend(bubble.id)));
  const box = el("details", { class: "menu" }, el("summary", { "aria-label": say("menu") }, "⋯"), el("div", {}, ...items));
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) box.open = false; });
  return box;
}

function quote(bubble, hand) {
  const before = hand.find(bubble.quoted);
  return before ? el("blockquote", { class: "cut" }, before.unsent ? say("unsent") : before.text || say(before.kind === "image" ? "photo" : before.kind)) : null;
}

function linked(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(end, found.index), el("a", { href: found[0], target: "_blank", rel: "noopener noreferrer" }, found[0]));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

// Words below a picture or a film.
function caption(bubble) {
  return bubble.data.caption ? el("p", { class: "caption" }, ...linked(bubble.data.caption)) : null;
}

// Buttons below a message, in their rows.
function keys(bubble, hand) {
  const rows = bubble.data.rows ?? [];
  return rows.length ? el("div", { class: "keys" }, ...rows.map((row) => el("div", {}, ...buttons(row, hand)))) : null;
}

function plain(bubble) {
  return [el("p", {}, ...linked(bubble.text))];
}

function picture(bubble, hand) {
  const part = bubble.by === "shop" ? "preview" : "original";
  const image = el("img", { src: hand.media(bubble.id, part), alt: say("photo"), class: "picture" });
  return [el("a", { href: hand.media(bubble.id), target: "_blank", rel: "noopener" }, image)];
}

function film(bubble, hand) {
  return [el("video", { src: hand.media(bubble.id), controls: true, preload: "metadata", "aria-label": say("video") })];
}

function voice(bubble, hand) {
  return [el("audio", { src: hand.media(bubble.id), controls: true, preload: "none", "aria-label": say("audio") })];
}

function file(bubble, hand) {
  return [el("a", { href: hand.media(bubble.id), download: bubble.text }, bubble.text || say("file"))];
}

function place(bubble) {
  return [el("p", {}, el("b", {}, bubble.data.title ?? say("location"))), el("p", { class: "s" }, bubble.data.address ?? `${bubble.data.latitude}, ${bubble.data.longitude}`)];
}

function sticker(bubble, hand) {
  const words = bubble.data.keywords?.[0] ?? say("sticker");
  return [el("img", { src: hand.sticker(bubble.data.stickerId), width: 132, height: 132, alt: words })];
}

function buttons(actions, hand) {
  return actions.map((action) => el("button", { type: "button", class: "tapped", onclick: () => hand.tap(action) }, action.label ?? action.text ?? action.type));
}

function card(column, hand) {
  const title = column.title ? el("b", {}, column.title) : null;
  return el("div", { class: "card" }, title, column.text ? el("p", {}, column.text) : null, ...buttons(column.actions ?? [column.action].filter(Boolean), hand));
}

function template(bubble, hand) {
  const told = bubble.data.template;
  return [el("div", { class: "cards" }, ...(told.columns ?? [told]).map((column) => card(column, hand)))];
}

function flex(bubble, hand) {
  const parts = [];
  const walk = (node) => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (!node || typeof node !== "object") return;
    if (node.type === "text") parts.push(el("p", { class: node.weight === "bold" ? "b6" : "" }, node.text ?? ""));
    if (node.type === "button") parts.push(...buttons([node.action], hand));
    ["header", "hero", "body", "footer", "contents"].forEach((name) => walk(node[name]));
  };
  walk(bubble.data.contents);
  return [el("div", { class: "card" }, ...(parts.length ? parts : [el("p", {}, bubble.text)]))];
}

const KINDS = { image: picture, video: film, audio: voice, file, location: place, sticker, template, flex };
