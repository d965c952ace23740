"""What the connectors of Messenger and Instagram do alike."""

import contextlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote

from channels.base import (
    Answer,
    Attachment,
    ChannelError,
    Connector,
    Event,
    Outbound,
    Person,
    Preview,
    Request,
    Sent,
)
from channels.calling import one_after_the_other
from channels.meta import marks, media, reading, sending, trouble, webhook
from channels.meta.graph import Graph
from channels.values import MAX_URL, word

MAX_FILE = 25_000_000  # bytes
NOT_YET = (
    "More than 24 hours have passed since they last wrote, and Meta has not allowed this app to answer later."
)
_NOT_ALLOWED = (
    "account",
    "never",
)  # how Meta refuses a tag that the app may not use: a permission, a parameter


class Asked(Protocol):
    """The settings both have."""

    @property
    def app_id(self) -> str: ...
    @property
    def app_secret(self) -> str: ...
    @property
    def verify_token(self) -> str: ...
    @property
    def access_token(self) -> str: ...


S = TypeVar("S", bound=Asked)


class Conversing(Connector[S]):
    """A page or an account whose customers write to it by Meta's Messenger Platform."""

    style: ClassVar[sending.Style]
    object: ClassVar[str]
    profile: ClassVar[str]  # the fields of a person that are asked for
    marked: ClassVar[bool]  # whether what is sent can carry a mark

    @property
    @abstractmethod
    def account(self) -> str:
        """The id of the account, as webhooks name it."""

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """Calls in the name of the account."""

    def answer(self, request: Request) -> Answer | None:
        return webhook.answer(request, self.settings.verify_token)

    def verify(self, request: Request) -> None:
        webhook.verify(request, [self.settings.app_secret])

    def parse(self, request: Request) -> list[Event]:
        place = reading.Place(self.object, self.account, self.settings.app_id, self.context.key)
        return reading.read(request.json(), place)

    def send(self, outbound: Outbound) -> Sent:
        return Sent(one_after_the_other(self._sending(outbound)))

    def preview(self, outbound: Outbound) -> Preview:
        return Preview(outbound.text, bubbles=sending.bubbles(outbound, self.style))

    def fetch(self, attachment: Attachment) -> bytes:
        return media.download(self.http, self.context, attachment.url, MAX_FILE)

    def lookup(self, address: str) -> Person | None:
        """None where they are not known, or have not agreed to be looked up."""
        try:
            told = self.graph.get(quote(address, safe=""), fields=self.profile)
        except ChannelError as error:
            if error.permanent and not error.everybody:
                return None
            raise
        name = word(told, "name") or " ".join(
            filter(None, (word(told, "first_name"), word(told, "last_name")))
        )
        picture = word(told, "profile_pic", MAX_URL)
        return Person(
            address,
            name=name or word(told, "username"),
            avatar_url=picture if self.context.is_secure(picture) else "",
            locale=word(told, "locale")[:16],
        )

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        with contextlib.suppress(ChannelError):
            self._act(to.address, "typing_on")

    def mark_read(self, last: Mapping[str, Any]) -> None:
        person = last.get("person")
        if isinstance(person, str) and person:
            self._act(person, "mark_seen")

    def _act(self, person: str, action: str) -> None:
        self.graph.post("me/messages", {"recipient": {"id": person}, "sender_action": action})

    def _sending(self, outbound: Outbound) -> Iterator[Callable[[], str]]:
        made = sending.calls(outbound, self.style)
        beside = sending.beside(outbound, self.style, datetime.now(UTC))
        for number, call in enumerate(made, 1):
            if self.marked:
                mark = marks.Mark(outbound.key, number, len(made))
                call.message["metadata"] = marks.write(self.context.key, mark)
            quotes = number == 1 and outbound.quoted_id and self.features.quotes
            quoted = {"reply_to": {"mid": outbound.quoted_id}} if quotes else {}
            yield partial(self._one, call, {**beside, **quoted})

    def _one(self, call: sending.Call, beside: sending.Body) -> str:
        try:
            if call.file is None:
                told = self.graph.send("me/messages", {**beside, "message": call.message})
            else:
                told = self.graph.send_file(
                    "me/messages", _form({**beside, "message": call.message}), call.file
                )
        except ChannelError as error:
            if "tag" in beside and isinstance(error, trouble.Refused) and error.sort in _NOT_ALLOWED:
                raise ChannelError(NOT_YET, detail=error.detail, permanent=True) from error
            raise
        return word(told, "message_id", 512)


def _form(body: sending.Body) -> dict[str, str]:
    """The fields of a form: objects in JSON, words as they are."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in body.items()
    }
