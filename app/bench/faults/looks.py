"""What stands on the screens in the end, against the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bench.faults.books import Books
from app.bench.faults.ledger import CUSTOMER, Ledger
from app.bench.faults.screens import Screen
from app.models import Message
from app.models.message import PUBLIC


def visitors_screen(db: Session, name: str, shown: Mapping[int, str], ledger: Ledger) -> list[str]:
    """What is wrong with what stands on a visitor's screen: each public message of their thread once."""
    books = Books(db)
    mine = [row for said in ledger.of(CUSTOMER) if said.who == name for row in books.of(said)]
    threads = {row.conversation_id for row in mine}
    public = {
        one.id: one.text
        for one in books.messages.values()
        if one.conversation_id in threads and one.kind in PUBLIC
    }
    wrong = [f"{name} never saw message {id} “{public[id]}”" for id in sorted(public.keys() - shown.keys())]
    wrong += [
        f"{name} was shown message {id}, which is not theirs" for id in sorted(shown.keys() - public.keys())
    ]
    wrong += [
        f"{name} saw “{text}” {n} times"
        for text, n in Counter(shown.values()).items()
        if n > 1 and name in text
    ]
    return wrong


def agents_screen(db: Session, name: str, screen: Screen) -> list[str]:
    """What is wrong with the open conversation of an agent: each message of the thread once, in order."""
    there = [one.message for one in screen.entries.values()]
    wrong = [f"{name} sees message {id} {n} times" for id, n in Counter(there).items() if n > 1]
    rows = db.scalars(select(Message).where(Message.conversation_id == screen.conversation)).all()
    stand = {one.id: (one.sent_at, one.id) for one in rows}
    wrong += [f"{name} sees message {id}, which is not of this thread" for id in there if id not in stand]
    top = min((stand[id] for id in there if id in stand), default=None)
    due = [id for id, place in stand.items() if top is None or not screen.partly or place >= top]
    wrong += [
        f"{name} does not see message {id} of conversation {screen.conversation}"
        for id in due
        if id not in there
    ]
    drawn = sorted(screen.entries.values(), key=lambda one: (one.order.partition("|")[0], one.message))
    inorder = [one.message for one in drawn if one.message in stand]
    if inorder != sorted(inorder, key=stand.__getitem__):
        wrong.append(f"{name} sees conversation {screen.conversation} in another order than it has")
    return wrong
