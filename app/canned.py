"""Canned replies: texts kept ready, called up in the composer with ``/`` and a shortcut.

A body may name what is filled in when it is used: ``{customer}``, ``{agent}``, ``{shop}`` or, in Japanese,
``{お客様}``, ``{担当}``, ``{店名}``. :func:`for_composer` fills in what does not depend on the conversation; the
composer (static/js/suggest.js) fills in the customer, in the language of the reply.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db import now
from app.events import record
from app.i18n import LOCALES
from app.models import Agent, CannedReply
from app.text import clean, fold, one_line

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "customer": "customer", "お客様": "customer",
        "agent": "agent", "担当": "agent",
        "shop": "shop", "店名": "shop",
    }
)  # fmt: skip
MAX_SHORTCUT, MAX_TITLE, MAX_BODY = 30, 100, 8000
_TOO_LONG = "At most %(n)s characters."
_SHORTCUT = re.compile(r"[\w.\-ー]+")  # what the composer takes for one word after "/"
_NAMED = re.compile(r"[{｛]\s*([^\W\d]\w*)\s*[}｝]")


Problem = tuple[str, Mapping[str, object]]


class Wrong(Exception):
    """What was typed cannot be kept: `errors`, field → (English sentence, its values)."""

    def __init__(self, errors: Mapping[str, Problem]) -> None:
        super().__init__("; ".join(sentence % values for sentence, values in errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Typed:
    """A canned reply as its form has it."""

    shortcut: str = ""
    title: str = ""
    body: str = ""
    locale: str = ""


def save(
    db: Session, agent: Agent, reply: CannedReply | None, typed: Typed, *, seen: str = ""
) -> CannedReply:
    """Write a reply (None: a new one). Raises :class:`Wrong`.

    `seen` is the :func:`version` that was being changed; somebody else's change since then is not overwritten.
    """
    wanted = _tidy(typed)
    _check(wanted)
    if reply is not None:
        reply = db.get_one(CannedReply, reply.id, with_for_update={"key_share": True}, populate_existing=True)
    if reply is not None and seen and seen != version(reply):
        raise Wrong({"": (_CHANGED, {})})
    row = reply or CannedReply()
    _put(db, row, agent, wanted)
    kind = "audit.reply_changed" if reply else "audit.reply_added"
    record(db, kind, agent=agent, reply_id=row.id, name=row.shortcut)
    return row


_CHANGED = (
    "Somebody else changed this reply in the meantime. What you typed is kept; save again to replace theirs."
)


def version(reply: CannedReply) -> str:
    """Which of its texts this is."""
    return reply.updated_at.isoformat()


def remove(db: Session, agent: Agent, reply: CannedReply) -> None:
    """Take it away; what was sent with it stays."""
    record(db, "audit.reply_removed", agent=agent, reply_id=reply.id, name=reply.shortcut, body=reply.body)
    db.delete(reply)
    db.flush()


def find(db: Session, wanted: str = "") -> Sequence[CannedReply]:
    """The replies whose shortcut, title or body says `wanted` (width, case and kana do not matter), by shortcut."""
    replies = db.scalars(select(CannedReply).order_by(CannedReply.shortcut)).all()
    sought = [fold(word) for word in wanted.split()]
    return [one for one in replies if all(word in fold(_said(one)) for word in sought)]


def for_composer(db: Session, agent_name: str, shop: str) -> list[dict[str, str]]:
    """Every reply with the agent and the shop filled in and the customer left as ``{customer}``."""
    known = {"agent": agent_name, "shop": shop}
    return [
        {"shortcut": one.shortcut, "title": one.title, "locale": one.locale, "body": filled(one.body, known)}
        for one in find(db)
    ]


def filled(body: str, values: Mapping[str, str]) -> str:
    """The body with its variables (in either language) replaced; one without a value stays, by its English name."""

    def value(match: re.Match[str]) -> str:
        name = VARIABLES.get(match[1])
        return match[0] if name is None else values.get(name, f"{{{name}}}")

    return _NAMED.sub(value, body)


def shortcut_of(typed: str) -> str:
    """As it is stored and compared: NFKC, small letters, without the slash in front."""
    return unicodedata.normalize("NFKC", clean(typed)).lower().strip().lstrip("/").strip()


def _said(reply: CannedReply) -> str:
    return f"/{reply.shortcut}\n{reply.title}\n{reply.body}"


def _tidy(typed: Typed) -> Typed:
    return Typed(
        shortcut=shortcut_of(typed.shortcut),
        title=one_line(typed.title, MAX_TITLE + 1),
        body=_NAMED.sub(_half_width, clean(typed.body).strip("\n")),
        locale=typed.locale if typed.locale in LOCALES else "",
    )


def _half_width(match: re.Match[str]) -> str:
    """Braces typed with a Japanese keyboard are meant as braces where a variable stands in them."""
    return f"{{{match[1]}}}" if match[1] in VARIABLES else match[0]


def _check(typed: Typed) -> None:
    found = {
        "shortcut": _at_shortcut(typed.shortcut),
        "title": _at_title(typed.title),
        "body": _at_body(typed.body),
    }
    if wrong := {name: problem for name, problem in found.items() if problem}:
        raise Wrong(wrong)


def _at_shortcut(shortcut: str) -> Problem | None:
    if not shortcut:
        return "Give it a shortcut: what you type after “/”.", {}
    if len(shortcut) > MAX_SHORTCUT:
        return _TOO_LONG, {"n": MAX_SHORTCUT}
    if not _SHORTCUT.fullmatch(shortcut):
        return "A shortcut is one word of letters, digits, “-”, “_” and “.”.", {}
    return None


def _at_title(title: str) -> Problem | None:
    if not title:
        return "Give it a title; it stands beside the shortcut in the list.", {}
    return (_TOO_LONG, {"n": MAX_TITLE}) if len(title) > MAX_TITLE else None


def _at_body(body: str) -> Problem | None:
    if not body.strip():
        return "Write the text.", {}
    if len(body) > MAX_BODY:
        return _TOO_LONG, {"n": MAX_BODY}
    unknown = [name for name in _NAMED.findall(body) if name not in VARIABLES]
    if unknown:
        sentence = (
            "{%(name)s} is not known, so a customer would see it as it stands. Choose from those below."
        )
        return sentence, {"name": unknown[0]}
    return None


def _put(db: Session, row: CannedReply, agent: Agent, typed: Typed) -> None:
    """Two people may take one shortcut at the same moment: the database decides, in a savepoint."""
    db.flush()
    try:
        with db.begin_nested():
            row.shortcut, row.title = typed.shortcut, typed.title
            row.body, row.locale = typed.body, typed.locale
            row.updated_at, row.updated_by = now(), agent.id
            db.add(row)
            db.flush()
    except IntegrityError:
        taken = "There is already a reply with this shortcut."
        raise Wrong({"shortcut": (taken, {})}) from None
