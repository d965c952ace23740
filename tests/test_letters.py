"""What becomes of a mail: its sort, what it carries along, and who else got it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import inbox, intake, queries, search
from app.db import now, reading, transaction
from app.models import Case, Delivery, Event, Message, MessageRef, MessageSource, Participant
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, MOMO, TARO, arrives, assert_books, comes, letter, own
from tests.letters import mail as mailing
from tests.statements import recorded

QUIET = sorted(base.QUIET)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


@pytest.mark.parametrize("sort", QUIET)
def test_what_nobody_has_to_answer_is_shown_and_wakes_nobody(
    db: Session, post: type[Post], sort: str
) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box, "送料は?"))
    inbox.resolve(db, agent, head)
    said = comes(db, box, "不在にしております", sort=sort)
    assert said.context["sort"] == sort
    assert (head.status, head.waiting_since, head.inbound_count) == ("resolved", None, 1)
    assert [one.id for one in queries.thread_page(db, head).messages if one.kind == "inbound"][-1] == said.id
    assert search.missing(db, [said]) == []
    assert db.scalar(select(func.count(Case.id))) == 1
    assert_books(db)


def test_an_out_of_office_does_not_wake_a_snoozed_case_nor_make_anybody_wait(
    db: Session, post: type[Post]
) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box))
    make.reply(db, agent, head)
    inbox.snooze(db, agent, head, now() + timedelta(days=1))
    said = comes(db, box, "休暇中です", sort="auto-reply")
    assert (head.status, head.waiting_since) == ("snoozed", None)
    assert said.case_id is not None  # it stands with the matter all the same
    assert_books(db)


@pytest.mark.parametrize("sort", QUIET)
def test_list_mail_of_somebody_new_is_a_conversation_that_is_resolved_from_the_start(
    db: Session, post: type[Post], sort: str
) -> None:
    said = comes(db, make.channel(db, "post"), "今週のお知らせ", sort=sort)
    head = own(db, said)
    assert (head.status, head.inbound_count, head.waiting_since) == ("resolved", 0, None)
    assert queries.list_page(db, make.supervisor(db), "resolved").rows == [head]
    assert queries.list_page(db, make.supervisor(db), "open").rows == []
    assert_books(db)


def test_a_real_question_after_an_out_of_office_opens_a_case(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    first, quiet, real = arrives(
        db, box, letter("一", TARO), letter("不在", sort="auto-reply"), letter("届きません")
    )
    head = own(db, db.get_one(Message, real["message"]))
    assert (head.status, head.inbound_count) == ("open", 1)
    assert db.get_one(Message, quiet["message"]).conversation_id == head.id
    assert first["new"]
    assert_books(db)


def test_nobody_is_called_for_an_automatic_answer(db: Session, post: type[Post]) -> None:
    comes(db, make.channel(db, "post"), "不在", sort="auto-reply")
    told = db.scalars(select(Event).where(Event.kind == "message.received")).one()
    assert told.data["quiet"] is True


def test_the_bot_answers_neither_machines_nor_what_could_not_be_read(db: Session, post: type[Post]) -> None:
    make.faq(db)
    box = make.channel(db, "post", bot=True, settings={"bot_answers": True, "bot_certainty": 1})
    for number, sort in enumerate([*QUIET, "unreadable"]):
        comes(db, box, "送料はいくらですか", f"p{number}@example.jp", sort=sort)
    assert db.scalar(select(Message.id).where(Message.kind == "outbound")) is None


def test_what_could_not_be_read_is_shown_and_asks_for_a_person(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post", bot=True, settings={"bot_answers": True})
    said = comes(db, box, "", subject="壊れたメール", sort="unreadable")
    head = own(db, said)
    assert (head.owner, head.status, head.waiting_since is not None) == ("human", "open", True)
    line = db.scalars(select(Message).where(Message.kind == "system")).one()
    assert line.context["reason"] == "unreadable"
    assert_books(db)


def test_what_a_mail_has_besides_its_words_stands_beside_it(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    (outcome,) = arrives(
        db,
        box,
        letter(
            "新しい部分\x00です",
            id="a@example.jp",
            html="<p>新しい部分です</p>",
            quoted="> 前の部分",
            signature="-- \n花子",
            answers=("<b@x>", "<a@x>"),
            about_sender={"spf": "pass", "dkim": "fail"},
        ),
    )
    said = db.get_one(Message, outcome["message"])
    source = db.get_one(MessageSource, said.id)
    assert (said.html, source.html) == ("", "<p>新しい部分です</p>")
    assert (source.quoted, source.signature) == ("> 前の部分", "-- \n花子")
    assert source.answers == ["<b@x>", "<a@x>"]
    assert source.checked == {"spf": "pass", "dkim": "fail"}
    assert db.get_one(MessageRef, (box.id, "<a@example.jp>")).message_id == said.id
    assert_books(db)


def test_a_message_knows_the_raw_receipt_it_came_by(committed: None, post: type[Post]) -> None:
    post.read = staticmethod(lambda request: [letter(request.body.decode(), f"{request.body.decode()}@x.jp")])
    with transaction() as db:
        box = make.channel(db, "post")
        calls = [(box, base.Request("MAIL", "", body=body), "") for body in (b"1", b"2")]
        ids = [receipt.id for receipt in intake.store_all(db, calls)]
    intake.read_receipts(ids)
    with reading() as db:
        rows = db.execute(
            select(MessageSource.receipt_id, Message.text).join(
                Message, Message.id == MessageSource.message_id
            )
        )
        assert sorted(tuple(row) for row in rows) == [(ids[0], "1"), (ids[1], "2")]


def test_a_chat_message_pays_nothing_for_what_mail_has(committed: None) -> None:
    with transaction() as db:
        channel = make.channel(db, "api")
        make.customer_says(db, channel, "一")
    with recorded() as said, transaction() as db:
        make.customer_says(db, db.merge(channel, load=False), "二")
    tables = ("message_source", "message_ref", "participant", "delivery_ref")
    assert [one for one in said if any(table in one for table in tables)] == []


def test_the_other_recipients_are_kept_with_the_mail_and_take_part(db: Session, post: type[Post]) -> None:
    said = comes(db, make.channel(db, "post"), cc=[TARO, MOMO.upper(), TARO])
    assert [one["address"] for one in said.context["others"]] == [TARO, MOMO.upper(), TARO]
    known = db.scalars(select(Participant).where(Participant.conversation_id == said.conversation_id))
    assert {one.address for one in known} == {TARO, MOMO}


def test_of_a_mass_mail_a_hundred_recipients_are_kept_and_the_number_of_all_is_told(
    db: Session, post: type[Post]
) -> None:
    said = comes(db, make.channel(db, "post"), cc=[f"p{n}@example.jp" for n in range(1000)])
    assert (len(said.context["others"]), said.context["others_count"]) == (100, 1000)
    assert db.scalar(select(func.count(Participant.id))) == 100


def test_a_sender_cannot_say_what_is_ours_to_say(db: Session, post: type[Post]) -> None:
    told = {"sort": "spam", "tool": True, "answers_in": 7, "out_of_turn": "late", "others": "x"}
    said = comes(db, make.channel(db, "post"), context=told)
    assert said.context.keys() == {"message_id"}


def test_a_mail_taken_back_leaves_nothing_beside_it(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    said = comes(db, box, html="<p>秘密</p>", sort="list")
    arrives(db, box, base.Unsend(said.external_id or ""))
    assert db.get(MessageSource, said.id) is None
    assert_books(db)


def test_mail_read_together_costs_what_one_costs(committed: None, post: type[Post]) -> None:
    with transaction() as db:
        box = make.channel(db, "post")
    costs = []
    for first, size in ((0, 5), (100, 25)):
        come = [letter("本文", f"p{first + n}@x.jp", cc=[TARO], answers=("<no@x>",)) for n in range(size)]
        with recorded() as said, transaction() as db:
            outcomes = intake.accept(db, db.merge(box, load=False), come)
        assert [one["new"] for one in outcomes] == [True] * size
        costs.append(len([one for one in said if not one.startswith("INSERT")]))
    assert costs[0] == costs[1]


def test_an_answer_with_copies_goes_to_all_of_them(db: Session, post: type[Post]) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box))
    others = (base.Participant(TARO, "太郎", "cc"), base.Participant(MOMO, "", "bcc"))
    said = make.reply(db, agent, head, "承知しました", others=others, subject="件\r\n名", html="<p>承知</p>")
    assert [one["address"] for one in said.context["others"]] == [TARO, MOMO]
    assert (said.subject, said.html) == ("件 名", "<p>承知</p>")
    known = db.scalars(select(Participant.address).where(Participant.conversation_id == head.id))
    assert set(known) == {TARO, MOMO}
    assert db.scalars(select(Delivery)).one().state == "queued"
    assert_books(db)


@pytest.mark.parametrize(
    "address",
    ["x@y\r\nBcc: z@w", "x@y\nz", "a b@c", "nobody", "@x", "x@", "a@b@c", "a@b,c@d", "<a@b>", "a@b\x00", ""],
)
def test_what_is_no_address_is_refused(db: Session, post: type[Post], address: str) -> None:
    head = own(db, comes(db, make.channel(db, "post")))
    with pytest.raises(inbox.Refused, match="no address"):
        make.reply(db, make.agent(db), head, others=(base.Participant(address),))


def test_a_dotted_address_of_a_carrier_is_an_address(db: Session, post: type[Post]) -> None:
    head = own(db, comes(db, make.channel(db, "post")))
    said = make.reply(db, make.agent(db), head, others=(base.Participant("foo..bar.@docomo.ne.jp"),))
    assert said.context["others"][0]["address"] == "foo..bar.@docomo.ne.jp"


def test_fifty_copies_are_the_most_and_the_customer_is_none_of_them(db: Session, post: type[Post]) -> None:
    head, agent = own(db, comes(db, make.channel(db, "post"))), make.agent(db)
    many = tuple(base.Participant(f"p{n}@x.jp") for n in range(51))
    with pytest.raises(inbox.Refused, match="at most 50"):
        make.reply(db, agent, head, others=many)
    said = make.reply(db, agent, head, others=(base.Participant(HANA.upper()), many[0], many[0]))
    assert [one["address"] for one in said.context["others"]] == ["p0@x.jp"]


def test_a_way_without_copies_refuses_them(db: Session) -> None:
    head = make.conversation(db)
    with pytest.raises(inbox.Refused, match="no copies"):
        make.reply(db, make.agent(db), head, others=(base.Participant(TARO),))
