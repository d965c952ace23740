"""Addresses from before they were kept in one form: brought to it, and nobody lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import customers, family, inbox, respelling
from app.db import transaction
from app.models import CustomerLink, Identity, Message, Setting
from app.models.customer import CLAIMED, DEVICE, SIGNED
from channels import base
from tests import factories as make


def before(db: Session, kind: str, address: str, *, proof: int = DEVICE, user: str = "") -> Identity:
    """An address as an older version kept it, of a customer of its own (signed in as `user`)."""
    own = customers.Contact(("user", "shop", user or f"{kind} {address}"), proof=SIGNED if user else DEVICE)
    customer_id = customers.identify(db, own).customer_id
    row = Identity(
        customer_id=customer_id, kind=kind, scope="", address=address, display=address, proof=proof
    )
    db.add(row)
    db.flush()
    return row


@pytest.fixture
def due(committed: None) -> None:
    with transaction() as db:
        db.add(Setting(key=respelling.MARK, value={"after": 0}))


@pytest.mark.usefixtures("due")
def test_numbers_and_mail_addresses_are_brought_to_one_form_once() -> None:
    with transaction() as db:
        rows = [
            before(db, kind, address).id
            for kind, address in (
                *(("phone", "03-1234-5678"), ("phone", "+819012345678"), ("phone", "22000")),
                *(("email", "taro@例え.jp"), ("email", "hanako@example.jp")),
            )
        ]
    assert respelling.run() == 2
    with transaction() as db:
        assert [db.get_one(Identity, id).address for id in rows] == [
            *("+81312345678", "+819012345678", "22000", "taro@xn--r8jz45g.jp", "hanako@example.jp")
        ]
        assert db.get(Setting, respelling.MARK) is None
        assert customers.find(db, "phone", "", "03 1234 5678") is not None
    assert respelling.run() == 0


@pytest.mark.usefixtures("due")
def test_two_spellings_of_one_number_link_their_customers_and_undoing_parts_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(respelling, "PORTION", 1)
    with transaction() as db:
        rows = [before(db, "phone", written) for written in ("03-1234-5678", "+81312345678", "0312345678")]
        channel = make.channel(db, "api", settings={"identity_scope": "shop"})
        said = [
            make.customer_says(db, channel, sender=base.Person(f"phone {one.address}", "shop")).id
            for one in rows
        ]
        ids = [one.customer_id for one in rows]
    respelling.run()
    with transaction() as db:
        threads = [family.conversation_of(db, id) for id in ids]
        assert {one.head_id for one in threads} == {threads[1].id}
        kept = [db.get_one(Identity, one.id).address for one in rows]
        assert kept == ["03-1234-5678", "+81312345678", "0312345678"]
        assert [db.get_one(Message, id).conversation_id for id in said] == [one.id for one in threads]
        for link in db.scalars(select(CustomerLink)):
            assert link.evidence == {"proof": "address", "kind": "phone", "address": "+81312345678"}
            inbox.unlink(db, link)
        assert [one.head_id for one in threads] == [one.id for one in threads]


@pytest.mark.usefixtures("due")
def test_neither_two_accounts_nor_a_mere_claim_are_linked_by_a_spelling() -> None:
    with transaction() as db:
        before(db, "phone", "03-1234-5678", user="u1")
        before(db, "phone", "+81312345678", user="u2")
        before(db, "phone", "０３１２３４５６７８", proof=CLAIMED)
    respelling.run()
    with transaction() as db:
        assert db.scalars(select(CustomerLink)).all() == []
        kept = {one.address for one in db.scalars(select(Identity).where(Identity.kind == "phone"))}
        assert kept == {"03-1234-5678", "+81312345678", "０３１２３４５６７８"}
