"""From a customer's message to the bot's words, with everything kept that explains them."""

from __future__ import annotations

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app import inbox
from app.bot import answers, situations
from app.i18n import gettext
from app.knowledge import versions
from app.models import (
    BotRule,
    ConversationLabel,
    Decision,
    Escalation,
    FaqEntry,
    Label,
    Message,
    Revision,
    Setting,
)
from bots.phrases import phrase
from tests import factories as make
from tests.connectors import installed


def decides(monkeypatch: pytest.MonkeyPatch, **decision: object) -> list[bots.Question]:
    """Let the bot decide so; gives the questions it was asked."""
    asked: list[bots.Question] = []

    def decide(question: bots.Question, book: bots.Book) -> bots.Decision:
        asked.append(question)
        return bots.Decision(**{"action": "answer", "language": "ja", "version": book.version, **decision})  # type: ignore[arg-type]

    monkeypatch.setattr(bots, "decide", decide)
    return asked


def test_an_answer_is_in_the_thread_with_the_reason_beside_it(db: Session) -> None:
    entry = make.faq(db, "全国一律550円です", ["送料はいくらですか"])
    said = make.customer_says(db, make.channel(db, bot=True), "送料はいくらですか？")
    decision = db.scalars(select(Decision)).one()
    reply = db.get_one(Message, decision.reply_id)
    assert (reply.text, reply.author) == ("全国一律550円です", "bot")
    assert (decision.message_id, decision.entry_id, decision.epoch) == (said.id, entry.id, 0)
    assert decision.version == answers.version(db)
    assert decision.detail["question"] == "送料はいくらですか？"
    assert decision.detail["considered"][0]["entry_id"] == entry.id


def test_an_edit_is_in_force_once_it_is_published(db: Session) -> None:
    channel = make.channel(db, bot=True)
    entry = make.faq(db, "550円", ["送料はいくらですか"])
    make.customer_says(db, channel, "送料はいくらですか", "a")
    entry.answer = "無料"
    db.add(Revision(noun="faq_entry", noun_id=entry.id, data={}))
    db.flush()
    make.customer_says(db, channel, "送料はいくらですか", "b")
    versions.publish_all(db)
    make.customer_says(db, channel, "送料はいくらですか", "c")
    said = db.scalars(select(Message.text).filter_by(author="bot").order_by(Message.id)).all()
    assert said == ["550円", "550円", "無料"]


@pytest.mark.parametrize("looked_at", [10_000, 3])
def test_the_draft_is_read_again_after_every_edit_even_of_two_that_commit_in_the_other_order(
    db: Session, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "OVERTAKING", looked_at)
    make.faq(db)
    db.add_all(Revision(id=number, noun="faq_entry", noun_id=1, data={}) for number in (900, 901))
    high = Revision(id=1_000, noun="faq_entry", noun_id=1, data={})
    db.add(high)
    db.flush()
    before = answers.draft_book(db)
    assert answers.draft_book(db) is before
    late = FaqEntry(title="返品", questions=["返品できますか"], answer="はい")
    db.add(late)
    db.flush()
    db.add(Revision(id=999, noun="faq_entry", noun_id=late.id, data={}))
    db.flush()
    assert late.id in {entry.id for entry in answers.draft_book(db).entries}
    assert late.id not in {entry.id for entry in answers.book(db).entries}


def test_a_draft_that_is_published_whole_is_not_learned_twice(db: Session) -> None:
    make.faq(db)
    assert answers.draft_book(db) is answers.book(db)


def test_what_the_bot_remembers_comes_back_with_the_next_question(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = decides(monkeypatch, action="ask", text="どちらですか", misses=1, asked=(3, 4))
    channel = make.channel(db, bot=True)
    make.customer_says(db, channel, "配送", "v")
    make.customer_says(db, channel, "海外", "v")
    assert [(one.misses, one.asked) for one in asked] == [(0, ()), (1, (3, 4))]


def test_a_label_is_put_and_made_if_need_be(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    decides(monkeypatch, action="label", label="苦情")
    channel = make.channel(db, bot=True)
    make.customer_says(db, channel, "ひどい", "a")
    make.customer_says(db, channel, "ひどい", "b")
    assert db.scalars(select(Label.name)).all() == ["苦情"]
    assert len(db.scalars(select(ConversationLabel)).all()) == 2


def test_an_escalation_is_before_the_supervisors_and_the_bot_steps_back(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    decides(
        monkeypatch,
        action="escalate",
        text="担当者におつなぎします",
        escalation_type="safety",
        escalation_reason="発火",
        handover_reason="risk",
    )
    head = make.conversation(db, make.channel(db, bot=True), "発火しました")
    raised = db.scalars(select(Escalation)).one()
    assert (raised.type, raised.reason, raised.raised_by) == ("safety", "発火", "bot")
    assert (head.owner, head.escalated) == ("human", True)


def test_asked_for_a_person_the_bot_says_so_once_and_is_silent(db: Session) -> None:
    channel = make.channel(db, bot=True)
    head = make.conversation(db, channel, "人と話したい", "v")
    said = len(db.scalars(select(Message).filter_by(author="bot")).all())
    make.customer_says(db, channel, "まだですか", "v")
    assert (head.owner, said) == ("human", 1)
    assert len(db.scalars(select(Message).filter_by(author="bot")).all()) == 1


def test_outside_business_hours_the_handover_says_when_somebody_is_there(db: Session) -> None:
    closed = {"timezone": "Asia/Tokyo", "week": {}, "holidays": "closed"}
    db.add(Setting(key="hours", value=closed))
    db.flush()
    with time_machine.travel("2026-11-22T12:00:00+00:00", tick=True):
        if situations.is_open(db):
            pytest.fail("the shop of this test has no opening hours")
        make.customer_says(db, make.channel(db, bot=True), "人と話したい")
    said = db.scalars(select(Message.text).filter_by(author="bot")).one()
    assert said == f"{phrase('handing_over', 'ja')}\n{gettext('ja', 'We are closed at the moment.')}"


def test_on_a_channel_without_the_bot_a_person_is_called_at_once(db: Session) -> None:
    bot, quiet = make.channel(db, bot=True), make.channel(db, "api")
    one, other = make.conversation(db, bot, sender="a"), make.conversation(db, quiet, sender="b")
    inbox.link(db, make.customer_of(db, other), make.customer_of(db, one), evidence={})
    make.customer_says(db, quiet, "こちらにも", "b")
    assert one.owner == "human"


def test_rules_are_read_in_their_order(db: Session) -> None:
    columns = {"keywords": ["返品"], "params": {"text": "返品係へ"}, "language": "ja"}
    db.add(BotRule(position=1, name="返品", action="answer", **columns))
    db.flush()
    versions.publish_all(db)
    assert [rule.name for rule in answers.book(db).rules] == ["返品"]


@pytest.mark.parametrize(
    ("said", "understood"),
    [("2", "返品"), ("２", "返品"), (" 1. ", "配送"), ("3", "3"), ("0", "0"), ("2つ目", "2つ目")],
)
def test_where_choices_are_numbered_a_number_is_a_choice(
    db: Session, monkeypatch: pytest.MonkeyPatch, said: str, understood: str
) -> None:
    with installed(monkeypatch, push=True):
        asked = decides(monkeypatch, action="ask", text="どちらですか", quick_replies=("配送", "返品"))
        channel = make.channel(db, "post", bot=True)
        make.customer_says(db, channel, "教えて", "v")
        make.customer_says(db, channel, said, "v")
        assert asked[-1].text == understood


def test_where_a_question_may_only_be_skipped_a_number_is_its_answer(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installed(monkeypatch, push=True):
        asked = decides(monkeypatch, action="ask", text="いくつですか", quick_replies=("スキップ",))
        channel = make.channel(db, "post", bot=True)
        make.customer_says(db, channel, "マフラーを予約したい", "v")
        make.customer_says(db, channel, "1", "v")
        assert asked[-1].text == "1"


def test_where_choices_are_buttons_a_number_is_a_number(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = decides(monkeypatch, action="ask", text="どちらですか", quick_replies=("配送", "返品"))
    channel = make.channel(db, "api", bot=True)
    make.customer_says(db, channel, "教えて", "v")
    make.customer_says(db, channel, "2", "v")
    assert asked[-1].text == "2"
