"""Who is who: one customer for an address, the better name and proof kept."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import customers, search
from app.models import Conversation, Customer, Identity
from app.models.customer import CLAIMED, DEVICE, SIGNED
from tests import factories as make


def identify(
    db: Session, kind: str, scope: str, address: str, name: str = "", proof: int = DEVICE
) -> Identity:
    return customers.identify(db, customers.Contact((kind, scope, address), name=name, proof=proof))


def test_an_address_makes_one_customer_with_one_conversation(db: Session) -> None:
    first = identify(db, "email", "", "taro@example.jp", name="太郎")
    again = identify(db, "email", "", "taro@example.jp")
    assert first is again
    assert [db.scalar(select(func.count(model.id))) for model in (Customer, Conversation)] == [1, 1]


def test_the_same_address_in_another_scope_is_somebody_else(db: Session) -> None:
    one, other = (identify(db, "webchat", scope, "v1") for scope in ("a", "b"))
    assert one.customer_id != other.customer_id


def test_a_better_name_and_proof_are_kept_and_worse_ones_change_nothing(db: Session) -> None:
    known = identify(db, "api", "k", "u1", proof=DEVICE)
    identify(db, "api", "k", "u1", name="山田", proof=SIGNED)
    identify(db, "api", "k", "u1", name="", proof=CLAIMED)
    assert (known.display, known.proof) == ("山田", SIGNED)
    assert db.get_one(Customer, known.customer_id).name == "山田"


def test_who_writes_from_a_mail_address_without_a_name_is_called_by_it_until_they_tell_one(
    db: Session,
) -> None:
    known = identify(db, "email", "", "foo..bar@docomo.ne.jp")
    customer = db.get_one(Customer, known.customer_id)
    assert (customer.name, known.display) == ("foo..bar@docomo.ne.jp", "")
    identify(db, "email", "", "foo..bar@docomo.ne.jp", name="佐藤")
    assert (customer.name, known.display) == ("佐藤", "佐藤")
    for kind, address in (("email", "unknown-1@invalid"), ("api", "u@1"), ("phone", "+81312345678")):
        assert db.get_one(Customer, identify(db, kind, "", address).customer_id).name == ""


def test_a_name_given_by_an_agent_is_not_overwritten(db: Session) -> None:
    known = identify(db, "api", "k", "u1", name="taro55")
    db.get_one(Customer, known.customer_id).name = "山田太郎様"
    identify(db, "api", "k", "u1", name="taro56")
    assert (known.display, db.get_one(Customer, known.customer_id).name) == ("taro56", "山田太郎様")


def test_an_address_of_somebody_else_is_not_taken(db: Session) -> None:
    one, other = (db.get_one(Customer, identify(db, "api", "k", address).customer_id) for address in "ab")
    assert customers.add_identity(db, one, "email", "", "a@example.jp", CLAIMED) is not None
    assert customers.add_identity(db, other, "email", "", "a@example.jp", SIGNED) is None
    mine = db.scalars(select(Identity).filter_by(kind="email")).one()
    assert (mine.customer_id, mine.proof) == (one.id, CLAIMED)


def test_what_is_claimed_never_replaces_what_was_proved(db: Session) -> None:
    customer = make.customer_of(db, make.conversation(db))
    customers.describe(db, customer, {"rank": "gold"}, proved=True)
    customers.describe(db, customer, {"rank": "platinum", "size": "M"}, proved=False)
    assert {name: told["value"] for name, told in customer.attributes.items()} == {
        "rank": "gold",
        "size": "M",
    }


def test_what_was_said_before_is_not_written_again(db: Session) -> None:
    customer = make.customer_of(db, make.conversation(db))
    customers.describe(db, customer, {"rank": "gold"}, proved=False)
    before = customer.attributes
    customers.describe(db, customer, {"rank": "gold"}, proved=False)
    assert customer.attributes is before


def test_a_customer_is_found_by_what_was_said_of_them(db: Session) -> None:
    customer, boss = make.customer_of(db, make.conversation(db)), make.supervisor(db)
    customers.describe(db, customer, {"会員番号": "A-99887"}, proved=False)
    assert [one.customer_id for one in search.search(db, boss, "99887").customers] == [customer.id]


@pytest.mark.parametrize("many", [200])
def test_attributes_are_bounded(db: Session, many: int) -> None:
    customer = make.customer_of(db, make.conversation(db))
    customers.describe(db, customer, {f"n{n}": "x" * 5000 for n in range(many)}, proved=True)
    assert len(customer.attributes) == customers.MAX_ATTRIBUTES
    assert all(len(told["value"]) <= 500 for told in customer.attributes.values())
