"""A WhatsApp number of the Cloud API as a channel."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from channels.base import (
    Answer,
    Attachment,
    ChannelError,
    Connector,
    Event,
    Features,
    Outbound,
    Person,
    Preview,
    Request,
    Sent,
    Template,
)
from channels.calling import one_after_the_other
from channels.meta import health, marks, webhook
from channels.meta.contents import long
from channels.meta.graph import Graph
from channels.meta.sending import WINDOW
from channels.whatsapp import files, reading, sending, templates
from channels.whatsapp.settings import WhatsAppSettings

FIELDS = "display_phone_number,verified_name,quality_rating,status,account_mode"
LOW = "Everything works, but WhatsApp rates the number low: too many have blocked or reported it."
LIMITED = "Everything works, but WhatsApp limits the number: its quality has fallen."


class WhatsApp(Connector[WhatsAppSettings]):
    kind = "whatsapp"
    label = "WhatsApp"
    help_page = "whatsapp"
    guide = (
        "In Meta for Developers, create an app of the type “Business” and add the product “WhatsApp”.",
        "Under “WhatsApp” → “API setup”, copy the ID of the phone number and that of the business account.",
        "In Meta's business settings, make a system user with a token that does not expire, and copy the token.",
        "Save here. Paste the webhook address and the verify token under “Configuration”, and subscribe to “messages”.",
        "“Test now” says whether Meta accepts the token, and subscribes this channel to the number.",
    )
    features = Features(
        max_length=sending.MAX_TEXT,
        max_attachment_bytes=sending.MAX_DOCUMENT,
        max_quick_replies=sending.MAX_ROWS,
        rates=True,
        read_receipts=True,
        edits=True,
        reactions=True,
        quotes=True,
        reply_window=WINDOW,
        per_second=80,
        needs_public_url=True,
        icon="message-circle-check",
        tint="bamboo",
    )
    Settings = WhatsAppSettings

    def answer(self, request: Request) -> Answer | None:
        return webhook.answer(request, self.settings.verify_token)

    def verify(self, request: Request) -> None:
        webhook.verify(request, [self.settings.app_secret])

    def parse(self, request: Request) -> list[Event]:
        return reading.read(request.json(), reading.Place(self.settings.phone_number_id, self.context.key))

    def send(self, outbound: Outbound) -> Sent:
        return Sent(one_after_the_other(self._sending(outbound)))

    def preview(self, outbound: Outbound) -> Preview:
        return Preview(outbound.text, bubbles=sending.bubbles(outbound))

    def fetch(self, attachment: Attachment) -> bytes:
        return files.fetch(self._graph, self.settings.phone_number_id, attachment)

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        """For 25 seconds, unless a message comes before. WhatsApp shows what they wrote as read by it, so not
        where nobody is to learn that."""
        if self.settings.show_read and (mid := last.get("mid")):
            with contextlib.suppress(ChannelError):
                self._read(mid, typing_indicator={"type": "text"})

    def mark_read(self, last: Mapping[str, Any]) -> None:
        if mid := last.get("mid"):
            self._read(mid)

    def templates(self) -> list[Template]:
        return templates.listed(self._graph, self.settings.waba_id)

    def look_after(self) -> datetime | None:
        """The token is not renewed; Meta says when it ends, if it does."""
        own = self.settings
        return health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)

    def check(self) -> str:
        """Whether the token is good, until when, how WhatsApp rates the number, and that we are told of messages."""
        own = self.settings
        told = self._graph.get(own.phone_number_id, fields=FIELDS)
        ends = health.expiry(self.http, self.context, own.app_id, own.app_secret, own.access_token)
        health.subscribe(self._graph, own.waba_id, ())
        about = f"{health.words(told, 'verified_name')} {health.words(told, 'display_phone_number')}".strip()
        return health.sentence(ends, about, _warning(told))

    @property
    def _graph(self) -> Graph:
        return Graph(self.http, self.context, self.settings.access_token, self.settings.app_secret)

    @property
    def _messages(self) -> str:
        return f"{self.settings.phone_number_id}/messages"

    def _read(self, mid: str, **more: Any) -> None:
        self._graph.post(self._messages, {**_ALWAYS, "status": "read", "message_id": mid, **more})

    def _sending(self, outbound: Outbound) -> Iterator[Callable[[], str]]:
        made = sending.calls(outbound)
        for number, call in enumerate(made, 1):
            mark = marks.write(self.context.key, marks.Mark(outbound.key, number, len(made)))
            beside = {**_ALWAYS, "recipient_type": "individual", **sending.recipient(outbound.to.address)}
            if outbound.quoted_id and number == 1:
                beside["context"] = {"message_id": outbound.quoted_id}
            yield partial(self._one, call, {**beside, "biz_opaque_callback_data": mark})

    def _one(self, call: sending.Call, beside: sending.Body) -> str:
        """A file is uploaded first: until the message names it, nothing has been sent."""
        if call.file is not None:
            form = {**_ALWAYS, "type": call.file.content_type}
            told = self._graph.upload(f"{self.settings.phone_number_id}/media", form, call.file)
            call.place["id"] = long(told, "id")
        told = self._graph.send(self._messages, {**beside, **call.body})
        sent = told.get("messages")
        first = sent[0] if isinstance(sent, list) and sent and isinstance(sent[0], dict) else {}
        return long(first, "id")[:512]


_ALWAYS = {"messaging_product": "whatsapp"}


def _warning(told: Mapping[str, Any]) -> str:
    if health.words(told, "status") in ("FLAGGED", "RESTRICTED"):
        return LIMITED
    return LOW if health.words(told, "quality_rating") == "RED" else ""
