"""A WeChat official account as a channel."""

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from channels.base import (
    Answer,
    Attachment,
    BadSignature,
    ChannelError,
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
from channels.wechat import atonce, document, events, health, media, sealing, sending, signature
from channels.wechat.account import Account
from channels.wechat.document import Object
from channels.wechat.settings import SAFE, WeChatSettings

TEXT = {"content-type": "text/plain; charset=utf-8"}
XML = {"content-type": "text/xml; charset=utf-8"}


class WeChat(Connector[WeChatSettings]):
    """Messages and events come by webhook, one a call. Answers are customer service messages: within 48 hours, five to
    each message of the customer."""

    kind = "wechat"
    label = "WeChat"
    help_page = "wechat"
    guide = (
        "In WeChat's console for official accounts, open “Settings and development” → “Development interface”.",
        "Copy the AppID and the AppSecret, and enter the IP address of this server in the IP list there.",
        "Under “Server configuration”, choose safe mode, make up a token, and let WeChat make up the EncodingAESKey.",
        "Enter all of it below and save: WeChat asks this channel at once when its address is submitted.",
        "Paste the webhook address at WeChat as the URL, submit, and switch the server configuration on.",
        "“Test now” says whether WeChat knows this server, and how many messages of today are used.",
    )
    features = Features(
        max_length=sending.MAX_TEXT,
        length_unit="bytes",
        max_attachment_bytes=100_000_000,
        max_quick_replies=sending.MAX_CHOICES,
        reply_window=timedelta(hours=48),
        window_messages=5,
        nameless=True,
        needs_public_url=True,
        files_by_url=True,
        icon="messages-square",
        tint="bamboo",
    )
    Settings = WeChatSettings

    def verify(self, request: Request) -> None:
        own = self.settings
        signature.verify(own.token, request.query)
        try:
            told = document.read(request.body)
        except document.Unreadable as wrong:
            if own.mode == SAFE:
                raise BadSignature(str(wrong)) from None
            return  # the signature is about the address alone: what the body says is read, and told, by parse
        if inside := document.sealed_in(told):
            signature.verify(own.token, request.query, "msg_signature", inside)
            sealing.opened(inside, own.aes_key, own.app_id)
        elif own.mode == SAFE:
            raise BadSignature(
                "it is not encrypted, but this channel is set to safe mode: choose that at WeChat"
            )

    def parse(self, request: Request) -> list[Event]:
        try:
            told = self._inside(request)
        except (document.Unreadable, BadSignature) as wrong:
            return [Ignored(str(wrong))]
        return events.read(told, events.Place(self.context.key, self.settings.account_id))

    def answer(self, request: Request) -> Answer | None:
        """The question by which WeChat makes sure of the address."""
        if request.method != "GET" or "echostr" not in request.query:
            return None
        try:
            signature.verify(self.settings.token, request.query)
        except BadSignature:
            return 403, TEXT, b""
        return 200, TEXT, request.query["echostr"].encode("utf-8", "replace")

    def acknowledge(self, request: Request) -> Answer | None:
        try:
            sealed = bool(document.sealed_in(document.read(request.body)))
            said = atonce.reply(self._inside(request), self.settings, sealed=sealed)
        except (document.Unreadable, BadSignature):
            said = None
        return (200, XML, said) if said else (200, TEXT, atonce.SUCCESS)

    def send(self, outbound: Outbound) -> Sent:
        sending.send(self._account, outbound)
        return Sent()

    def preview(self, outbound: Outbound) -> Preview:
        return Preview(outbound.text, bubbles=sending.bubbles(outbound))

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        with contextlib.suppress(ChannelError):
            self._account.post("/cgi-bin/message/custom/typing", {"touser": to.address, "command": "Typing"})

    def fetch(self, attachment: Attachment) -> bytes:
        return media.fetch(self._account, attachment)

    def check(self) -> str:
        """What WeChat says of the account, this server and the messages of today."""
        return health.check(self._account)

    def _inside(self, request: Request) -> Object:
        """The fields of a webhook, unsealed. Raises `Unreadable`, `BadSignature`."""
        told = document.read(request.body)
        inside = document.sealed_in(told)
        own = self.settings
        return document.read(sealing.opened(inside, own.aes_key, own.app_id)) if inside else told

    @property
    def _account(self) -> Account:
        return Account(self.settings, self.http, self.context)
