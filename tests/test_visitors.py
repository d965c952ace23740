"""What a visitor can say, see and prove. Cast: the customer, 田中 the agent, and an outsider who must see nothing."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import inbox, visitors
from app.db import now
from app.family import conversation_of, head_of
from app.inbox import links
from app.models import (
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Delivery,
    Identity,
    Message,
    RawReceipt,
    Visitor,
)
from app.visitors import presence, sessions
from app.visitors.frames import Answer
from app.visitors.trouble import Frame, Trouble
from tests import factories

SECRET = "the shop's own identity secret, long enough"


class Guest:
    """One browser: remembers its token and says hello with it."""

    def __init__(self, db: Session, channel: Channel, **hello: Any) -> None:
        self.db, self.channel, self.token = db, channel, ""
        self.frames: list[Frame] = []
        self.hello(**hello)

    def hello(self, **fields: Any) -> Frame:
        ticket = visitors.issue_ticket(self.channel.key, "https://shop.example.jp", now())
        frame = {"t": "hello", "v": 1, "ticket": ticket, "locale": "ja", **fields}
        if self.token:
            frame["token"] = self.token
        return self._take(visitors.hello(self.db, self.channel, frame))

    def say(self, kind: str, **fields: Any) -> Frame:
        """One frame; the first frame of the answer, or {}."""
        return self._take(visitors.handle(self.db, self.channel, self.visitor, {"t": kind, **fields}))

    def send(self, text: str, id: str = "m1", **fields: Any) -> Frame:
        return self.say("send", id=id, text=text, **fields)

    def texts(self) -> list[str]:
        """What a newly opened window of this browser shows."""
        return [message["text"] for message in self.hello()["messages"]]

    def _take(self, answer: Answer) -> Frame:
        self.frames = answer.frames
        if answer.visitor is not None:
            self.visitor = answer.visitor
        first = self.frames[0] if self.frames else {}
        self.token = first.get("token", self.token)
        return first


@pytest.fixture
def channel(db: Session) -> Channel:
    return factories.channel(db, key="shop", secrets={"identity_secret": SECRET})


@pytest.fixture
def guest(db: Session, channel: Channel) -> Guest:
    return Guest(db, channel)


def proof(user: str, **claims: Any) -> Mapping[str, Any]:
    told = {"sub": user, "aud": "shop", "exp": int(time.time()) + 600, **claims}
    return {"jwt": jwt.encode(told, SECRET, "HS256")}


def code_of(trouble: pytest.ExceptionInfo[Trouble]) -> str:
    return trouble.value.code


def thread(db: Session, visitor: Visitor) -> Conversation:
    found = sessions.head(db, visitor)
    assert found is not None
    return found


def test_saying_hello_makes_no_customer(db: Session, guest: Guest) -> None:
    assert db.scalar(select(func.count()).select_from(Customer)) == 0
    assert guest.token
    assert guest.hello().get("token") is None


def test_the_token_is_stored_only_as_a_hash(db: Session, guest: Guest) -> None:
    stored = db.scalars(select(Visitor.token_hash)).one()
    assert stored == hashlib.sha256(guest.token.encode()).hexdigest()


def test_a_message_sent_again_is_acknowledged_again_and_stored_once(db: Session, guest: Guest) -> None:
    first, again = guest.send("在庫はありますか？"), guest.send("在庫はありますか？")
    assert first["message"] == again["message"]
    assert db.scalar(select(func.count()).select_from(Message).where(Message.kind == "inbound")) == 1


def test_the_page_travels_with_the_message(db: Session, guest: Guest) -> None:
    guest.send("これは？", page={"url": "https://shop.example.jp/coat", "title": "コート"})
    context = db.scalars(select(Message.context).where(Message.kind == "inbound")).one()
    assert context["url"] == "https://shop.example.jp/coat"
    assert context["title"] == "コート"


def test_every_acknowledged_message_is_accounted_for_by_a_receipt(db: Session, guest: Guest) -> None:
    message = guest.send("こんにちは")["message"]
    receipt = db.scalars(select(RawReceipt)).one()
    assert receipt.state == "parsed"
    assert receipt.outcome[0]["message"] == message


def test_a_message_after_signing_in_keeps_its_external_id(db: Session, guest: Guest) -> None:
    before = guest.send("前に", id="same")["message"]
    guest.say("identify", identity=proof("u-1"))
    assert guest.send("前に", id="same")["message"] == before


@pytest.mark.parametrize(
    "frame",
    [
        {"text": 5.5},
        {"text": ""},
        {"text": "   "},
        {"text": "hi", "id": None},
        {"text": "hi", "id": {"a": 1}},
        {"text": "hi", "page": "not an object"},
        {"text": "hi", "page": {"url": ["x"]}},
        {"text": "hi", "files": "x"},
        {"text": "hi", "files": [[1]]},
    ],
)
def test_a_malformed_message_is_refused(guest: Guest, frame: dict[str, Any]) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.say("send", **{"id": "m1", **frame})
    assert code_of(trouble) == "malformed"


def test_a_message_of_a_million_characters_is_refused_with_a_sentence(guest: Guest) -> None:
    with pytest.raises(Trouble) as trouble:
        guest.send("あ" * 1_000_000)
    assert trouble.value.frame("ja", "m1") == {
        "t": "error",
        "code": "too_long",
        "sentence": "1通のメッセージは10000文字までです。",
        "id": "m1",
    }


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a\u200bb", "\u202egnirts", "👩‍👩‍👧‍👦", "x\ud800y", "nul\x00nul"]
)
def test_strange_text_is_stored_and_shown_as_text(guest: Guest, text: str) -> None:
    guest.send(text)
    (shown,) = guest.texts()
    shown.encode()
    assert "\x00" not in shown


def test_an_agents_answer_reaches_the_visitor_and_notes_never_do(db: Session, guest: Guest) -> None:
    guest.send("返品したい")
    tanaka = factories.agent(db, "田中")
    here = thread(db, guest.visitor)
    factories.reply(db, tanaka, here, "承知しました")
    inbox.note(db, tanaka, here, "常連のお客様", "n1")
    inbox.resolve(db, tanaka, here)
    told = guest.hello()
    assert [m["text"] for m in told["messages"]] == ["返品したい", "承知しました"]
    assert told["messages"][1]["author"] == {"kind": "agent", "name": "田中"}
    assert told["owner"] == "human"
    assert told["agent"] == "田中"
    assert told["rate"] is True


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


def test_the_hash_proves_the_id_too(db: Session, channel: Channel, guest: Guest) -> None:
    digest = hmac.new(SECRET.encode(), b"u-1", "sha256").hexdigest()
    told = guest.say("identify", identity={"user_id": "u-1", "user_hash": digest})
    assert told["visitor"]["proved"] is True


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


def test_reading_marks_what_was_said_as_read(db: Session, guest: Guest) -> None:
    guest.send("質問")
    answer = factories.reply(db, factories.agent(db), thread(db, guest.visitor))
    assert guest.hello()["unread"] == 1
    guest.say("read", message=answer.id)
    assert db.scalars(select(Delivery.state)).one() == "read"
    assert guest.hello()["unread"] == 0


def test_what_an_agent_read_is_told(db: Session, guest: Guest) -> None:
    sent = guest.send("読みましたか")["message"]
    inbox.mark_read(db, factories.agent(db), thread(db, guest.visitor))
    assert guest.hello()["read"] == sent


def test_catching_up_brings_everything_after_a_message_in_order(db: Session, guest: Guest) -> None:
    ids = [guest.send(f"{n}", id=f"m{n}")["message"] for n in range(40)]
    seen, after = [], ids[4]
    while True:
        told = guest.say("history", after=after)
        seen += [m["id"] for m in told["messages"] if m["id"] > after]
        after = max(seen)
        if not told["newer"]:
            break
    assert seen == ids[5:]


def test_older_pages_follow_one_another_without_a_gap(guest: Guest) -> None:
    ids = [guest.send(f"{n}", id=f"m{n}")["message"] for n in range(40)]
    told = guest.hello()
    seen = [m["id"] for m in told["messages"]]
    while told["older"]:
        told = guest.say("history", before=seen[0])
        seen = [m["id"] for m in told["messages"]] + seen
    assert seen == ids


def test_ending_resolves_and_a_rating_is_kept(db: Session, guest: Guest) -> None:
    guest.send("ありがとう")
    assert guest.say("end")["rate"] is True
    assert guest.say("rate", score=5, comment="親切") == {"t": "rated"}
    assert guest.hello()["rate"] is False


@pytest.mark.parametrize("score", [0, 6, "5", None, True, 2.5])
def test_a_rating_outside_one_to_five_is_refused(guest: Guest, score: object) -> None:
    guest.send("質問")
    with pytest.raises(Trouble):
        guest.say("rate", score=score)


def test_the_offline_form_becomes_a_message_with_unproved_claims(db: Session, guest: Guest) -> None:
    guest.say("ask", id="f1", form="offline", name="山田", email="taro@example.jp", text="返信ください")
    assert guest.texts() == ["返信ください"]
    told = db.get_one(Customer, thread(db, guest.visitor).customer_id).attributes
    assert told["email"]["value"] == "taro@example.jp"
    assert told["email"]["proved"] is False


def test_an_answer_to_a_visitor_who_left_an_address_and_went_is_marked(db: Session, guest: Guest) -> None:
    guest.say("ask", id="f1", email="taro@example.jp", text="返信ください")
    here = thread(db, guest.visitor)
    tanaka = factories.agent(db)
    present = factories.reply(db, tanaka, here)
    assert visitors.mark_if_gone(db, present) is False
    guest.visitor.last_seen_at = now() - presence.HERE * 2
    gone = factories.reply(db, tanaka, here, "後ほど")
    assert visitors.mark_if_gone(db, gone) is True
    assert gone.context["visitor_gone"] is True
    assert gone.context["address"] == "taro@example.jp"


def test_a_channel_for_signed_in_customers_only_refuses_the_others(db: Session) -> None:
    closed = factories.channel(
        db, key="shop", settings={"require_identity": True}, secrets={"identity_secret": SECRET}
    )
    with pytest.raises(Trouble) as trouble:
        Guest(db, closed)
    assert code_of(trouble) == "identity_required"
    assert trouble.value.fatal
    assert Guest(db, closed, identity=proof("u-1")).token


@pytest.mark.parametrize("ticket", [None, "", "a.b", "é.x", 7, "x" * 10000])
def test_a_forged_ticket_opens_nothing(db: Session, channel: Channel, ticket: object) -> None:
    with pytest.raises(Trouble) as trouble:
        Guest(db, channel, ticket=ticket)
    assert code_of(trouble) == "ticket"


def test_a_ticket_is_of_one_channel_and_ends(db: Session, channel: Channel) -> None:
    good = visitors.issue_ticket("shop", "https://shop.example.jp", now())
    assert visitors.check_ticket(good, "shop", now()) == "https://shop.example.jp"
    for key, at in (("other", now()), ("shop", now() + timedelta(minutes=16))):
        with pytest.raises(Trouble):
            visitors.check_ticket(good, key, at)


def test_another_version_is_told_to_reload(db: Session, channel: Channel) -> None:
    with pytest.raises(Trouble) as trouble:
        Guest(db, channel, v=2)
    assert code_of(trouble) == "version"
