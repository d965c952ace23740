"""Families: one device, one mail address or number, several people. They are never taken for one person."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import family, inbox, intake, visitors
from app.db import transaction
from app.models import Channel, Conversation, Customer, CustomerLink, Identity, Visitor
from channels import base
from tests import factories as make
from tests.guests import SECRET, Guest, code_of, proof
from tests.test_continuing import at_once


@pytest.fixture
def channel(db: Session) -> Channel:
    return make.channel(db, key="shop", secrets={"identity_secret": SECRET})


def person_of(db: Session, user: str) -> int:
    """The thread the customer signed in as `user` is shown in."""
    identity = db.scalars(select(Identity).filter_by(kind="user", address=user)).one()
    own = family.conversation_of(db, identity.customer_id)
    return family.head_of(db, db.get_one(Conversation, own.id, populate_existing=True)).id


def apart(db: Session, *users: str) -> bool:
    return len({person_of(db, user) for user in users}) == len(users)


def test_two_who_take_turns_on_one_device_stay_two(db: Session, channel: Channel) -> None:
    shared = Guest(db, channel)
    shared.send("誰かの質問", id="m0")
    for turn, user in enumerate(("yamada", "suzuki", "yamada", "suzuki"), 1):
        told = shared.say("identify", identity=proof(user))
        assert told["t"] == "welcome"
        shared.send(f"{user} {turn}", id=f"m{turn}")
        assert not any(one.startswith("suzuki" if user == "yamada" else "yamada") for one in shared.texts())
    assert apart(db, "yamada", "suzuki")
    shared.say("reset")
    shared.token = ""
    shared.hello()
    shared.send("ログアウト後の質問", id="m9")
    shared.say("identify", identity=proof("suzuki"))
    assert apart(db, "yamada", "suzuki")


def test_an_anonymous_thread_belongs_to_who_signed_in_first_after_it(db: Session, channel: Channel) -> None:
    shared = Guest(db, channel)
    shared.send("誰かの質問")
    before = shared.visitor.identity_id
    shared.say("identify", identity=proof("yamada"))
    shared.say("identify", identity=proof("suzuki"))
    own = family.conversation_of(db, db.get_one(Identity, before).customer_id)
    assert family.head_of(db, own).id == person_of(db, "yamada")
    assert apart(db, "yamada", "suzuki")


@pytest.mark.parametrize(
    "shared", [{"email": "family@example.jp"}, {"phone": "03-1234-5678"}, {"card": "KT-1"}]
)
def test_what_two_signed_in_customers_share_joins_them_never_and_both_show_it(
    db: Session, channel: Channel, shared: dict[str, str]
) -> None:
    for user in ("yamada", "suzuki", "yamada", "suzuki"):
        Guest(db, channel).say("identify", identity=proof(user, **shared))
    assert apart(db, "yamada", "suzuki")
    assert db.scalars(select(CustomerLink)).all() == []
    (kind, _) = next(iter(shared.items()))
    (address,) = db.scalars(select(Identity).filter_by(kind=kind))
    other = db.scalars(select(Identity).filter_by(kind="user", address="suzuki")).one()
    assert address.customer_id != other.customer_id
    assert db.get_one(Customer, other.customer_id).attributes[kind]["value"] == address.address


def test_a_mail_of_the_shared_address_joins_the_two_neither(db: Session, channel: Channel) -> None:
    for user in ("yamada", "suzuki"):
        Guest(db, channel).say("identify", identity=proof(user, email="family@example.jp"))
    mailbox = make.channel(db, "email", settings={"address": "shop@example.jp"})
    mail = make.inbound("家族のだれかより", base.Person("family@example.jp", proof="code"))
    make.accept(db, mailbox, mail)
    Guest(db, channel).say("identify", identity=proof("suzuki", email="family@example.jp"))
    assert apart(db, "yamada", "suzuki")


def test_a_device_that_was_somebody_elses_brings_nobody_along_by_a_code(
    db: Session, channel: Channel
) -> None:
    first, second = Guest(db, channel), Guest(db, channel)
    first.say("identify", identity=proof("yamada"))
    first.send("山田です")
    second.send("鈴木のタブレットから")
    theirs = intake.identity_for(db, channel, base.Person("suzuki", kind="user", proof="signed"))
    one, other = (
        db.get_one(Customer, id)
        for id in (db.get_one(Identity, second.visitor.identity_id).customer_id, theirs.customer_id)
    )
    inbox.link(db, one, other, evidence={"proof": "code"})
    second.say("redeem", code=first.say("code")["code"])
    assert apart(db, "yamada", "suzuki")


def test_who_is_signed_in_as_somebody_else_does_not_go_on_by_an_address(
    db: Session, channel: Channel
) -> None:
    first, second = Guest(db, channel, page={"url": "https://shop.example.jp/"}), Guest(db, channel)
    first.say("identify", identity=proof("yamada"))
    first.send("山田です")
    second.say("identify", identity=proof("suzuki"))
    with pytest.raises(visitors.Trouble) as trouble:
        second.say("redeem", code=first.say("code")["url"].partition("#madoguchi=")[2])
    assert code_of(trouble) == "code_other"


@pytest.mark.usefixtures("committed")
def test_two_who_sign_in_at_the_same_moment_on_one_device_stay_two() -> None:
    with transaction() as db:
        channel = make.channel(db, key="shop", secrets={"identity_secret": SECRET})
        guest = Guest(db, channel)
        guest.send("誰かの質問")
        second = Guest(db, channel)
        second.say("redeem", code=guest.say("code")["code"])
        ids, channel_id = (guest.visitor.id, second.visitor.id), channel.id

    def sign_in(db: Session, visitor_id: int, user: str) -> str:
        here, visitor = db.get_one(Channel, channel_id), db.get_one(Visitor, visitor_id)
        told = {"t": "identify", "identity": proof(user)}
        return str(visitors.handle(db, here, visitor, told).frames[0]["t"])

    for pair in ((ids[0], ids[1]), (ids[0], ids[0])):
        at_once(
            *(
                lambda db, id=id, user=user: sign_in(db, id, user)
                for id, user in zip(pair, ("yamada", "suzuki"), strict=True)
            )
        )
        with transaction() as db:
            assert apart(db, "yamada", "suzuki")
