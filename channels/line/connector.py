"""A LINE official account as a channel."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from channels.base import (
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
)
from channels.calling import part_of
from channels.line import events, health, media, messages, signature, trouble
from channels.line.answer import Answer
from channels.line.calling import Caller
from channels.line.settings import LineSettings, is_user

REPLY_WITHIN = timedelta(seconds=50)  # LINE promises a minute from the webhook, and asks not to use it up
ANIMATION = 20  # seconds the dots are shown, unless a message comes before
MAX_FILE = 200_000_000  # bytes
ACCEPTED = "x-line-accepted-request-id"
LINK_PAGE = "https://access.line.me/dialog/bot/accountLink"


class Line(Connector[LineSettings]):
    """Events come by webhook. Answers are pushed with a retry key; what the bot says at once is a reply, which is
    free of charge."""

    kind = "line"
    label = "LINE"
    help_page = "line"
    guide = (
        "In the LINE Developers console, open the Messaging API channel of your official account.",
        "Copy the channel ID and the channel secret from “Basic settings”, and save.",
        "Paste the webhook address into “Messaging API” → “Webhook URL”.",
        "Switch on “Use webhook” and “Webhook redelivery” there.",
        "In the LINE Official Account Manager, switch off the automatic responses, so that only one of them answers.",
        "“Test now” says whether LINE reaches this channel, and how many messages of this month are used.",
    )
    features = Features(
        max_length=messages.MAX_TEXT,
        length_unit="utf16",
        max_attachment_bytes=MAX_FILE,
        max_quick_replies=messages.MAX_BUTTONS,
        rates=True,
        edits=True,
        quotes=True,
        per_second=1000,  # LINE takes 2,000 of each sort of call
        push=True,
        needs_public_url=True,
        idempotent=True,
        key_lasts=timedelta(hours=23),  # LINE knows a retry key for 24
        files_by_url=True,
        icon="message-circle",
        tint="bamboo",
    )
    Settings = LineSettings

    def verify(self, request: Request) -> None:
        signature.verify(self.settings.channel_secret, request)

    def parse(self, request: Request) -> list[Event]:
        scope = self.settings.identity_scope or self.context.key
        return events.read(request.json(), events.Place(scope, self.settings.bot_user_id))

    def send(self, outbound: Outbound) -> Sent:
        calls = messages.calls(outbound, plain_http=bool(self.context.sandbox))
        token = _reply_token(outbound)
        if token and len(calls) == 1 and (ids := self._reply(token, calls[0])) is not None:
            return Sent(ids)
        pushed: list[str] = []
        for number, call in enumerate(calls):
            with part_of(number, keyed=True):
                pushed += self._push(outbound, number, call)
        return Sent(tuple(pushed))

    def preview(self, outbound: Outbound) -> Preview:
        made = messages.bubbles(outbound, plain_http=bool(self.context.sandbox))
        return Preview(outbound.text, bubbles=made)

    def fetch(self, attachment: Attachment) -> bytes:
        return media.fetch(self._line, attachment)

    def lookup(self, address: str) -> Person | None:
        if not is_user(address):
            return None
        told = self._line.get(f"/v2/bot/profile/{address}")
        if told.status == 404:
            return None  # no friend, or they blocked the account
        picture = _good(told).text("pictureUrl")
        return Person(
            address,
            self.settings.identity_scope or self.context.key,
            name=told.text("displayName")[:200],
            avatar_url=picture if self.context.is_secure(picture) else "",
            locale=told.text("language")[:16],
        )

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        if is_user(to.address):
            with contextlib.suppress(ChannelError):
                self._line.post(
                    "/v2/bot/chat/loading/start", {"chatId": to.address, "loadingSeconds": ANIMATION}
                )

    def mark_read(self, last: Mapping[str, Any]) -> None:
        token = last.get("read_token")
        if isinstance(token, str) and token:
            _good(self._line.post("/v2/bot/chat/markAsRead", {"markAsReadToken": token}))

    def opening(self, text: str) -> str:
        id = self.settings.basic_id.strip()
        return f"https://line.me/R/oaMessage/{quote(id, safe='')}/?{quote(text, safe='')}" if id else ""

    def link_token(self, to: Person) -> str:
        told = _good(self._line.post(f"/v2/bot/user/{quote(to.address, safe='')}/linkToken", {}))
        return told.text("linkToken")

    def link_page(self, token: str, nonce: str) -> str:
        return f"{self.context.at(LINK_PAGE)}?{urlencode({'linkToken': token, 'nonce': nonce})}"

    def check(self) -> str:
        """What LINE says of the account, the webhook and this month's messages."""
        return health.check(self._line)

    @property
    def _line(self) -> Caller:
        return Caller(self.settings, self.http, self.context)

    def _push(self, outbound: Outbound, number: int, call: list[messages.Message]) -> tuple[str, ...]:
        """One call. Taken before (409) is a success, if LINE names the request that was."""
        key = messages.retry_key(self.context.seal_key, outbound, number)
        document = {"to": outbound.to.address, "messages": call}
        answer = self._line.post("/v2/bot/message/push", document, {"X-Line-Retry-Key": key})
        if answer.status == 409 and answer.headers.get(ACCEPTED):
            return _ids(answer)
        return _ids(_good(answer))

    def _reply(self, token: str, call: list[messages.Message]) -> tuple[str, ...] | None:
        """Say it by the reply token; None where that cannot be, and certainly was not, so that it may be pushed.

        Replies have no retry key. One whose answer was lost is tried again: if the token is used by then, it may have
        been by the first attempt, and only a person can tell.
        """
        lost = False
        for _ in range(2):
            answer = self._try_reply({"replyToken": token, "messages": call})
            if answer is None or answer.status >= 500:
                lost = True
            elif not trouble.is_used_reply_token(answer):
                return _ids(_good(answer))
            elif not lost:
                return None
        raise ChannelError(trouble.UNKNOWN, permanent=True, ambiguous=True)

    def _try_reply(self, document: Mapping[str, Any]) -> Answer | None:
        try:
            return self._line.post("/v2/bot/message/reply", document)
        except ChannelError as error:
            if error.ambiguous:
                return None
            raise


def _reply_token(outbound: Outbound) -> str:
    """The token of what is answered, while it is good and for what nobody wrote; "" otherwise.

    Raises `ChannelError` where an attempt before this one was cut off: it may have been a reply, which cannot be seen.
    """
    token, at = outbound.last.get("reply_token"), outbound.last_inbound_at
    if not outbound.automatic or not isinstance(token, str) or at is None:
        return ""
    if outbound.interrupted:
        raise ChannelError(trouble.UNKNOWN, permanent=True, ambiguous=True)
    return token if timedelta(0) <= datetime.now(UTC) - at < REPLY_WITHIN else ""


def _ids(answer: Answer) -> tuple[str, ...]:
    """Of the messages that were sent."""
    sent = answer.told.get("sentMessages")
    ids = [one.get("id") for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    return tuple(id for id in ids if isinstance(id, str) and 0 < len(id) <= 200)


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise trouble.refused(answer)
    return answer
