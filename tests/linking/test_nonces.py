"""What joins nobody: nonces that nobody gave, that are over, used, or another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import intake, linking
from app.db import now, reading, transaction
from app.family import conversation_of
from app.models import (
    AccountLink,
    Channel,
    Identity,
)
from app.models.customer import DEVICE
from channels import base
from tests import factories as make
from tests.channels.line.account import HANA, ok
from tests.linking import (
    STRANGER,
    TOKEN_OF,
    Shop,
    kt1_wrote,
    links,
    nonce_of,
    nothing_joined,
    outcomes,
    proofs,
)
from tests.test_line_channel import event, text

pytestmark = pytest.mark.usefixtures("committed")


def test_a_nonce_nobody_gave_joins_nothing_and_is_told_once(shop: Shop) -> None:
    kt1_wrote()
    shop.nonce()
    for _ in range(2):
        shop.line_says("a-nonce-that-nobody-gave")
    nothing_joined("unknown")


def test_a_nonce_that_is_over_joins_nothing(shop: Shop) -> None:
    nonce = shop.nonce()
    with transaction() as db:
        db.scalars(select(AccountLink)).one().expires_at = now() - timedelta(minutes=1)
    shop.line_says(nonce)
    nothing_joined("late")


def test_a_nonce_that_came_late_because_we_were_away_is_good(shop: Shop) -> None:
    nonce = shop.nonce()
    with transaction() as db:
        db.scalars(select(AccountLink)).one().expires_at = now() - timedelta(seconds=5)
    shop.line_says(nonce, ago=30.0)
    assert outcomes() == ["linked"]


def test_a_nonce_is_good_once(shop: Shop) -> None:
    nonce = shop.nonce()
    shop.line_says(nonce, ago=3.0)
    shop.line_says(nonce, ago=1.0)
    assert (outcomes(), links()) == (["linked", "used"], 1)


def test_a_nonce_of_another_channel_joins_nothing(shop: Shop) -> None:
    nonce = shop.nonce()
    with transaction() as db:
        line = db.get_one(Channel, shop.channel.id)
        other = make.channel(db, "line", settings=line.settings, secrets={})
        hana = base.Person(HANA.address, other.key)
        make.customer_says(db, other, "別のアカウントから", hana)
        (outcome,) = intake.accept(db, other, [base.Linked(hana, nonce, now())])
    assert outcome["excluded"] == "account link: unknown"
    nothing_joined("unknown")


def test_a_link_that_was_passed_on_joins_nobody(shop: Shop) -> None:
    shop.post(text("2", "こんにちは", source={"type": "user", "userId": STRANGER}))
    shop.line_says(shop.nonce(), by=STRANGER)
    nothing_joined("stranger")
    assert proofs()[STRANGER] == DEVICE


def test_what_line_refuses_is_told_though_line_does_not_say_who_it_was(shop: Shop) -> None:
    told = event("accountLink", link={"result": "failed", "nonce": shop.nonce()})
    del told["source"]
    assert shop.post(told) == 200
    nothing_joined("failed")


def test_who_is_known_as_somebody_else_is_not_joined_and_people_are_told(shop: Shop) -> None:
    shop.line_says(shop.nonce("kt-1"))
    shop.line_says(shop.nonce("kt-2"), ago=0.5)
    assert (outcomes(), links()) == (["linked", "contradicts"], 1)
    with reading() as db:
        second = db.scalars(select(Identity).where(Identity.address == "kt-2")).one()
        own = conversation_of(db, second.customer_id)
        assert own.head_id == own.id


def test_two_chats_of_one_customer_may_both_be_linked(shop: Shop) -> None:
    shop.line_says(shop.nonce())
    shop.post(text("2", "こんにちは", source={"type": "user", "userId": STRANGER}))
    with transaction() as db:
        phone = db.scalars(select(Identity).where(Identity.address == STRANGER)).one()
        shop.script.on(TOKEN_OF.format(STRANGER), ok({"linkToken": "their-token"}))
        url = linking.address(phone, db.get_one(Channel, shop.channel.id))
    shop.line_says(nonce_of(shop.told(shop.opened(url))["redirect_to"]), by=STRANGER)
    assert (outcomes(), links()) == (["linked", "linked"], 2)
