"""Messages of visitors: read from their frames, taken in, acknowledged; several at once where they come together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, intake
from app.db import now
from app.models import Channel, Identity, Message, Visitor
from app.text import clean
from app.visitors import sessions
from app.visitors.trouble import Frame, Trouble, malformed
from channels import base, webchat
from channels.base import Ignored


@dataclass
class Answer:
    """What to answer. `visitor` is whose line it is from now on; None: the line ends."""

    visitor: Visitor | None
    frames: list[Frame] = field(default_factory=list)


def send_all(
    db: Session, channel: Channel, said: Sequence[tuple[Visitor, Mapping[str, Any]]]
) -> list[Answer | Trouble]:
    """Messages of visitors who have written before, taken in together; for each its answer, or why it has none.

    Raises whatever goes wrong with the whole; nothing of it may be kept then.
    """
    # In hand until the end, so that each is not looked up by itself: a session forgets what nobody holds.
    ids = {id for visitor, _ in said for id in (visitor.identity_id, visitor.proved_identity_id) if id}
    _held = db.scalars(select(Identity).where(Identity.id.in_(ids))).all()
    read = [_read_send(db, channel, visitor, frame) for visitor, frame in said]
    right = [one for one in read if not isinstance(one, Trouble)]
    outcomes = intake.accept(db, channel, [one.event for one in right])
    receipts = intake.store_all(db, [(channel, one.request, "") for one in right])
    for receipt, outcome in zip(receipts, outcomes, strict=True):
        receipt.state, receipt.parsed_at, receipt.outcome = "parsed", now(), [outcome]
    numbers = [outcome["message"] for outcome in outcomes if "message" in outcome]
    messages = {one.id: one for one in db.scalars(select(Message).where(Message.id.in_(numbers)))}
    taken = iter(
        [_acknowledged(one, outcome, messages) for one, outcome in zip(right, outcomes, strict=True)]
    )
    return [one if isinstance(one, Trouble) else next(taken) for one in read]


@dataclass(frozen=True)
class _Read:
    """A message understood and not yet taken in."""

    visitor: Visitor
    id: str
    request: base.Request
    event: base.Event


def _read_send(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> _Read | Trouble:
    try:
        sessions.seen(visitor, checked(frame))
        request, events = parsed(db, channel, visitor, frame)
    except Trouble as trouble:
        return trouble
    return _Read(visitor, frame["id"], request, events[0])


def _acknowledged(
    read: _Read, outcome: Mapping[str, Any], messages: Mapping[int, Message]
) -> Answer | Trouble:
    try:
        check(outcome, message=True)
    except Trouble as trouble:
        return trouble
    return Answer(read.visitor, [ack(read.id, messages[outcome["message"]])])


def checked(frame: Mapping[str, Any]) -> dict[str, str]:
    """The page a message was sent from. Raises :class:`Trouble` where the message is too long."""
    length = len(frame["text"]) if isinstance(frame.get("text"), str) else 0
    if length > webchat.MAX_TEXT:
        raise Trouble("too_long", "A message can have at most %(limit)s characters.", limit=webchat.MAX_TEXT)
    return page_of(frame)


def ack(id: object, message: Message) -> Frame:
    return {
        "t": "ack",
        "id": clean(id) if isinstance(id, str) else id,
        "message": message.id,
        "at": message.sent_at.isoformat(),
    }


def parsed(
    db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]
) -> tuple[base.Request, list[base.Event]]:
    """The frame as a request of the channel, and what its connector reads in it. Raises :class:`Trouble`."""
    person = sessions.sender(db, channel, visitor)
    # As ASCII: a lone surrogate is JSON, but no UTF-8.
    body = json.dumps(frame).encode()
    request = webchat.frame(person, sessions.device(visitor), body, now())
    events = connect.connector(channel).parse(request)
    if not events or isinstance(events[0], Ignored):
        raise malformed()
    return request, events


def check(outcome: Mapping[str, Any], *, message: bool) -> None:
    """Raises :class:`Trouble` where what was taken in failed, or (`message`) became no message."""
    if "failed" in outcome:
        raise Trouble(
            "failed", "This could not be taken in. It is kept here; please try again.", retry_after=5
        )
    if message and "message" not in outcome:
        raise Trouble("refused", "This message could not be accepted.")


def page_of(frame: Mapping[str, Any]) -> dict[str, str]:
    told = mapping_of(frame, "page")
    found = {name: clean(text_of(told, name, 2000)) for name in ("url", "title")}
    return {name: value[:500] for name, value in found.items() if value}


def mapping_of(frame: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = frame.get(name) or {}
    if not isinstance(value, dict):
        raise malformed()
    return value


def text_of(frame: Mapping[str, Any], name: str, limit: int) -> str:
    value = frame.get(name) or ""
    if not isinstance(value, str) or len(value) > limit:
        raise malformed()
    return value
