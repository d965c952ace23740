"""An answer by mail as it goes: whom it goes to, what it answers, in which words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import deliver
from app.db import reading, transaction
from app.inbox import Refused, consents
from app.inbox.consents import Said
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    Delivery,
    Identity,
    Message,
    MessageSource,
)
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, MOMO, TARO, comes, own
from tests.letters import mail as mailing

HOUR = timedelta(hours=1)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


class Desk:
    """A mailbox with a customer's mail in it, and an agent."""

    def __init__(self, **settings: Any) -> None:
        with transaction() as db:
            self.box = make.channel(db, "post", settings=dict(settings))
            self.agent = make.agent(db, "田中", signature="田中\n窓口")
            self.head = own(db, comes(db, self.box, "いつ届きますか", id="q@x", subject="配送", name="花子"))

    def reply(self, post: type[Post], text: str = "明日です", **fields: Any) -> base.Outbound:
        with transaction() as db:
            agent, head = db.get_one(Agent, self.agent.id), db.get_one(Conversation, self.head.id)
            make.reply(db, agent, head, text, **fields)
        deliver.drain(self.box.id)
        return post.sent[-1]

    def comes(self, text: str, sender: str = HANA, **fields: Any) -> None:
        with transaction() as db:
            comes(db, db.get_one(Channel, self.box.id), text, sender, **fields)


def test_an_answer_names_what_it_answers_and_what_was_before(committed: None, post: type[Post]) -> None:
    desk = Desk()
    first = desk.reply(post)
    assert (first.in_reply_to, first.references, first.subject) == ("<q@x>", ("<q@x>",), "Re: 配送")
    assert (first.signature, first.author, first.quote) == ("田中\n窓口", "田中", "")
    assert first.last["message_id"] == "<q@x>"
    desk.comes("ありがとう", id="r@x", subject="Re: 配送")
    second = desk.reply(post, "どういたしまして")
    assert second.references == ("<q@x>", f"<{first.key}@shop.example>", "<r@x>")
    assert (second.in_reply_to, second.subject) == ("<r@x>", "Re: 配送")


def test_twenty_ids_go_along_at_most_and_the_newest_of_them(committed: None, post: type[Post]) -> None:
    desk = Desk()
    for n in range(30):
        desk.comes(str(n), id=f"n{n}@x")
    assert desk.reply(post).references == tuple(f"<n{n}@x>" for n in range(10, 30))


def test_an_answer_goes_to_those_in_copy_and_quotes_where_that_is_wanted(
    committed: None, post: type[Post]
) -> None:
    out = Desk(quote_history=True).reply(post, others=(base.Participant(TARO, "太郎", "cc"),), subject="件名")
    assert out.others == (base.Participant(TARO, "太郎", "cc"),)
    assert (out.subject, out.quote, out.quote_by) == ("件名", "いつ届きますか", "花子")
    assert out.quote_at is not None
    assert out.quote_at.tzinfo == ZoneInfo("Asia/Tokyo")


def test_an_answer_is_in_the_language_of_who_reads_it_else_in_the_shops(
    committed: None, post: type[Post]
) -> None:
    desk = Desk(quote_history=True)
    assert desk.reply(post).locale == "ja"
    with transaction() as db:
        db.get_one(Customer, db.get_one(Conversation, desk.head.id).customer_id).locale = "en"
    assert desk.reply(post).locale == "en"
    with transaction() as db:
        db.get_one(Conversation, desk.head.id).locale = "en-GB"
    assert desk.reply(post).locale == "en-GB"


def test_the_plain_words_of_a_formatted_answer_have_no_marks(committed: None, post: type[Post]) -> None:
    desk = Desk()
    formatted = desk.reply(post, "**明日**です", html="<p><strong>明日</strong>です</p>")
    assert (formatted.text, formatted.html) == ("明日です", "<p><strong>明日</strong>です</p>")
    assert desk.reply(post, "5 * 3 **").text == "5 * 3 **"


def test_an_answer_is_to_what_was_said_last_by_whomever_and_not_to_a_machine(
    committed: None, post: type[Post]
) -> None:
    desk = Desk()
    desk.comes("私も", TARO, id="t@x", answers=("<q@x>",))  # a stranger: elsewhere
    assert desk.reply(post, others=(base.Participant(TARO),)).in_reply_to == "<q@x>"
    desk.comes("私もです", TARO, id="u@x", answers=("<q@x>",))
    desk.comes("不在", id="v@x", sort="auto-reply")
    out = desk.reply(post)
    assert (out.in_reply_to, out.to.address) == ("<u@x>", HANA)


def test_where_somebody_else_wants_answers_sent_is_nothing_to_the_customer(
    committed: None, post: type[Post]
) -> None:
    """Each may name an address for answers (Reply-To); it is theirs alone."""
    desk = Desk()
    desk.comes("私にはこちらへ", id="a@x", context={"answer_to": "hana.office@example.jp"})
    out = desk.reply(post, others=(base.Participant(TARO),))
    assert (out.to.address, out.last["answer_to"]) == (HANA, "hana.office@example.jp")
    desk.comes("私にも", TARO, id="b@x", answers=("<q@x>",), context={"answer_to": "elsewhere@example.net"})
    out = desk.reply(post)
    assert (out.in_reply_to, out.to.address) == ("<b@x>", HANA)
    assert "answer_to" not in out.last


def test_who_of_the_copies_was_refused_is_kept_with_the_message(committed: None, post: type[Post]) -> None:
    post.answer = staticmethod(lambda out: base.Sent(("<m@shop>",), {TARO: "550 5.1.1 User unknown"}))
    desk = Desk()
    desk.reply(post, others=(base.Participant(TARO),))
    with reading() as db:
        source = refused_of(db)
        assert source == {TARO: "550 5.1.1 User unknown"}
        assert db.scalars(select(Delivery)).one().state == "sent"


@pytest.mark.parametrize("purpose", ["service", "marketing"])
def test_whoever_in_copy_wants_no_more_is_named_and_nothing_is_sent(
    committed: None, post: type[Post], purpose: str
) -> None:
    """For advertising nobody is written to who never agreed, in copy either; the customer herself did."""
    desk, taro = Desk(), TARO.title()  # however it is written
    stops(desk, TARO, Said(purpose == "marketing", purpose if purpose == "marketing" else "", source="form"))
    stops(desk, HANA, Said(True, "marketing", source="form"))
    unwilling = MOMO if purpose == "marketing" else taro
    with pytest.raises(Refused, match=f"^{unwilling}: no messages") as refused:
        desk.reply(post, others=(base.Participant(MOMO), base.Participant(taro)), purpose=purpose)
    assert refused.value.sentence == consents.UNWANTED_COPY
    assert post.sent == []


def test_who_in_copy_wants_no_more_before_it_is_sent_is_left_out_of_it(
    committed: None, post: type[Post]
) -> None:
    desk = Desk()
    with transaction() as db:
        agent, head = db.get_one(Agent, desk.agent.id), db.get_one(Conversation, desk.head.id)
        make.reply(db, agent, head, "明日です", others=(base.Participant(TARO), base.Participant(MOMO)))
    stops(desk, TARO, Said(False, source="form"))
    deliver.drain(desk.box.id)
    assert [one.address for one in post.sent[-1].others] == [MOMO]
    with reading() as db:
        assert refused_of(db) == {TARO: consents.LEFT_OUT}


def stops(desk: Desk, address: str, said: Said) -> None:
    """What the customer of this address said of being written to; they wrote once before."""
    with transaction() as db:
        box = db.get_one(Channel, desk.box.id)
        if address != HANA:
            comes(db, box, "配信について", address)
        identity = db.scalars(select(Identity).filter_by(address=address)).one()
        consents.consent(db, identity, said)


def refused_of(db: Session) -> dict[str, str]:
    found = select(MessageSource).join(Message, Message.id == MessageSource.message_id)
    return db.scalars(found.where(Message.kind == "outbound")).one().refused
