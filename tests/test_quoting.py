"""An agent's answer quotes one message of the customer; a customer's message shows what it quotes."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, inbox, outgoing
from app.db import reading, transaction
from app.inbox import Refused
from app.models import Agent, Channel, Delivery, DeliveryRef, Identity, Message
from channels import base
from channels.line import messages
from channels.meta import sending as meta
from channels.telegram import sending as telegram
from tests import factories as make
from tests.web.visiting import Browser

HANA = "U4af4980629b1c2d3e4f5061728394a5b"


@pytest.fixture
def line(db: Session) -> Channel:
    settings = {"channel_id": "1650000000"}
    return make.channel(db, "line", settings=settings, secrets={"channel_secret": "s" * 32})


def said(db: Session, channel: Channel, text: str, id: str, **more: object) -> Message:
    context = {"quote_token": f"token of {id}"}
    return make.customer_says(db, channel, text, HANA, id=id, context=context, **more)


def made(db: Session, message: Message, channel: Channel) -> base.Outbound:
    identity = db.get_one(Identity, message.identity_id)
    return outgoing.made_of(db, message, identity, channel, connect.features(channel))


def test_an_answer_quotes_the_message_that_was_chosen(db: Session, line: Channel) -> None:
    first, _ = said(db, line, "青はありますか", "1"), said(db, line, "赤でもいいです", "2")
    answer = make.reply(db, make.agent(db), make.thread_of(db, first), "青はございます", quotes=first.id)
    outbound = made(db, answer, line)
    assert (outbound.quoted_id, outbound.quoted["quote_token"]) == ("1", "token of 1")
    assert messages.calls(outbound) == [
        [{"type": "text", "text": "青はございます", "quoteToken": "token of 1"}]
    ]


def test_only_the_first_text_of_several_quotes(db: Session, line: Channel) -> None:
    first = said(db, line, "青はありますか", "1")
    text = "あ" * 6000
    answer = make.reply(db, make.agent(db), make.thread_of(db, first), text, quotes=first.id)
    (call,) = messages.calls(made(db, answer, line))
    assert ["quoteToken" in one for one in call] == [True, False]


def test_what_was_taken_back_meanwhile_is_not_quoted(db: Session, line: Channel) -> None:
    first = said(db, line, "青はありますか", "1")
    thread = make.thread_of(db, first)
    answer = make.reply(db, make.agent(db), thread, "青はございます", quotes=first.id)
    inbox.unsend(db, thread, first)
    assert made(db, answer, line).quoted_id == ""
    with pytest.raises(Refused):
        make.reply(db, make.agent(db), thread, "もう一度", quotes=first.id)


def test_somebody_else_s_words_and_our_own_cannot_be_quoted(db: Session, line: Channel) -> None:
    mine = said(db, line, "こんにちは", "1")
    theirs = make.customer_says(db, line, "秘密です", "U" + "9" * 32)
    thread, agent = make.thread_of(db, mine), make.agent(db)
    ours = make.reply(db, agent, thread, "はい")
    for one in (theirs.id, ours.id, 10**9):
        with pytest.raises(Refused):
            make.reply(db, agent, thread, "引用", quotes=one)


def test_a_way_that_cannot_quote_refuses_to(db: Session) -> None:
    chat = make.channel(db)
    asked = make.customer_says(db, chat, "こんにちは")
    with pytest.raises(Refused):
        make.reply(db, make.agent(db), make.thread_of(db, asked), "はい", quotes=asked.id)


def test_each_platform_s_own_form_of_a_quote() -> None:
    to = base.Person("5001", "k")
    written = base.Outbound("m1", to, "はい", quoted_id="5001:77", in_reply_to="5001:80")
    (call,) = telegram.calls(written)
    assert call.parameters["reply_parameters"] == {"message_id": 77, "allow_sending_without_reply": True}
    (plain,) = telegram.calls(base.Outbound("m1", to, "はい", in_reply_to="5001:80"))
    assert "reply_parameters" not in plain.parameters
    assert meta.calls(written, meta.Style(2000, "chars", {}))[0].message == {"text": "はい"}


@pytest.mark.usefixtures("committed")
def test_the_thread_shows_what_is_quoted_both_ways_and_nothing_of_another_thread() -> None:
    with transaction() as db:
        channel = make.channel(db, "line", settings={"channel_id": "1650000000"}, secrets={})
        asked = said(db, channel, "青はありますか", "1")
        agent, thread = make.agent(db, "田中"), make.thread_of(db, asked)
        answer = make.reply(db, agent, thread, "ございます", quotes=asked.id)
        delivery = db.scalars(select(Delivery).filter_by(message_id=answer.id)).one()
        db.add(DeliveryRef(channel_id=channel.id, external_id="900", delivery_id=delivery.id))
        said(db, channel, "それをください", "2", in_reply_to="900")
        said(db, channel, "さっきの件", "3", in_reply_to="1")
        said(db, channel, "昔の件", "4", in_reply_to="unknown")
        make.customer_says(db, channel, "秘密です", "U" + "9" * 32, id="901")
        said(db, channel, "人の件", "5", in_reply_to="901")
    with reading() as db:
        head = make.thread_of(db, asked).id
        person = db.get_one(Agent, agent.id)
    browser = Browser().come_in(person)
    shown = browser.see(f"/inbox/{head}")
    quotes = [part.split("</a>")[0] for part in shown.split('class="quoted"')[1:]]
    assert [[words in one for words in ("青はありますか", "ございます")] for one in quotes] == [
        [True, False],
        [False, True],
        [True, False],
    ]
    assert "人の件" in shown
    assert shown.count("data-quote=") == 5

    client = {
        "text": "こちらも",
        "client_id": "client-1",
        "channel_id": str(channel.id),
        "quotes": str(asked.id),
    }
    assert browser.submit(f"/conversations/{head}/replies", client).status_code == 200
    with reading() as db:
        newest = db.scalars(select(Message).where(Message.text == "こちらも")).one()
        assert newest.context["quotes"] == asked.id


@pytest.mark.usefixtures("committed")
def test_what_a_draft_quotes_is_there_on_the_next_device_while_it_stands_in_the_thread() -> None:
    with transaction() as db:
        channel = make.channel(db, "line", settings={"channel_id": "1650000000"}, secrets={})
        asked = said(db, channel, "青はありますか", "1")
        agent, thread = make.agent(db, "田中"), make.thread_of(db, asked)
        elsewhere = make.customer_says(db, channel, "秘密です", "U" + "9" * 32, id="901")
    with reading() as db:
        person = db.get_one(Agent, agent.id)
    kept = {"text": "青は", "channel_id": str(channel.id), "quotes": str(asked.id), "version": "0"}
    assert Browser().come_in(person).submit(f"/conversations/{thread.id}/draft", kept).status_code == 200
    shown = Browser().come_in(person).see(f"/inbox/{thread.id}")
    assert f'data-quoting data-id="{asked.id}" data-way="{channel.id}" data-words="青はありますか"' in shown

    foreign = {**kept, "quotes": str(elsewhere.id), "version": "1"}
    assert Browser().come_in(person).submit(f"/conversations/{thread.id}/draft", foreign).status_code == 200
    shown = Browser().come_in(person).see(f"/inbox/{thread.id}")
    assert "data-quoting hidden" in shown
    assert "秘密です" not in shown


@pytest.mark.usefixtures("committed")
def test_what_has_no_words_is_quoted_by_the_name_of_its_file() -> None:
    with transaction() as db:
        channel = make.channel(db, "line", settings={"channel_id": "1650000000"}, secrets={})
        brought = (base.Attachment("傷の写真.txt", "text/plain", data=b"..."),)
        file = said(db, channel, "", "1", attachments=brought)
        agent, thread = make.agent(db, "田中"), make.thread_of(db, file)
        make.reply(db, agent, thread, "交換いたします", quotes=file.id)
    with reading() as db:
        shown = Browser().come_in(db.get_one(Agent, agent.id)).see(f"/inbox/{thread.id}")
    assert 'data-quote-words="傷の写真.txt"' in shown
    assert "傷の写真.txt" in shown.split('class="quoted"')[1].split("</a>")[0]
