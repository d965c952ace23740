"""Searching a folder and fetching mails out of it, whatever a server makes of that (RFC 3501)."""

import imaplib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from imapclient import IMAPClient

from channels.email.trouble import GARBLED, words

CHUNK = 1_000_000  # bytes asked for at once
PORTION = 4_000_000  # bytes of small mails fetched together
MANY = 50  # mails whose sizes are asked for together
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Unreadable(Exception):
    """The server does not hand out this mail; the text is what it says."""


@dataclass(frozen=True)
class Slip:
    """What is known of a mail before it is fetched. `size` is in bytes, -1 if the server cannot tell."""

    uid: int
    size: int = -1
    at: datetime | None = None


def received(slip: Slip) -> dict[str, str]:
    """When the server got it, as a header of the request: ISO 8601, in UTC."""
    return {"received": slip.at.astimezone(UTC).isoformat()} if slip.at else {}


def search(client: IMAPClient, criteria: str) -> list[int]:
    """UIDs that fit, in order, each once. Servers may spread them over several lines and add a MODSEQ."""
    client._imap.untagged_responses.clear()
    kind, lines = client._imap.uid("SEARCH", criteria)
    if kind != "OK":
        raise imaplib.IMAP4.error(lines[-1] or b"SEARCH failed")
    told = b" ".join(line for line in lines if isinstance(line, bytes))
    numbers = re.sub(rb"\(MODSEQ \d+\)", b"", told, flags=re.IGNORECASE).split()
    if not all(number.isdigit() for number in numbers):  # taken for "nothing" it would cost mails
        raise ValueError("no answer to SEARCH: " + words(told))
    return sorted(set(map(int, numbers)))


def newer(client: IMAPClient, uid: int) -> list[int]:
    """UIDs above `uid`. Asked for "105:*", a server with nothing newer names its last mail (RFC 3501, 6.4.8)."""
    return [one for one in search(client, f"UID {uid + 1}:*") if one > uid]


def since(client: IMAPClient, first: int, last: int, day: date) -> list[int]:
    """UIDs from `first` to `last` of mails that the server got on `day` or later."""
    if first > last:
        return []
    found = search(client, f"UID {first}:{last} SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year:04}")
    return [one for one in found if first <= one <= last]


def highest(client: IMAPClient) -> int:
    """The UID of the last mail, 0 in an empty folder."""
    return max(search(client, "UID *"), default=0)


def slips(client: IMAPClient, uids: Sequence[int]) -> list[Slip]:
    """What these mails are like, in order, without those that vanished meanwhile. One bad one costs only itself."""
    found = {slip.uid: slip for slip in _told(client, uids)}
    missing = [uid for uid in uids if uid not in found]
    there = search(client, "UID " + ",".join(map(str, missing))) if missing else []
    return [found.get(uid, Slip(uid)) for uid in uids if uid in found or uid in there]


def _told(client: IMAPClient, uids: Sequence[int]) -> list[Slip]:
    try:
        told = client.fetch(uids, ["UID", "INTERNALDATE", "RFC822.SIZE"])
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, *GARBLED):
        if len(uids) == 1:
            return [Slip(uids[0])]
        return [slip for uid in uids for slip in _told(client, [uid])]
    return [_slip(uid, told[uid]) for uid in uids if uid in told]


def _slip(uid: int, told: dict[bytes, Any]) -> Slip:
    size, at = told.get(b"RFC822.SIZE"), told.get(b"INTERNALDATE")
    return Slip(uid, size if isinstance(size, int) else -1, at if isinstance(at, datetime) else None)


def portions(found: Sequence[Slip], big: int) -> Iterator[list[Slip]]:
    """`found` in portions small enough to be fetched in one go; one above `big` bytes, or of unknown size, is alone."""
    portion: list[Slip] = []
    for slip in found:
        alone = not 0 <= slip.size <= min(CHUNK, big)
        if portion and (alone or sum(one.size for one in portion) + slip.size > PORTION):
            yield portion
            portion = []
        portion.append(slip)
        if alone:
            yield portion
            portion = []
    if portion:
        yield portion


def bodies(client: IMAPClient, uids: Sequence[int]) -> dict[int, bytes]:
    """Whole mails, unmarked (PEEK). Empty if the server, or we, stumble over one of them: then ask for each alone."""
    try:
        told = client.fetch(uids, ["BODY.PEEK[]"])
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, *GARBLED):
        return {}
    return {uid: raw for uid in uids if (raw := _body(told.get(uid, {}))) is not None}


def chunks(client: IMAPClient, slip: Slip) -> Iterator[bytes]:
    """One mail piece by piece, so that a big one does not silence us for long. Raises `Unreadable`."""
    if 0 <= slip.size <= CHUNK:
        raw = _body(asked(client, slip.uid, "BODY.PEEK[]"))
        if raw is None:
            raise Unreadable("the server hands out nothing")
        yield raw
        return
    start = 0
    while chunk := _body(asked(client, slip.uid, f"BODY.PEEK[]<{start}.{CHUNK}>")):
        yield chunk
        start += len(chunk)
        if len(chunk) < CHUNK or start == slip.size:
            return
    if start == 0:
        raise Unreadable("the server hands out nothing")


def asked(client: IMAPClient, uid: int, *what: str) -> dict[bytes, Any]:
    """What the server tells of one mail. Raises `Unreadable` with its words, imaplib.IMAP4.abort, OSError."""
    try:
        told: dict[bytes, Any] = client.fetch([uid], what).get(uid, {})
        return told
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, *GARBLED) as error:
        raise Unreadable(words(error.args[0] if error.args else error)) from error


def exists(client: IMAPClient, uid: int) -> bool:
    return uid in search(client, f"UID {uid}")


def _body(told: dict[bytes, Any]) -> bytes | None:
    return next(
        (told[key] for key in told if key.startswith(b"BODY[") and isinstance(told[key], bytes)), None
    )
