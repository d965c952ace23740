"""Mail as the core sees it: a kind "post" with everything mail has, and messages as its connector reads them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import intake, queries, verify
from app.models import Channel, Conversation, Delivery, DeliveryRef, Message
from channels import base
from tests import factories as make
from tests.connectors import Post, installed

FEATURES: dict[str, Any] = {
    "html": True,
    "subject": True,
    "max_attachment_bytes": 1000,
    "push": True,
    "idempotent": True,
    "copies": True,
    "same_everywhere": True,
    "suggests": True,
    "identity_kind": "email",
}
HANA, TARO, MOMO = "hana@example.jp", "taro@example.jp", "momo@example.jp"
_numbers = itertools.count(1)


@contextmanager
def mail(monkeypatch: pytest.MonkeyPatch, **features: Any) -> Iterator[type[Post]]:
    """The kind "post" behaves like mail."""
    with installed(monkeypatch, **{**FEATURES, **features}) as kind:
        kind.answer = staticmethod(lambda out: base.Sent((f"<{out.key}@shop.example>",)))
        yield kind


def letter(text: str = "注文の件です", sender: str = HANA, *, id: str = "", **fields: Any) -> base.Inbound:
    """A mail as a connector reads it. `id`: its Message-ID, without brackets."""
    id = f"<{id or f'mail-{next(_numbers)}@example.jp'}>"
    cc = [base.Participant(address) for address in fields.pop("cc", ())]
    name = fields.pop("name", "")
    context = {"message_id": id, **fields.pop("context", {})}
    return make.inbound(
        text,
        base.Person(sender, name=name, proof="claimed"),
        id=f"{id} digest",
        context=context,
        others=tuple(cc),
        auto=fields.get("sort") == "auto-reply",
        **fields,
    )


def arrives(db: Session, to: Channel, *letters: base.Event) -> list[intake.Outcome]:
    """Mails come in by a receipt."""
    return make.accept(db, to, *letters)


def comes(db: Session, to: Channel, text: str = "注文の件です", sender: str = HANA, **fields: Any) -> Message:
    """The message a mail became."""
    (outcome,) = arrives(db, to, letter(text, sender, **fields))
    assert "message" in outcome, outcome
    return db.get_one(Message, outcome["message"])


def own(db: Session, message: Message) -> Conversation:
    """The very conversation a message stands in."""
    return db.get_one(Conversation, message.conversation_id)


def assert_books(db: Session) -> None:
    """`madoguchi verify` finds nothing."""
    db.flush()
    report = verify.report(db)
    assert report.clean, str(report)


def lines(db: Session, head: Conversation, what: str = "stranger") -> list[Message]:
    found = select(Message).where(Message.conversation_id == head.id, Message.kind == "system")
    return [one for one in db.scalars(found) if one.context["what"] == what]


def texts(db: Session, head: Conversation) -> list[str]:
    return [one.text for one in queries.thread_page(db, head).messages if one.kind != "system"]


def sent(db: Session, message: Message, id: str) -> None:
    """The message went out under this Message-ID."""
    delivery = db.scalars(select(Delivery).filter_by(message_id=message.id)).one()
    delivery.state = "sent"
    db.add(DeliveryRef(channel_id=delivery.channel_id, external_id=id, delivery_id=delivery.id))
    db.flush()


def again(db: Session, head: Conversation) -> Conversation:
    """As it is now: recounting the books lets go of what was read."""
    return db.get_one(Conversation, head.id, populate_existing=True)


# --- other people ----------------------------------------------------------------------------------------
