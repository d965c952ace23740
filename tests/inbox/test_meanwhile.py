"""What comes in while somebody else is at work waits, and finds what that one did."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import inbox
from tests.inbox.conftest import Shop


def test_what_comes_in_while_its_address_is_taken_out_waits_and_stands_with_the_new_one(
    db: Session, shop: Shop
) -> None:
    identity, old = shop.identity("a2"), shop.one.customer_id
    inbox.split(db, shop.agent, identity)
    db.flush()
    identity.__dict__["customer_id"] = old  # as it was read before we waited
    (said,) = inbox.receive(db, shop.channel, [(identity, inbox.Said("late", "遅れて届きました"))])
    assert said.conversation.id == shop.of("a2").id != shop.one.id
