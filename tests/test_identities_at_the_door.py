"""Addresses at the door: one form whichever way they come in, nobody for who withholds theirs, one way to find them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, connect, customers, directory, inbox, intake, search
from app.models import Channel, Customer, CustomerLink, Identity, Message
from app.models.customer import SIGNED
from channels import base
from tests import factories as make

WAYS = (
    "090-1234-5678",
    "０９０－１２３４－５６７８",
    "+81(0)90-1234-5678",
    "+819012345678",
    "090 1234 5678 内線 3",
)


def sms(db: Session) -> Channel:
    return make.channel(db, "sms", secrets={"auth_token": "x" * 32}, settings={"sender": "+15005550006"})


def said(id: str, address: str, text: str = "こんにちは", **about: Any) -> base.Inbound:
    return base.Inbound(id, base.Person(address, **about), text)


def customers_of(db: Session) -> list[Customer]:
    return list(db.scalars(select(Customer).order_by(Customer.id)))


@pytest.mark.parametrize("together", [True, False])
def test_a_number_is_one_person_however_the_channel_tells_it(db: Session, together: bool) -> None:
    channel = sms(db)
    events = [said(f"SM{n}", way) for n, way in enumerate(WAYS)]
    for run in [events] if together else [[one] for one in events]:
        intake.accept(db, channel, run)
    assert [one.address for one in db.scalars(select(Identity))] == ["+819012345678"]
    assert len(customers_of(db)) == 1
    assert len(db.scalars(select(Message)).all()) == len(WAYS)


def test_two_who_withhold_their_number_are_never_one_person(db: Session) -> None:
    channel = sms(db)
    for n, word in enumerate(("非通知", "非通知", "anonymous", "+266696687")):
        intake.accept(db, channel, [said(f"SM{n}", word)])
    rows = list(db.scalars(select(Identity).order_by(Identity.id)))
    assert len({one.customer_id for one in rows}) == 4
    assert all(one.address.endswith(canonical.UNKNOWN) for one in rows)
    assert connect.spelled(rows[0]) == "非通知"
    intake.accept(db, channel, [said("SM0", "非通知")])
    assert len(customers_of(db)) == 4


def test_senders_that_are_no_number_are_known_on_their_channel_alone(db: Session) -> None:
    for channel in (sms(db), sms(db)):
        intake.accept(db, channel, [said("SM1", "Info"), said("SM2", "Info")])
    assert len(customers_of(db)) == 2


def told(db: Session, channel: Channel, id: str, **about: Any) -> Identity:
    return intake.identity_for(db, channel, base.Person(id, channel.key, proof="signed", **about))


def test_a_signed_in_customers_number_card_and_crm_id_are_kept_in_one_form(db: Session) -> None:
    channel = make.channel(db, "api")
    known = told(
        db, channel, "u1", phone="03-1234-5678", email="Taro@Example.JP", card="kt-00 12", external_id=" A１ "
    )
    kept = select(Identity.kind, Identity.address).where(Identity.customer_id == known.customer_id)
    assert set(map(tuple, db.execute(kept))) == {
        ("user", "u1"),
        ("phone", "+81312345678"),
        ("email", "taro@example.jp"),
        ("card", "KT0012"),
        ("crm", "A1"),
    }
    assert connect.spelled(db.scalars(select(Identity).filter_by(kind="phone")).one()) == "03-1234-5678"


def test_who_proves_the_same_number_or_card_in_another_spelling_is_linked_and_two_accounts_are_not(
    db: Session,
) -> None:
    app_, chat, other = make.channel(db, "api"), make.channel(db, "api"), make.channel(db, "api")
    first = told(db, app_, "u1", phone="03-1234-5678", card="KT-1")
    second = told(db, chat, "u9", phone="+81 3 1234 5678")
    third = told(db, other, "u7", card="ｋｔ１")
    made = db.scalars(select(CustomerLink).order_by(CustomerLink.id)).all()
    assert [(one.child_id, one.parent_id) for one in made] == [
        (second.customer_id, first.customer_id),
        (third.customer_id, first.customer_id),
    ]
    assert made[0].evidence == {"proof": "address", "kind": "phone", "address": "+81312345678"}
    stranger = told(db, app_, "u2", phone="０３-1234-5678", card="KT 1")
    assert stranger.customer_id not in {
        id for one in db.scalars(select(CustomerLink)) for id in (one.child_id, one.parent_id)
    }


def test_two_ids_of_the_crm_are_two_people_and_two_cards_may_be_one(db: Session) -> None:
    one, other = make.channel(db, "api"), make.channel(db, "api")
    told(db, one, "u1", email="a@example.jp", external_id="C1", card="K1")
    told(db, other, "u9", email="a@example.jp", external_id="C2", card="K2")
    assert db.scalars(select(CustomerLink)).all() == []
    third = make.channel(db, "api")
    told(db, third, "u5", email="a@example.jp", card="K3")
    assert len(db.scalars(select(CustomerLink)).all()) == 1


@pytest.mark.parametrize("phone", ["080-ABC-1234", "非通知", "110"])
def test_what_is_no_number_becomes_no_address_and_joins_nobody(db: Session, phone: str) -> None:
    channel = make.channel(db, "api")
    both = [told(db, channel, id, phone=phone) for id in ("u1", "u2")]
    assert db.scalars(select(Identity).filter_by(kind="phone")).all() == []
    assert db.scalars(select(CustomerLink)).all() == []
    facts = db.get_one(Customer, both[0].customer_id).attributes
    assert {name: fact["value"] for name, fact in facts.items()} == (
        {} if phone == "非通知" else {"phone": phone}
    )
    assert not any(fact["proved"] for fact in facts.values())


def test_an_address_is_found_and_added_in_any_spelling(db: Session) -> None:
    channel = sms(db)
    intake.accept(db, channel, [said("SM1", "+819012345678")])
    for way in WAYS:
        found = customers.find(db, "phone", "", way)
        assert found is not None
        assert found.address == "+819012345678"
    someone = db.get_one(Customer, told(db, make.channel(db, "api"), "u1").customer_id)
    assert customers.add_identity(db, someone, "phone", "", "090(1234)5678", SIGNED) is None
    added = customers.add_identity(db, someone, "phone", "", "03-1111-2222", SIGNED)
    assert added is not None
    assert added.address == "+81311112222"


NUMBER = "+81312345678"
TYPED = (
    *(
        "03-1234-5678",
        "0312345678",
        "０３－１２３４－５６７８",
        "０３１２３４５６７８",
        "+81 3 1234 5678",
        "+81-3-1234-5678",
    ),
    *(
        "+81312345678",
        "(03)1234-5678",
        "03 1234 5678",
        "5678",
        "45678",
        "1234-5678",
        "３４５６７８",
        "山田 5678",
        "山田 03-1234-5678",
    ),
)


@pytest.mark.parametrize("typed", TYPED)
def test_a_person_is_found_by_their_number_as_it_is_typed(db: Session, typed: str) -> None:
    viewer, channel = make.agent(db, role="admin"), sms(db)
    intake.accept(db, channel, [said("SM1", NUMBER, name="山田"), said("SM2", "+81312349999", name="佐藤")])
    (wanted,) = [one for one in customers_of(db) if one.name == "山田"]
    found = search.search(db, viewer, typed)
    assert [hit.customer_id for hit in found.customers] == [wanted.id]
    page = directory.find_customers(db, viewer, directory.CustomersAsked(q=typed), None, 10)
    assert [one.customer.id for one in page.rows] == [wanted.id]


@pytest.mark.parametrize("typed", ["678", "1234 9999 00", "03-1234-5670", "312345", "佐藤 5678"])
def test_digits_that_are_not_theirs_find_nobody(db: Session, typed: str) -> None:
    viewer, channel = make.agent(db, role="admin"), sms(db)
    intake.accept(db, channel, [said("SM1", NUMBER, name="山田")])
    assert search.search(db, viewer, typed).customers == ()


def test_the_api_finds_an_address_however_it_is_asked_for(db: Session) -> None:
    viewer, channel = make.agent(db, role="admin"), sms(db)
    intake.accept(db, channel, [said("SM1", NUMBER)])
    for asked in ("03-1234-5678", "+81 3-1234-5678", NUMBER):
        for kind in ("", "phone"):
            rows = directory.whose(db, viewer, asked, kind=kind).rows
            assert [one.address for one in rows] == [NUMBER]
    assert directory.whose(db, viewer, "03-1234-5678", kind="email").rows == []


# --- ids of one account at its platform ---------------------------------------------------------------


def by(address: str, **about: Any) -> base.Person:
    return base.Person(address, "w", proof="code", **about)


def takes(db: Session, channel: Channel, id: str, person: base.Person) -> int:
    """The customer whose message this is."""
    message = make.customer_says(db, channel, id, person, id=id)
    return db.get_one(Identity, message.identity_id or 0).customer_id


@pytest.mark.parametrize("together", [True, False])
def test_a_new_id_that_tells_the_old_one_is_the_same_customers(db: Session, together: bool) -> None:
    channel = make.channel(db, "api")
    before = takes(db, channel, "m1", by("819012345678"))
    new = by("JP.1", aliases=("819012345678",))
    if together:
        intake.accept(db, channel, [make.inbound("m2", new, id="m2"), make.inbound("m3", new, id="m3")])
    assert takes(db, channel, "m4", new) == before
    assert takes(db, channel, "m5", by("JP.1")) == before
    assert db.scalars(select(CustomerLink)).all() == []


def test_an_account_that_goes_on_under_another_id_stays_the_same_customers(db: Session) -> None:
    channel = make.channel(db, "api")
    before = takes(db, channel, "m1", by("-40"))
    takes(db, channel, "m2", by("-40", becomes="-100"))
    assert takes(db, channel, "m3", by("-100")) == before


def test_two_known_ids_of_one_account_are_linked_unless_somebody_took_them_apart(db: Session) -> None:
    channel, agent = make.channel(db, "api"), make.agent(db)
    old, new = takes(db, channel, "m1", by("819012345678")), takes(db, channel, "m2", by("JP.1"))
    takes(db, channel, "m3", by("JP.1", aliases=("819012345678",)))
    (link,) = db.scalars(select(CustomerLink))
    assert (link.child_id, link.parent_id) == (new, old)
    assert link.evidence == {"proof": "platform", "kind": "user", "address": "819012345678"}
    inbox.unlink(db, link, agent=agent)
    takes(db, channel, "m4", by("JP.1", aliases=("819012345678",)))
    assert len(db.scalars(select(CustomerLink)).all()) == 1
