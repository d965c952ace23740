"""The bot and machines: it suggests where machines write too, and two of them stop after one exchange."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import inbox
from app.bot import automatic
from app.db import as_of, now
from app.models import Channel, Conversation, Customer, Decision, Event, Message
from app.web.suggested import suggested
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, MOMO, TARO, arrives, assert_books, comes, letter, own
from tests.letters import mail as mailing
from tests.test_flows import RETURN, published

ASKED = "送料はいくらですか"
SURE = {"bot_answers": True, "bot_certainty": 60}


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


@pytest.fixture
def box(db: Session, post: type[Post]) -> Channel:
    """A mailbox where the bot may answer by itself, if it is fairly sure."""
    make.faq(db)
    return make.channel(db, "post", bot=True, settings=SURE)


def said_by_bot(db: Session) -> int:
    return db.scalar(select(func.count(Message.id)).where(Message.author == "bot")) or 0


def why(db: Session, head: Conversation) -> list[str]:
    """The reasons the thread was handed over for, as its lines tell them."""
    found = select(Message).where(Message.conversation_id == head.id, Message.kind == "system")
    return [
        one.context["reason"] for one in db.scalars(found.order_by(Message.id)) if "reason" in one.context
    ]


def test_where_the_bot_only_suggests_a_mail_is_a_persons_from_the_start(
    db: Session, post: type[Post]
) -> None:
    make.faq(db)
    head = own(db, comes(db, make.channel(db, "post", bot=True), ASKED))
    assert (head.owner, said_by_bot(db), why(db, head)) == ("human", 0, [])
    assert [one.text for one in suggested(db, head)] == ["全国一律550円です"]


def test_where_the_admin_allows_it_the_bot_answers_what_it_is_sure_of(db: Session, box: Channel) -> None:
    head = own(db, comes(db, box, ASKED))
    assert (head.owner, said_by_bot(db)) == ("bot", 1)
    assert_books(db)


def test_what_it_is_not_certain_of_it_leaves_to_a_person(db: Session, box: Channel) -> None:
    box.settings = {"bot_answers": True}  # 90 %
    decided = _score(db, box)
    box.settings = {"bot_answers": True, "bot_certainty": min(100, int(decided) + 1)}
    head = own(db, comes(db, box, "送料って高いのでしょうか", TARO))
    assert (head.owner, why(db, head)) == ("human", ["unsure"])
    assert head.waiting_since is not None


def _score(db: Session, box: Channel) -> float:
    comes(db, box, "送料って高いのでしょうか", MOMO)
    return db.scalars(select(Decision).order_by(Decision.id.desc())).first().score  # type: ignore[union-attr]


def test_without_an_answer_it_says_nothing_at_all(db: Session, box: Channel) -> None:
    head = own(db, comes(db, box, "見積書の宛名を変更したい"))
    assert (head.owner, said_by_bot(db), why(db, head)) == ("human", 0, ["unsure"])


@pytest.mark.parametrize(
    ("told", "certain"), [({}, 90.0), ({"bot_certainty": 75}, 75.0), ({"bot_certainty": "x"}, 90.0)]
)
def test_how_certain_it_must_be_is_the_channels_word(
    db: Session, box: Channel, told: dict[str, object], certain: float
) -> None:
    box.settings = told
    assert automatic.certainty(box) == certain


def test_in_a_chat_nothing_changed(db: Session) -> None:
    assert automatic.certainty(make.channel(db, "api")) == 0.0


def test_one_sender_gets_one_automatic_answer_an_hour(db: Session, box: Channel) -> None:
    head = own(db, comes(db, box, ASKED))
    comes(db, box, ASKED)
    assert (said_by_bot(db), head.owner, why(db, head)) == (1, "human", ["repeated"])
    assert_books(db)


def test_after_a_person_spoke_the_bot_may_again(db: Session, box: Channel) -> None:
    agent = make.agent(db)
    head = own(db, comes(db, box, ASKED))
    make.reply(db, agent, head, "お調べします")
    inbox.hand_back(db, agent, head)
    comes(db, box, ASKED)
    assert said_by_bot(db) == 2


def test_a_form_asks_for_everything_in_one_mail_and_ends_with_the_answer(db: Session, box: Channel) -> None:
    published(db, RETURN, hand_over=False)
    head = own(db, comes(db, box, "返品したいです。"))
    asked = db.scalars(select(Message.text).filter_by(author="bot")).one()
    assert [line for line in asked.splitlines() if line[:2] in ("1.", "2.", "3.")] == [
        "1. 注文番号: ご注文番号を教えてください。",
        "2. 理由: 返品の理由をお選びください。",
        "3. 発送日: いつ発送できますか。",
    ]
    comes(db, box, "1. 5521\n2. サイズ\n3. 12月3日")
    last = db.scalars(select(Message.text).filter_by(author="bot").order_by(Message.id)).all()[-1]
    assert last.startswith("5521の返品を承りました。")
    assert "・理由: サイズ" in last
    assert (head.owner, said_by_bot(db), head.bot_flow) == ("bot", 2, {})
    assert_books(db)


def test_a_mail_that_answers_nothing_of_a_form_is_a_persons(db: Session, box: Channel) -> None:
    published(db, RETURN)
    head = own(db, comes(db, box, "返品したいです。"))
    comes(db, box, "ただいま留守にしております。")
    assert (head.owner, said_by_bot(db)) == ("human", 1)


def test_an_hour_later_it_may_answer_again(db: Session, box: Channel) -> None:
    with as_of(now() - timedelta(minutes=61)):
        comes(db, box, ASKED)
    comes(db, box, ASKED)
    assert said_by_bot(db) == 2


def test_three_automatic_answers_an_hour_are_the_most_of_a_thread(db: Session, box: Channel) -> None:
    first = own(db, comes(db, box, ASKED))
    for n in range(3):  # addresses of one person
        other = own(db, comes(db, make.channel(db, "post"), "はい", f"p{n}@example.jp"))
        child, parent = db.get_one(Customer, other.customer_id), db.get_one(Customer, first.customer_id)
        inbox.link(db, child, parent, evidence={})
    first.owner, first.owner_epoch = "bot", first.owner_epoch + 1
    for n in range(3):
        comes(db, box, ASKED, f"p{n}@example.jp")
    assert (said_by_bot(db), first.owner) == (3, "human")
    assert why(db, first)[-1:] == ["too_many"]


def test_the_bot_leaves_it_to_a_person_when_somebody_else_joins_in(db: Session, box: Channel) -> None:
    head = own(db, comes(db, box, ASKED, id="q@x", cc=[TARO]))
    comes(db, box, ASKED, TARO, answers=("<q@x>",))
    assert (said_by_bot(db), head.owner, why(db, head)) == (1, "human", ["others"])
    assert_books(db)


def test_two_answering_machines_stop_after_one_exchange(db: Session, box: Channel) -> None:
    """The other side answers whatever it gets, and nothing in its mails says that it is a machine."""
    pending = [letter(ASKED, id="0@machine")]
    for turn in range(1, 30):
        if not pending:
            break
        before = said_by_bot(db)
        arrives(db, box, pending.pop())
        if said_by_bot(db) > before:
            pending.append(letter(ASKED, id=f"{turn}@machine", subject="Re: Re:"))
    assert said_by_bot(db) == 1
    (head,) = db.scalars(select(Conversation))
    assert (head.owner, why(db, head)) == ("human", ["repeated"])
    assert_books(db)


def test_a_machine_that_says_so_gets_no_answer_at_all(db: Session, box: Channel) -> None:
    for n in range(3):
        comes(db, box, ASKED, sort="auto-reply", id=f"{n}@machine")
    assert said_by_bot(db) == 0


def test_a_customer_who_chats_with_the_bot_and_then_writes_a_mail_gets_a_person(
    db: Session, post: type[Post]
) -> None:
    make.faq(db)
    chat, box = make.channel(db, "api", bot=True), make.channel(db, "post", bot=True)
    person = base.Person(HANA, kind="email", proof="signed")
    head = own(db, make.customer_says(db, chat, ASKED, person))
    assert head.owner == "bot"
    comes(db, box, ASKED)
    assert (head.owner, said_by_bot(db)) == ("human", 1)


def test_what_was_written_long_ago_is_neither_answered_nor_rung_for(db: Session, box: Channel) -> None:
    head = own(db, comes(db, box, ASKED, at=now() - timedelta(days=3)))
    assert (said_by_bot(db), head.owner, why(db, head)) == (0, "human", ["old"])
    told = db.scalars(select(Event).where(Event.kind == "message.received")).one()
    assert told.data["quiet"] is True
    assert_books(db)
