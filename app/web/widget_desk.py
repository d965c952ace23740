"""One visitor's frames taken in, whichever transport brought them: limits, transaction, answer."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from starlette.requests import HTTPConnection

from app import connect, guesses, rates, resuming, visitors
from app.db import reading, transaction
from app.i18n import DEFAULT, known
from app.models import Channel, Visitor
from app.together import Together
from app.visitors.sending import Answer
from app.visitors.trouble import ENDED, Frame, Trouble, malformed
from app.web.widget import open_channel

log = logging.getLogger(__name__)

SHORT = 16 * 1024  # characters of a frame that is read on the event loop
MAX_FRAME = 64 * 1024  # bytes of JSON; the longest message fits
FAILED = "This could not be taken in. It is kept here; please try again."
PONG = re.compile(r'\s*\{\s*"t"\s*:\s*"pong"\s*\}\s*')
COUNTED = {"send", "ask"}
ISSUED = 10  # codes one visitor is shown in ten minutes; ten times as many of one address
MANY = "That was a lot at once. It will be sent in a moment."
POLLS = 300  # a minute of one visitor, of all windows together
GUESSES = 5  # codes one visitor may try in ten minutes; four times as many from one address


@dataclass(frozen=True)
class Desk:
    """Where a line stands: which channel, from which address, and once known, whose it is."""

    key: str
    remote: str
    visitor_id: int = 0
    identities: tuple[int, ...] = ()
    locale: str = DEFAULT
    over: bool = False


def desk_for(connection: HTTPConnection) -> Desk:
    """The desk of a new connection."""
    remote = rates.network(connection.client.host) if connection.client else ""
    accepted = connection.headers.get("accept-language", "").split(",")[0]
    return Desk(connection.path_params["key"], remote, locale=known(accepted))


def take(desk: Desk, text: str | bytes) -> tuple[Desk, list[Frame]]:
    """Take one frame in; never raises for what a visitor can do wrong. Sync: run it in a thread."""
    try:
        frame = parse(text)
    except Trouble as trouble:
        return desk, [trouble.frame(desk.locale)]
    return take_frame(desk, frame)


def take_frame(desk: Desk, frame: Mapping[str, Any]) -> tuple[Desk, list[Frame]]:
    """Like :func:`take`, of a parsed frame."""
    try:
        _limit(desk, frame)
    except Trouble as trouble:
        return desk, [trouble.frame(desk.locale, frame.get("id"))]
    return _take_in(desk, frame)


def missed(desk: Desk, frames: Sequence[Frame]) -> list[Frame]:
    """What was said after the thread told in `frames` was read and before the line listened to it."""
    told = [frame["messages"] for frame in frames if "messages" in frame and not frame.get("newer")]
    if not told or not desk.identities:
        return []
    last = max((message["id"] for message in told[-1]), default=0)
    with reading() as db:
        messages, newer = visitors.catch_up(db, desk.identities, last)
        fresh = [message for message in messages if message.id > last]
        found = visitors.message_frames(db, fresh)
    return [{"t": "history", "messages": found, "newer": newer}] if fresh else []


def as_message(desk: Desk, text: str) -> dict[str, Any] | None:
    """The frame, if it is a message of somebody who has written before: :data:`messages` takes such together."""
    if not desk.identities or len(text) > SHORT or '"send"' not in text:
        return None
    try:
        frame = parse(text)
    except Trouble:
        return None
    return frame if frame["t"] == "send" else None


Taken = tuple[Desk, list[Frame]]


def _take_all(said: Sequence[tuple[Desk, Mapping[str, Any]]]) -> list[Taken]:
    """Messages that came together, in one transaction; where that fails, each by itself."""
    if len(said) == 1:
        return [take_frame(*said[0])]
    chosen = {key: _chosen(key) for key in {desk.key for desk, _ in said}}
    answers = [_limited(desk, frame, chosen[desk.key]) for desk, frame in said]
    left = [number for number, answer in enumerate(answers) if answer is None]
    try:
        taken = _taken_together([said[number] for number in left])
    except Exception as error:  # noqa: BLE001 - each is taken again, and what is wrong with one told to its sender
        log.info("%s messages are taken in one by one: %s", len(left), error)
        taken = [_take_in(*said[number]) for number in left]
    for number, one in zip(left, taken, strict=True):
        answers[number] = one
    return [answer for answer in answers if answer is not None]


def _limited(desk: Desk, frame: Mapping[str, Any], chosen: Any) -> Taken | None:
    try:
        _limit_messages(desk, chosen)
    except Trouble as trouble:
        return desk, [trouble.frame(desk.locale, frame.get("id"))]
    return None


def _taken_together(said: Sequence[tuple[Desk, Mapping[str, Any]]]) -> list[Taken]:
    answers: list[Taken | None] = [None] * len(said)
    with transaction() as db:
        wanted = select(Visitor).where(Visitor.id.in_({desk.visitor_id for desk, _ in said}))
        visitors_by_id = {one.id: one for one in db.scalars(wanted)}
        for key in {desk.key for desk, _ in said}:
            numbers = [number for number, (desk, _) in enumerate(said) if desk.key == key]
            channel = open_channel(db, key)
            theirs = [(visitors_by_id[said[number][0].visitor_id], said[number][1]) for number in numbers]
            if channel is None or any(visitor.revoked_at is not None for visitor, _ in theirs):
                raise ValueError("one of them is over")  # it is told so when it is taken by itself
            for number, answer in zip(numbers, visitors.send_all(db, channel, theirs), strict=True):
                answers[number] = _told(db, *said[number], answer)
    return [answer for answer in answers if answer is not None]


def _told(db: Any, desk: Desk, frame: Mapping[str, Any], answer: Answer | Trouble) -> Taken:
    if isinstance(answer, Trouble):
        return desk, [answer.frame(desk.locale, frame.get("id"))]
    return _settled(db, desk, answer)


messages = Together(_take_all, 64)


def _take_in(desk: Desk, frame: Mapping[str, Any]) -> Taken:
    try:
        with transaction() as db:
            channel = open_channel(db, desk.key)
            if channel is None:
                raise Trouble("channel", "There is no chat here (any more).", fatal=True)
            if frame.get("t") == "hello":
                return _settled(db, desk, visitors.hello(db, channel, frame))
            return _settled(db, desk, visitors.handle(db, channel, _visitor(db, desk), frame))
    except Trouble as trouble:
        return desk, [trouble.frame(desk.locale, frame.get("id"))]
    except Exception:  # a fault of ours must not cost the visitor the line, nor the message they keep
        log.exception("A %s frame could not be taken in.", str(frame.get("t"))[:20])
        return desk, [Trouble("failed", FAILED, retry_after=5).frame(desk.locale, frame.get("id"))]


def is_pong(text: str) -> bool:
    """Whether this only says that somebody is there: thousands say so all the time, so it costs no transaction."""
    return len(text) <= 100 and PONG.fullmatch(text) is not None


def parse(text: str | bytes) -> dict[str, Any]:
    """A frame from its JSON. Raises :class:`Trouble`."""
    if len(text) > MAX_FRAME:
        raise Trouble("too_large", "This is too large to be accepted. Nothing was saved.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed() from None
    if not isinstance(frame, dict) or not isinstance(frame.get("t"), str):
        raise malformed()
    return frame


def resume(desk: Desk, token: str) -> Desk:
    """The desk of the visitor with this token. Raises :class:`Trouble` ("token")."""
    with reading() as db:
        channel = open_channel(db, desk.key)
        visitor = visitors.by_token(db, channel, token) if channel else None
        if visitor is None:
            raise Trouble("token", ENDED)
        return _at(db, desk, visitor)


def _settled(db: Any, desk: Desk, answer: Answer) -> tuple[Desk, list[Frame]]:
    if answer.visitor is None:
        return Desk(desk.key, desk.remote, locale=desk.locale, over=True), answer.frames
    return _at(db, desk, answer.visitor), answer.frames


def _at(db: Any, desk: Desk, visitor: Visitor) -> Desk:
    return Desk(desk.key, desk.remote, visitor.id, visitors.identities(db, visitor), known(visitor.locale))


def _visitor(db: Any, desk: Desk) -> Visitor:
    """The line's own visitor; a session ended elsewhere ends here too. Raises :class:`Trouble`."""
    found: Visitor | None = db.get(Visitor, desk.visitor_id)
    if found is None or found.revoked_at is not None:
        raise Trouble("token", ENDED, fatal=True)
    return found


def _limit(desk: Desk, frame: Mapping[str, Any]) -> None:
    """Raises :class:`Trouble` with the seconds to wait. Asked before the transaction: Redis may be slow."""
    kind = frame.get("t")
    if kind == "redeem":
        _hit(f"code:{desk.visitor_id}", GUESSES, 600, resuming.TOO_MANY)
        _hit(f"code:{desk.remote}", GUESSES * 4, 600, resuming.TOO_MANY)
        if resuming.is_typed(frame.get("code")) and (wait := guesses.on_channel(desk.key)):
            raise Trouble("rate", resuming.TOO_MANY, retry_after=wait)
    elif kind == "code":
        _hit(f"issue:{desk.visitor_id}", ISSUED, 600)
        _hit(f"issue:{desk.remote}", ISSUED * 10, 600)
    elif kind == "hello":
        _hit(f"hello:{desk.key}:{desk.remote}", 240, 60)
    elif kind in COUNTED:
        _limit_messages(desk, _chosen(desk.key))
    else:
        _hit(f"any:{desk.visitor_id}", 600, 60)


def limit_polls(desk: Desk, full: bool) -> None:
    """Raises :class:`Trouble` with the seconds to wait, also where enough lines of theirs are open (`full`)."""
    if full:
        raise Trouble("rate", MANY, retry_after=60)
    _hit(f"poll:{desk.visitor_id}", POLLS, 60)


def _limit_messages(desk: Desk, chosen: Any) -> None:
    if chosen is not None:
        _hit(f"say:{desk.visitor_id}", chosen.messages_per_minute, 60)
        _hit(f"say:{desk.key}:{desk.remote}", chosen.messages_per_minute_ip, 60)


def _hit(key: str, limit: int, per: float, sentence: str = MANY) -> None:
    wait = rates.hit(f"widget:{key}", limit, per)
    if wait:
        raise Trouble("rate", sentence, retry_after=wait)


def _chosen(key: str) -> Any:
    with reading() as db:
        channel: Channel | None = open_channel(db, key)
        return connect.connector(channel).settings if channel else None
