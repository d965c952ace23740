"""What an entry of the thread shows of a mail besides its words: who it is from and to, what it carries along."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from app.models import Attachment, Message, MessageSource
from app.models.message import INBOUND, OUTBOUND

FRAME_LEAST, FRAME_MOST, FRAME_WIDTH = (
    160,
    620,
    540,
)  # pixels a mail's HTML is given before anybody makes it larger
_IN_BRACKETS = re.compile(
    r"(.*) \((\w{1,60})\)\.", re.DOTALL
)  # a sentence with the name of what went wrong behind it
PASSED, FAILED = "pass", frozenset({"fail", "softfail", "policy"})


@dataclass(frozen=True)
class Party:
    """Somebody a mail is from or to."""

    address: str
    name: str = ""
    role: str = "to"

    @property
    def words(self) -> str:
        return f"{self.name} <{self.address}>" if self.name and self.name != self.address else self.address


@dataclass(frozen=True)
class Letter:
    """A mail without its bodies, which are fetched when somebody asks for them.

    `formatted`: it has HTML. `doubt`: see :func:`doubt`. `problems`: (sentence, detail) of what was wrong with it, or
    is not shown of it. `refused`: address → words.
    `elsewhere`: the conversation it answers although its writer has no part in it; `unlisted`: how many got it besides
    `others`. `again`: "fetch" or "read" where doing that again may tell more; `left_out`: (name, bytes) of files that
    were not fetched.
    """

    writer: Party | None = None
    others: tuple[Party, ...] = ()
    sort: str = ""
    why: str = ""
    tool: bool = False
    elsewhere: int = 0
    unlisted: int = 0
    carried: bool = False
    formatted: bool = False
    original: bool = False
    doubt: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    checked: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    again: str = ""
    left_out: tuple[tuple[str, int], ...] = ()


def letters(
    db: Session, messages: Sequence[Message], mailboxes: set[int], writers: Mapping[int, Party]
) -> dict[int, Letter]:
    """Message id → what it shows as a mail, for those of `mailboxes` (ids of channels). One query, no bodies.

    `writers`: identity id → who that is.
    """
    ours = [one for one in messages if one.channel_id in mailboxes and one.kind in (INBOUND, OUTBOUND)]
    if not ours:
        return {}
    rows = {row.message_id: row for row in db.execute(_SOURCES, {"ids": [one.id for one in ours]})}
    return {one.id: _letter(one, rows.get(one.id), writers.get(one.identity_id or 0)) for one in ours}


def _letter(message: Message, row: Any, party: Party | None) -> Letter:
    told = message.context
    checked = {str(name): str(said).lower() for name, said in (row.checked if row else {}).items()}
    return Letter(
        writer=party,
        others=parties(told.get("others")),
        sort=str(told.get("sort", "")),
        why=str(told.get("why", "")),
        tool=bool(told.get("tool")),
        elsewhere=int(told.get("answers_in") or 0),
        unlisted=max(0, int(told.get("others_count") or 0) - len(parties(told.get("others")))),
        carried=bool(row and row.carried),
        formatted=bool(row and row.html),
        original=bool(row and row.receipt_id),
        doubt=doubt(checked) if message.kind == INBOUND else "",
        problems=_problems(told.get("problems")),
        checked=checked,
        refused=dict(row.refused) if row else {},
        again=_again(message) if row and row.receipt_id else "",
        left_out=_left_out(told.get("left_out")),
    )


def _problems(told: object) -> tuple[tuple[str, str], ...]:
    sentences = [str(one) for one in told if one] if isinstance(told, list) else []
    parted = [(one, _IN_BRACKETS.fullmatch(one)) for one in sentences]
    return tuple((f"{found[1]}.", found[2]) if found else (one, "") for one, found in parted)


def _again(message: Message) -> str:
    return "" if not message.lacking else "fetch" if message.context.get("lacking") else "read"


def _left_out(told: object) -> tuple[tuple[str, int], ...]:
    files = told if isinstance(told, list) else []
    return tuple(
        (str(one.get("name", "")), int(one.get("size") or 0)) for one in files if isinstance(one, dict)
    )


def doubt(checked: Mapping[str, str]) -> str:
    """What authentication results (RFC 8601) leave open: "failed", "unknown", or "" where they confirm the sender.

    Where no server is trusted to tell, nobody was asked (`checked` is empty): that the channel's settings say once.
    DMARC decides (RFC 7489); without it a signature of the sender's own domain.
    """
    if not checked:
        return ""
    dmarc, dkim = checked.get("dmarc", ""), checked.get("dkim", "")
    if dmarc == PASSED or (dkim == PASSED and checked.get("aligned") == "yes" and dmarc not in FAILED):
        return ""
    told = {dmarc} if dkim == PASSED else {dmarc, dkim, checked.get("spf", "")}
    return "failed" if told & FAILED else "unknown"


def height(message: Message, size: int, pictures: Sequence[Attachment] = ()) -> int:
    """Pixels for HTML of `size` characters. A guess: nobody measures inside the frame, where no script runs."""
    lines = 4 + message.text.count("\n") + len(message.text) // 45 + size // 4000
    shown = sum(_scaled(one) for one in pictures if one.content_id)
    return max(FRAME_LEAST, min(FRAME_MOST, lines * 24 + shown))


def _scaled(picture: Attachment) -> int:
    width, height = picture.width or 0, picture.height or 0
    return height * min(width, FRAME_WIDTH) // width if width else 0


def parties(told: object) -> tuple[Party, ...]:
    """The people that the context of a message names."""
    people = told if isinstance(told, list) else []
    return tuple(
        Party(str(one.get("address", "")), str(one.get("name", "")), str(one.get("role", "cc")))
        for one in people
        if isinstance(one, dict) and one.get("address")
    )


def _length(column: Any) -> ColumnElement[int]:
    return func.length(column)


_SOURCES = select(
    MessageSource.message_id,
    MessageSource.receipt_id,
    MessageSource.checked,
    MessageSource.refused,
    _length(MessageSource.html).label("html"),
    (_length(MessageSource.quoted) + _length(MessageSource.signature)).label("carried"),
).where(MessageSource.message_id.in_(bindparam("ids", expanding=True)))
