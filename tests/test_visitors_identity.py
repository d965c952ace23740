"""Who a visitor is, and what that opens. Cast: the customer, 田中 the agent, and an outsider who must see nothing."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import inbox, visitors
from app.family import conversation_of, head_of
from app.inbox import Refused, links
from app.models import (
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Identity,
    Visitor,
)
from app.visitors.trouble import Trouble
from tests import factories
from tests.guests import SECRET, Guest, code_of, proof, thread


@pytest.fixture
def channel(db: Session) -> Channel:
    return factories.channel(db, key="shop", secrets={"identity_secret": SECRET})


@pytest.fixture
def guest(db: Session, channel: Channel) -> Guest:
    return Guest(db, channel)


def test_the_token_is_stored_only_as_a_hash(db: Session, guest: Guest) -> None:
    stored = db.scalars(select(Visitor.token_hash)).one()
    assert stored == hashlib.sha256(guest.token.encode()).hexdigest()


def test_a_message_after_signing_in_keeps_its_external_id(db: Session, guest: Guest) -> None:
    before = guest.send("前に", id="same")["message"]
    guest.say("identify", identity=proof("u-1"))
    assert guest.send("前に", id="same")["message"] == before


def test_an_outsider_sees_nothing_of_it(db: Session, channel: Channel, guest: Guest) -> None:
    secret = guest.send("秘密の話")["message"]
    outsider = Guest(db, channel)
    outsider.send("こんにちは")
    assert outsider.texts() == ["こんにちは"]
    assert outsider.say("history", before=secret)["messages"] == []
    with pytest.raises(Trouble):
        outsider.say("read", message=secret)


def test_a_token_of_one_channel_opens_nothing_on_another(db: Session, guest: Guest) -> None:
    other = factories.channel(db, key="other")
    assert visitors.by_token(db, other, guest.token) is None


@pytest.mark.parametrize("token", [None, "", 7, "x" * 43, "x" * 5000, {"a": 1}])
def test_an_unknown_token_begins_a_new_session(db: Session, channel: Channel, token: object) -> None:
    assert Guest(db, channel, token=token).token


def test_a_reset_token_opens_nothing(db: Session, channel: Channel, guest: Guest) -> None:
    guest.send("こんにちは")
    guest.say("reset")
    assert visitors.by_token(db, channel, guest.token) is None
    assert guest.texts() == []


def test_a_proved_customer_finds_the_conversation_on_another_device(db: Session, channel: Channel) -> None:
    phone, laptop = Guest(db, channel), Guest(db, channel)
    phone.send("サインイン前")
    phone.say("identify", identity=proof("u-1", name="山田 太郎", email="taro@example.jp"))
    phone.send("サインイン後", id="m2")
    told = laptop.say("identify", identity=proof("u-1"))
    assert [m["text"] for m in told["messages"]] == ["サインイン前", "サインイン後"]
    head = thread(db, laptop.visitor)
    assert db.get_one(Customer, head.customer_id).name == "山田 太郎"


def test_what_was_written_before_signing_in_is_linked_not_moved(db: Session, guest: Guest) -> None:
    guest.send("前に")
    before = db.scalars(select(Identity).where(Identity.kind == "visitor")).one()
    guest.say("identify", identity=proof("u-1"))
    link = db.scalars(select(CustomerLink)).one()
    assert link.evidence["proof"] == "signed"
    assert link.child_id == before.customer_id
    own = conversation_of(db, before.customer_id)
    assert head_of(db, own).id == thread(db, guest.visitor).id


@pytest.mark.parametrize("user", ["u-1", 42, "42"])
def test_the_hash_proves_the_id_too(guest: Guest, user: str | int) -> None:
    digest = hmac.new(SECRET.encode(), str(user).encode(), "sha256").hexdigest()
    told = guest.say("identify", identity={"user_id": user, "user_hash": digest})
    assert told["visitor"]["proved"] is True


def test_where_the_shop_says_that_nobody_is_signed_in_nothing_is_wrong(guest: Guest) -> None:
    told = guest.say("identify", identity={"user_id": None, "user_hash": None, "jwt": None})
    assert told["visitor"]["proved"] is False


@pytest.mark.parametrize(
    "told",
    [
        {"user_id": "u-1", "user_hash": "0" * 64},
        {"jwt": "a.b.c"},
        {"jwt": jwt.encode({"sub": "u-1", "aud": "shop", "exp": 4e9}, SECRET, "HS256")},
        {"jwt": jwt.encode({"sub": "u-1", "aud": "other", "exp": int(time.time()) + 60}, SECRET, "HS256")},
        {"jwt": jwt.encode({"sub": "u-1", "aud": "shop", "exp": int(time.time()) + 60}, "x" * 40, "HS256")},
        {"jwt": jwt.encode({"sub": "u-1", "aud": "shop", "exp": int(time.time()) + 60}, "", "none")},
        {"jwt": 7},
        {"user_id": True, "user_hash": "0" * 64},
        {"user_id": 4.2, "user_hash": "0" * 64},
        {"user_id": 10**400, "user_hash": "0" * 64},
    ],
)
def test_a_forged_proof_proves_nothing(db: Session, guest: Guest, told: dict[str, Any]) -> None:
    with pytest.raises(Trouble):
        guest.say("identify", identity=told)
    assert guest.visitor.proved_identity_id is None
    assert db.scalar(select(func.count()).select_from(Identity)) == 0


def test_an_expired_proof_is_named_so_that_the_page_can_bring_a_new_one(guest: Guest) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.say("identify", identity=proof("u-1", exp=int(time.time()) - 3600))
    assert code_of(trouble) == "identity_expired"


def test_a_bad_proof_in_the_hello_leaves_the_chat_usable(guest: Guest) -> None:
    told = guest.hello(identity={"jwt": "a.b.c"})
    assert told["t"] == "welcome"
    assert guest.frames[1]["code"] == "identity"
    guest.send("それでも話せる")


def test_an_unproved_user_id_opens_no_history(db: Session, channel: Channel, guest: Guest) -> None:
    guest.say("identify", identity=proof("u-1"))
    guest.send("秘密")
    liar = Guest(db, channel, identity={"user_id": "u-1", "attributes": {"name": "山田"}})
    assert liar.texts() == []
    liar.send("こんにちは", id="l1")
    told = db.get_one(Customer, thread(db, liar.visitor).customer_id).attributes
    assert told["name"] == {"value": "山田", "proved": False, "at": told["name"]["at"]}


def test_however_often_they_say_something_else_of_themselves_what_is_kept_has_an_end(guest: Guest) -> None:
    for n in range(10):
        guest.say("identify", identity={"attributes": {f"{n}-{m}": "あ" for m in range(20)}})
    guest.say("identify", identity={"attributes": {"0-0": "い", "9-19": "い"}})
    kept = guest.visitor.page["claimed"]
    assert len(kept) == 50
    assert (kept["0-0"], kept["2-9"], "2-10" in kept) == ("い", "あ", False)


def test_what_the_form_asks_is_kept_beside_however_many_names(db: Session, guest: Guest) -> None:
    for n in range(3):
        guest.say("identify", identity={"attributes": {f"{n}-{m}": "あ" for m in range(20)}})
    guest.say("ask", id="f1", form="offline", name="山田", email="taro@example.jp", text="返信ください")
    customer = db.get_one(Customer, thread(db, guest.visitor).customer_id)
    assert (customer.attributes["email"]["value"], len(customer.attributes)) == ("taro@example.jp", 52)
    inbox.edit_customer(db, factories.agent(db), customer, inbox.Profile(attributes={"0-0": "い"}))
    with pytest.raises(Refused, match="at most 50"):
        inbox.edit_customer(db, factories.agent(db), customer, inbox.Profile(attributes={"新": "い"}))


def test_switching_users_on_one_browser_leaks_nothing(db: Session, channel: Channel, guest: Guest) -> None:
    guest.say("identify", identity=proof("yamada"))
    guest.send("山田の秘密")
    before = guest.token
    told = guest.say("identify", identity=proof("suzuki"))
    assert told["new_session"] is True
    assert told["messages"] == []
    assert guest.token != before
    assert visitors.by_token(db, channel, before) is None
    guest.send("鈴木です", id="m2")
    assert guest.texts() == ["鈴木です"]


def test_two_proved_people_are_never_joined_by_a_shared_device(db: Session, channel: Channel) -> None:
    shared = Guest(db, channel)
    shared.send("匿名の相談")
    code = shared.say("code")["code"]
    second = Guest(db, channel)
    second.say("redeem", code=code)
    shared.say("identify", identity=proof("yamada"))
    told = second.say("identify", identity=proof("suzuki"))
    assert told["new_session"] is True
    assert told["messages"] == []
    assert thread(db, shared.visitor).id != thread(db, second.visitor).id


def test_a_link_made_by_an_agent_opens_nothing_to_visitors(
    db: Session, channel: Channel, guest: Guest
) -> None:
    other = Guest(db, channel)
    guest.send("こちら")
    other.send("あちら")
    one, two = (db.get_one(Customer, thread(db, g.visitor).customer_id) for g in (guest, other))
    links.link(db, two, one, agent=factories.agent(db), evidence={"why": "a wrong guess"})
    assert guest.texts() == ["こちら"]
    assert other.texts() == ["あちら"]


def test_a_code_carries_the_conversation_to_another_device_once(
    db: Session, channel: Channel, guest: Guest
) -> None:
    guest.send("続きは電話で")
    code = guest.say("code")["code"]
    other, late = Guest(db, channel), Guest(db, channel)
    assert [m["text"] for m in other.say("redeem", code=code.lower().replace("-", " "))["messages"]] == [
        "続きは電話で"
    ]
    with pytest.raises(Trouble) as trouble:
        late.say("redeem", code=code)
    assert code_of(trouble) == "code_wrong"
    other.send("携帯から", id="m9")
    assert guest.texts() == ["続きは電話で", "携帯から"]


@pytest.mark.parametrize("code", [None, "", 12345678, "ABCD-EFGH", "x" * 100000, ["A"]])
def test_a_wrong_code_opens_nothing(guest: Guest, code: object) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.say("redeem", code=code)
    assert code_of(trouble) == "code_wrong"


def test_there_is_no_code_for_nothing(guest: Guest) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.say("code")
    assert code_of(trouble) == "code_empty"


def test_what_this_device_wrote_before_the_code_is_one_thread_for_agents(
    db: Session, channel: Channel, guest: Guest
) -> None:
    guest.send("一台目")
    other = Guest(db, channel)
    other.send("二台目")
    other.say("redeem", code=guest.say("code")["code"])
    families = {head_of(db, row).id for row in db.scalars(select(Conversation))}
    assert len(families) == 1


def test_the_offline_form_becomes_a_message_with_unproved_claims(db: Session, guest: Guest) -> None:
    guest.say("ask", id="f1", form="offline", name="山田", email="taro@example.jp", text="返信ください")
    assert guest.texts() == ["返信ください"]
    told = db.get_one(Customer, thread(db, guest.visitor).customer_id).attributes
    assert told["email"]["value"] == "taro@example.jp"
    assert told["email"]["proved"] is False
