"""What was answered with another program, and found in the mailbox afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import deliver
from app.db import now, transaction
from app.models import (
    Case,
    Delivery,
    Message,
)
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, TARO, again, arrives, assert_books, comes, letter, lines, own, sent, texts
from tests.letters import mail as mailing

HOUR = timedelta(hours=1)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


def by_outlook(text: str = "Outlookより", to: str = HANA, **fields: Any) -> base.Inbound:
    return letter(text, to, kind="outbound", **fields)


def test_an_answer_from_another_program_counts_as_an_answer(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box, "いつ届きますか", id="q@x"))
    assert head.waiting_since is not None
    (outcome,) = arrives(db, box, by_outlook("明日です", answers=("<q@x>",), html="<p>明日です</p>"))
    said = db.get_one(Message, outcome["message"])
    assert (said.kind, said.author, said.agent_id, said.context["tool"]) == ("outbound", "agent", None, True)
    assert (said.conversation_id, head.owner) == (head.id, "human")
    assert again(db, head).waiting_since is None
    assert db.scalars(select(Case)).one().first_response_at == said.sent_at
    assert db.scalars(select(Delivery)).one().state == "sent"
    assert (head.last_author, head.last_preview) == ("agent", "明日です")
    assert_books(db)


def test_it_takes_the_thread_from_the_bot(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post", bot=True, settings={"bot_answers": True})
    make.faq(db)
    head = own(db, comes(db, box, "送料はいくらですか"))
    assert lines(db, head, "handed_over") == []
    arrives(db, box, by_outlook("550円です"))
    assert (head.owner, head.waiting_since) == ("human", None)
    (line,) = lines(db, head, "handed_over")
    assert line.context["reason"] == "tool"
    assert_books(db)


def test_a_new_mail_from_another_program_opens_no_case(db: Session, post: type[Post]) -> None:
    (outcome,) = arrives(db, make.channel(db, "post"), by_outlook("ご案内"))
    head = own(db, db.get_one(Message, outcome["message"]))
    assert (head.status, head.inbound_count, db.scalar(select(func.count(Case.id)))) == ("resolved", 0, 0)
    assert_books(db)


def test_what_we_sent_ourselves_comes_back_as_an_echo(db: Session, post: type[Post]) -> None:
    box, other = make.channel(db, "post"), make.channel(db, "post")
    head = own(db, comes(db, box))
    sent(db, make.reply(db, make.agent(db), head), "<m1@shop>")
    for mailbox in (box, other):
        for kind in ("outbound", "inbound"):
            (outcome,) = arrives(db, mailbox, letter("承知しました", id="m1@shop", kind=kind))
            assert outcome == {"event": "inbound", "excluded": "our own echo"}
    assert len(texts(db, head)) == 2
    assert_books(db)


def test_the_same_sent_mail_twice_is_one_message(db: Session, post: type[Post]) -> None:
    box, other = make.channel(db, "post"), make.channel(db, "post")
    mail = by_outlook(id="s@x")
    (first,) = arrives(db, box, mail)
    assert [arrives(db, one, mail)[0].get("message") for one in (box, other)] in (
        [first["message"], first["message"]],
        [None, None],  # known as ours by its id: an echo
    )
    assert db.scalar(select(func.count(Message.id))) == 1
    assert_books(db)


def test_their_answer_to_what_another_program_sent_finds_the_thread(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    (outcome,) = arrives(db, box, by_outlook("ご案内", id="s@shop", cc=[TARO]))
    head = own(db, db.get_one(Message, outcome["message"]))
    assert comes(db, box, "ありがとう", TARO, answers=("<s@shop>",)).conversation_id == head.id
    assert_books(db)


def test_an_old_answer_found_later_answers_only_what_stands_above_it(db: Session, post: type[Post]) -> None:
    box, at = make.channel(db, "post"), now() - 5 * HOUR
    head = own(db, comes(db, box, "一", at=at))
    comes(db, box, "二", at=at + 2 * HOUR)
    arrives(db, box, by_outlook("一への返事", at=at + HOUR))
    assert texts(db, head) == ["一", "一への返事", "二"]
    assert head.waiting_since == at + 2 * HOUR
    assert_books(db)
    arrives(db, box, by_outlook("二への返事", at=at + 3 * HOUR))
    assert again(db, head).waiting_since is None
    assert_books(db)


def test_a_question_found_after_its_answer_waits_for_nobody(db: Session, post: type[Post]) -> None:
    box, at = make.channel(db, "post"), now() - 5 * HOUR
    (outcome,) = arrives(db, box, by_outlook("返事", at=at + HOUR))
    head = own(db, db.get_one(Message, outcome["message"]))
    comes(db, box, "質問", at=at)
    assert (texts(db, head), head.waiting_since) == (["質問", "返事"], None)
    assert_books(db)
    comes(db, box, "まだです", at=at + 2 * HOUR)
    assert again(db, head).waiting_since == at + 2 * HOUR
    assert_books(db)


def test_a_customer_whose_clock_is_slow_does_not_wait_unseen(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box, at=now() - 3 * HOUR))
    make.reply(db, make.agent(db), head)
    comes(db, box, "まだ届きません", at=now() - HOUR)
    assert head.waiting_since is not None
    assert_books(db)


def test_messages_of_another_tool_need_no_sending(committed: None, post: type[Post]) -> None:
    with transaction() as db:
        box = make.channel(db, "post")
        arrives(db, box, by_outlook())
    assert deliver.drain(box.id) == 0
    assert post.sent == []


# --- what goes along with an answer ----------------------------------------------------------------------
