"""Mails that lie in files, taken in by the one door: stored as they are, then read, as those of a mailbox."""

from __future__ import annotations

import hashlib
import logging
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import quote

from sqlalchemy import select

from app import intake, jobs
from app.collecting.files import Found
from app.collecting.keeping import MOST_BYTES
from app.db import breathe, insist, reading, transaction
from app.models import Channel, RawReceipt
from channels.base import Request

log = logging.getLogger(__name__)

AT_ONCE = 100  # mails in a transaction
LISTED = 1000  # problems kept word for word
_DIGEST = re.compile(r";sha256=([0-9a-f]{16})")


@dataclass
class Tally:
    """What became of the mails so far; `read` bytes of their files. `others`: they say something, but not a message."""

    read: int = 0
    new: int = 0
    seen: int = 0
    others: int = 0
    wrong: int = 0
    problems: list[tuple[str, str]] = field(
        default_factory=list
    )  # (where it stood, what is wrong), the first ones

    @property
    def mails(self) -> int:
        return self.new + self.seen + self.others + self.wrong

    def note(self, name: str, problem: str) -> None:
        self.wrong += 1
        if len(self.problems) < LISTED:
            self.problems.append((name, problem))


def take_in(
    channel_id: int,
    found: Iterable[Found],
    *,
    sent: bool = False,
    alone: bool = False,
    history_before: datetime | None = None,
) -> Iterator[Tally]:
    """Take them in, some at a time; gives the same tally after each time. `sent`: our side wrote them. `alone`: no
    other process is there that wants to write in between. What was said before `history_before` opens no case.

    What was imported before is known by its bytes and not stored again; a mail that came another way, by its id.
    """
    tally, known = Tally(), _known(channel_id)
    headers = {"folder": "sent" if sent else "inbox", "imported": "yes"}
    if history_before is not None:
        headers["history-before"] = history_before.isoformat()
    for some in _portions(found):
        tally.read = some[-1].read
        for one in some:
            if one.raw is None:
                tally.note(one.name, one.problem)
        fresh = [(one, _request(one, headers)) for one in some if one.raw is not None]
        fresh = [(one, request) for one, request in fresh if not _is_known(known, request.url)]
        tally.seen += sum(one.raw is not None for one in some) - len(fresh)
        if fresh:
            _take(channel_id, fresh, tally)
        yield tally
        if len(fresh) > 1 and not alone:
            breathe()


def is_alone() -> bool:
    """Whether nothing of the installation runs. Where there is no Redis, that the bell cannot be rung after a commit
    is not told each time from now on."""
    running = jobs.alive()
    if running is None:
        logging.getLogger("app.db").setLevel(logging.ERROR)
    return not running


def _take(channel_id: int, fresh: Sequence[tuple[Found, Request]], tally: Tally) -> None:
    ids = insist(partial(_stored, channel_id, [request for _, request in fresh]))
    for (one, _), receipt in zip(fresh, intake.read_receipts(ids), strict=True):
        _count(tally, one.name, receipt)


def _count(tally: Tally, name: str, receipt: RawReceipt) -> None:
    messages = [one for one in receipt.outcome if "message" in one]
    if receipt.state == "failed":
        tally.note(name, receipt.error)
    elif any(one.get("malformed") for one in receipt.outcome):
        tally.note(name, next(one["excluded"] for one in receipt.outcome if one.get("malformed")))
    elif any(one.get("new") for one in messages):
        tally.new += 1
    elif messages:
        tally.seen += 1
    else:
        tally.others += 1


def _stored(channel_id: int, requests: Sequence[Request]) -> list[int]:
    with transaction() as db:
        channel = db.get_one(Channel, channel_id)
        return [one.id for one in intake.store_all(db, [(channel, each, "") for each in requests])]


def _portions(found: Iterable[Found]) -> Iterator[list[Found]]:
    some: list[Found] = []
    size = 0
    for one in found:
        some.append(one)
        size += len(one.raw or b"")
        if len(some) >= AT_ONCE or size >= MOST_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _request(one: Found, headers: Mapping[str, str]) -> Request:
    assert one.raw is not None
    sent = b"sent" if headers["folder"] == "sent" else b""
    digest = hashlib.sha256(one.raw + sent).hexdigest()[:16]
    return Request("MAIL", f"file:{quote(one.name)[:1000]};sha256={digest}", headers=headers, body=one.raw)


def _known(channel_id: int) -> array[int]:
    """Digests of what was imported before, in order: eight bytes a mail."""
    asked = select(RawReceipt.url).where(
        RawReceipt.channel_id == channel_id, RawReceipt.method == "MAIL", RawReceipt.url.startswith("file:")
    )
    with reading() as db:
        urls = db.scalars(asked.execution_options(yield_per=1000))
        return array("Q", sorted(int(told[1], 16) for url in urls if (told := _DIGEST.search(url))))


def _is_known(known: array[int], url: str) -> bool:
    told = _DIGEST.search(url)
    digest = int(told[1], 16) if told else 0
    at = bisect_left(known, digest)
    return at < len(known) and known[at] == digest
