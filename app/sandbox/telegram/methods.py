"""The methods of the Bot API that are played (core.telegram.org/bots/api#available-methods)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import misbehaving
from app.sandbox.house import Asked
from app.sandbox.misbehaving import HangUp
from app.sandbox.talks import Bubble, Customer
from app.sandbox.telegram import sends
from app.sandbox.telegram.bot import bubble_of, kind_of_group
from app.sandbox.telegram.door import Call, Refused, bad, read
from app.sandbox.telegram.downloads import Downloads

if TYPE_CHECKING:
    from app.sandbox.telegram.platform import Telegram

TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,130}")
TYPING = 5.0  # seconds
ACTIONS = ("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice")
MORE_ACTIONS = (
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
)
GATEWAY = "<html><head><title>502 Bad Gateway</title></head></html>"

Work = Callable[[Call], Awaitable[Any]]


class Methods:
    """What a bot may ask for."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram, self.house = telegram, telegram.house
        self.files = files = Downloads(telegram)
        updates = telegram.updates
        works: dict[str, Work] = {
            "getMe": self.me,
            "getUpdates": updates.get,
            "setWebhook": updates.set_webhook,
            "deleteWebhook": updates.delete_webhook,
            "getWebhookInfo": updates.info,
            "sendChatAction": self.action,
            "sendMediaGroup": self.album,
            "answerCallbackQuery": self.answer,
            "editMessageText": self.edit,
            "deleteMessage": self.delete,
            "setMessageReaction": self.react,
            "getChat": self.chat,
            "getUserProfilePhotos": files.photos,
            "getFile": files.file,
            **dict.fromkeys(sends.SENDS, self.send),
        }
        self._works = {name.lower(): (name, work) for name, work in works.items()}

    def routes(self) -> list[BaseRoute]:
        """Two doors: of calls and of files."""
        return [
            Route("/bot{token}/{method}", self.opened, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self.download, methods=["GET"]),
        ]

    async def opened(self, request: Request) -> Response:
        """A call: what comes of it, or Telegram's refusal."""
        name, work = self._works.get(request.path_params["method"].lower(), ("", None))
        try:
            self._check_token(request)
            if work is None:
                raise Refused(404, "Not Found")
            call = await read(request, name)
            subject = _subject(call)
            if (unusual := await self._before(call, subject)) is not None:
                return unusual
            told = await self.done(call)
        except Refused as refused:
            about = {"call": name, "status": refused.status, "message": refused.description}
            self.house.record.add("telegram", "refused", **about)
            return refused.answer()
        return self._after(call, subject) or JSONResponse({"ok": True, "result": told})

    async def download(self, request: Request) -> Response:
        """GET /file/bot…/…: a file, by the path that getFile told."""
        try:
            self._check_token(request)
        except Refused as refused:
            return refused.answer()
        return self.files.download(request.path_params["path"])

    async def done(self, call: Call) -> Any:
        """What a call comes to; one of another shape than Telegram's is refused. Raises `Refused`."""
        _, work = self._works.get(call.method.lower(), ("", None))
        if work is None:
            raise Refused(404, "Not Found")
        try:
            return await work(call)
        except (AttributeError, KeyError, TypeError) as error:
            raise bad(f"can't parse the request: {error!r}") from error

    async def me(self, _call: Call) -> dict[str, Any]:
        """getMe."""
        able = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        return {**self.telegram.bot.me, **able}

    async def send(self, call: Call) -> dict[str, Any]:
        """A message of any kind."""
        customer = self._chat(call)
        made = await sends.SENDS[call.method](self.telegram, call)
        return self._sent(customer, call, made)

    async def album(self, call: Call) -> list[dict[str, Any]]:
        """sendMediaGroup: 2 to 10 files that stand together."""
        customer, items = self._chat(call), call.told.get("media")
        if not isinstance(items, list) or not 2 <= len(items) <= 10:
            raise bad("group send failed: media must have 2 to 10 items")
        group, sent = {"media_group_id": self.house.ids.digits(17)}, []
        for item in items:
            kind = str(item["type"])
            one = Call(
                "sendMediaGroup", {kind: item.get("media"), "caption": item.get("caption")}, call.files
            )
            made = await sends.media(kind)(self.telegram, one)
            sent.append(self._sent(customer, one, made, group))
        return sent

    async def action(self, call: Call) -> bool:
        """sendChatAction: dots on the phone for five seconds, or until a message comes."""
        if call.words("action") not in ACTIONS + MORE_ACTIONS:
            raise bad("wrong parameter action in request")
        customer = self._chat(call)
        customer.typing_until = self.house.clock.seconds() + TYPING
        self.telegram.talks.show_state(customer)
        return True

    async def answer(self, call: Call) -> bool:
        """answerCallbackQuery: once for every button that is pressed."""
        id = call.words("callback_query_id")
        if id not in self.telegram.bot.queries:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.telegram.bot.queries.discard(id)
        return True

    async def edit(self, call: Call) -> dict[str, Any]:
        """editMessageText: of the bot's own."""
        customer, bubble, message = self._own(call, "message to edit not found")
        said = sends.told_words(call, "text", sends.MAX_TEXT)
        if said == message.get("text"):
            raise bad("message is not modified: specified new message content is exactly the same")
        told, shown = sends.markup(call, bubble.id)
        message |= {"text": said, "edit_date": int(self.house.clock.seconds()), **told}
        bubble.text, bubble.data = said, shown
        self.telegram.talks.show(customer, bubble)
        return message

    async def delete(self, call: Call) -> bool:
        """deleteMessage."""
        customer, bubble, _ = self._own(call, "message to delete not found")
        bubble.unsent, bubble.text, bubble.data = True, "", {}
        self.telegram.talks.show(customer, bubble)
        return True

    async def react(self, call: Call) -> bool:
        """setMessageReaction: of the bot, one at the most."""
        customer = self._chat(call)
        bubble = customer.bubbles.get(bubble_of(customer, call.number("message_id")))
        if bubble is None:
            raise bad("message to react not found")
        put = call.told.get("reaction") or []
        bubble.data["reaction"] = str(put[0]["emoji"]) if put else None
        self.telegram.talks.show(customer, bubble)
        return True

    async def chat(self, call: Call) -> dict[str, Any]:
        """getChat."""
        customer = self._known(call)
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
        return {
            **self.telegram.bot.chat(customer),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys((*gifts, "gifts_from_channels"), False),
            **self.files.chat_photo(customer),
        }

    def _check_token(self, request: Request) -> None:
        """Raises `Refused`."""
        token = request.path_params["token"]
        if not TOKEN.fullmatch(token):
            raise Refused(404, "Not Found")
        if self.telegram.bot.revoked or token != self.telegram.bot.token:
            raise Refused(401, "Unauthorized")

    def _known(self, call: Call) -> Customer:
        """Raises `Refused`."""
        customer = self.telegram.talks.customers.get(call.words("chat_id"))
        if customer is None:
            raise bad("chat not found")
        if (moved := self.telegram.bot.moved.get(customer.id)) is not None:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=int(moved))
        return customer

    def _chat(self, call: Call) -> Customer:
        """Whom the bot may write to. Raises `Refused`."""
        customer = self._known(call)
        if customer.friend and customer.ever:
            return customer
        if kind := kind_of_group(customer.id):
            raise Refused(403, f"Forbidden: bot was kicked from the {kind} chat")
        if not customer.ever:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        raise Refused(403, "Forbidden: bot was blocked by the user")

    def _own(self, call: Call, otherwise: str) -> tuple[Customer, Bubble, dict[str, Any]]:
        """A message of the bot. Raises `Refused`."""
        customer = self._chat(call)
        id = bubble_of(customer, call.number("message_id"))
        bubble, message = customer.bubbles.get(id), self.telegram.bot.messages.get(id)
        if bubble is None or message is None or bubble.by != "shop" or bubble.unsent:
            raise bad(otherwise)
        return customer, bubble, message

    def _sent(
        self, customer: Customer, call: Call, made: sends.Made, more: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Accept a message: on the record and on the phone."""
        bot = self.telegram.bot
        answered = self._answered(customer, call)
        sends.markup(call, "")
        message = bot.message(customer, bot.me, {**answered, **made.told, **(more or {})})
        id = bubble_of(customer, message["message_id"])
        told, shown = sends.markup(call, id)
        message |= told
        kind = next(iter(made.told))
        noted = {"id": id, "type": kind, "text": made.told.get("text") or made.told.get("caption", "")}
        self.house.record.add(
            "telegram", "accepted", call=call.method, to=customer.id, messages=[{**noted, **told}]
        )
        if made.file:
            bot.shown[id] = made.file
        quoted = bubble_of(customer, answered["reply_to_message"]["message_id"]) if answered else ""
        at = self.house.clock.milliseconds()
        customer.typing_until = 0.0
        self.telegram.talks.show(
            customer, Bubble(id, "shop", made.kind, at, made.text, {**made.data, **shown}, quoted)
        )
        self.telegram.talks.show_state(customer)
        return message

    def _answered(self, customer: Customer, call: Call) -> dict[str, Any]:
        """Raises `Refused`."""
        given = call.object("reply_parameters") or {"message_id": call.number("reply_to_message_id")}
        number = int(given.get("message_id") or 0)
        found = self.telegram.bot.answered(customer, number) if number else {}
        if number and not found and not given.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        return found

    async def _before(self, call: Call, subject: str) -> Response | None:
        """What goes wrong before anything is done. Raises `Refused`."""
        name, to = call.method, call.words("chat_id")
        if (unusual := await misbehaving.before(self.telegram, name, subject, to)) is not None:
            return unusual
        if rule := self.telegram.strikes("rate_limit", name, subject, to):
            seconds = max(1, round(rule.seconds))
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        if self.telegram.strikes("error", name, subject, to):
            raise Refused(500, "Internal Server Error")
        if self.telegram.strikes("expired_token", name, subject, to):
            raise Refused(401, "Unauthorized")
        return None

    def _after(self, call: Call, subject: str) -> Response | None:
        """What goes wrong although all was done."""
        name, to = call.method, call.words("chat_id")
        if self.telegram.strikes("drop_after", name, subject, to):
            return HangUp()
        if self.telegram.strikes("error_after", name, subject, to):
            return PlainTextResponse(GATEWAY, 502, media_type="text/html")
        return None


def _subject(call: Call) -> Asked:
    """What is the same for a call in every run: its method and parameters."""
    told = json.dumps(call.told, sort_keys=True, default=str).encode()
    return Asked.of(f"{call.method} {hashlib.sha256(told).hexdigest()[:16]}", told)
