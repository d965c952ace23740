"""A Telegram bot as a channel."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from channels.base import (
    Answer,
    Attachment,
    BadSignature,
    ChannelError,
    Collected,
    Connector,
    Event,
    Features,
    Ignored,
    Outbound,
    Person,
    Preview,
    Request,
    Sent,
)
from channels.telegram import atonce, events, health, polling, sending, signature
from channels.telegram.bot import Bot, Moved
from channels.telegram.settings import ACCEPT, POLLING, TelegramSettings
from channels.telegram.shape import Object, number, obj, text

MAX_DOWNLOAD = 20_000_000  # bytes of a file that Telegram hands to a bot
TOO_LARGE = "Telegram hands files of up to 20 MB to programs. The customer can send it in another way."


class Telegram(Connector[TelegramSettings]):
    """Updates come by webhook or are fetched, never both. A user has to write to the bot first."""

    kind = "telegram"
    label = "Telegram"
    help_page = "telegram"
    guide = (
        "In Telegram, open a chat with @BotFather, send /newbot, and choose a name.",
        "Copy the token it answers with, enter it below, and save.",
        "“Test now” tells Telegram this channel's address, or, where messages are fetched, that there is none.",
        "Customers begin: give them the link https://t.me/ and the bot's name, or its QR code.",
    )
    features = Features(
        max_length=sending.MAX_TEXT,
        length_unit="utf16",
        max_attachment_bytes=sending.MAX_FILE,
        max_quick_replies=sending.MAX_BUTTONS,
        rates=True,
        edits=True,
        reactions=True,
        quotes=True,
        per_second=25,  # Telegram says about thirty
        proof_header=signature.HEADER,
        icon="send",
        tint="indigo",
    )
    Settings = TelegramSettings

    def verify(self, request: Request) -> None:
        if self.settings.delivery == POLLING:
            raise BadSignature(
                "this channel fetches its messages; “Test now” takes the webhook away at Telegram"
            )
        signature.verify(self._secret, request)

    def parse(self, request: Request) -> list[Event]:
        document = request.json()
        if document is None:
            return [Ignored("the body is not JSON")]
        return events.read(document, self.settings.groups == ACCEPT)

    def acknowledge(self, request: Request) -> Answer | None:
        call = atonce.reply(request.json(), self._refusal)
        if call is None:
            return None
        method, parameters = call
        body = json.dumps({"method": method, **parameters}).encode()
        return 200, {"content-type": "application/json"}, body

    def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
        if self.settings.delivery == POLLING:
            yield from polling.collect(self._bot, cursor, stop, self._refusal)

    def send(self, outbound: Outbound) -> Sent:
        return Sent(sending.send(self._bot, outbound))

    def preview(self, outbound: Outbound) -> Preview:
        return Preview(outbound.text, bubbles=sending.bubbles(outbound))

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        with contextlib.suppress(ChannelError, Moved):
            self._bot.call("sendChatAction", {"chat_id": to.address, "action": "typing"})

    def lookup(self, address: str) -> Person | None:
        try:
            told = obj(self._bot.call("getChat", {"chat_id": address}).told, "result")
        except ChannelError as error:
            if error.unreachable:
                return None
            raise
        except Moved:
            return None
        name = " ".join(filter(None, (text(told, "first_name"), text(told, "last_name"))))
        username = text(told, "username")
        return Person(
            address,
            name=(name or text(told, "title"))[:200],
            avatar_url=self._picture(told),
            attributes={"Telegram": f"@{username}"} if username else {},
        )

    def fetch(self, attachment: Attachment) -> bytes:
        if (attachment.size or 0) > MAX_DOWNLOAD:
            raise ChannelError(TOO_LARGE, permanent=True)
        return self._bot.download(self._path(attachment.ref), MAX_DOWNLOAD)

    def check(self) -> str:
        if self.settings.delivery == POLLING:
            return health.check_polling(self._bot)
        return health.check(self._bot, self.context, self._secret)

    def _path(self, file: str) -> str:
        """Where a file lies. Raises `ChannelError`."""
        told = obj(self._bot.call("getFile", {"file_id": file}).told, "result")
        path = text(told, "file_path", 1000)
        if not path or (number(told, "file_size") or 0) > MAX_DOWNLOAD:
            raise ChannelError(TOO_LARGE, permanent=True)
        return path

    def _picture(self, chat: Object) -> str:
        """The address of the small picture of a person or a group; "" for none. Raises `ChannelError` where it may be
        had later."""
        file = text(obj(chat, "photo"), "small_file_id")
        try:
            return self._bot.address(self._path(file)) if file else ""
        except ChannelError as error:
            if error.permanent and not error.everybody:
                return ""
            raise

    @property
    def _bot(self) -> Bot:
        return Bot(self.settings.token, self.http, self.context)

    @property
    def _secret(self) -> str:
        return signature.secret_of(self.context.seal_key, self.settings.token)

    @property
    def _refusal(self) -> str:
        return "" if self.settings.groups == ACCEPT else self.settings.refusal
