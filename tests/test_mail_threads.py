"""Where a mail belongs: with its sender, unless they take part in somebody else's conversation."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import customers, inbox, intake, verify
from app.db import reading, transaction
from app.inbox import participants
from app.models import (
    Conversation,
    Customer,
    Identity,
    Message,
    MessageRef,
    RawReceipt,
)
from app.models.customer import CLAIMED, CODE
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import (
    HANA,
    MOMO,
    TARO,
    again,
    arrives,
    assert_books,
    comes,
    letter,
    lines,
    own,
    sent,
    texts,
)
from tests.letters import mail as mailing

HOUR = timedelta(hours=1)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


def test_who_was_in_copy_and_answers_speaks_in_the_thread_as_themselves(
    db: Session, post: type[Post]
) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box, "見積もりをお願いします", id="q@x", cc=[TARO]))
    said = comes(db, box, "私からも", TARO, name="太郎", answers=("<q@x>",))
    assert said.conversation_id == head.id
    theirs = customers.find(db, "email", "", TARO)
    assert theirs is not None
    assert said.identity_id == theirs.id
    assert theirs.customer_id != head.customer_id
    assert (head.inbound_count, texts(db, head)) == (2, ["見積もりをお願いします", "私からも"])
    assert_books(db)


def test_whom_an_agent_put_in_copy_answers_our_message_in_the_thread(db: Session, post: type[Post]) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box))
    said = make.reply(db, agent, head, others=(base.Participant(TARO.title()),))
    sent(db, said, "<m1@shop>")
    assert comes(db, box, "了解です", TARO, answers=("<m1@shop>",)).conversation_id == head.id
    assert_books(db)


def test_a_signed_mark_lets_in_who_takes_part(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box, cc=[TARO]))
    assert comes(db, box, "私です", TARO, conversation=str(head.id)).conversation_id == head.id


@pytest.mark.parametrize(
    ("cc", "about_sender", "proof"),
    [
        ((), {}, CODE),
        ((), {"dmarc": "pass", "aligned": "yes"}, CODE),
        ((), {"dmarc": "fail", "aligned": "no"}, CLAIMED),
        ((TARO,), {}, CLAIMED),  # who got a copy knows the mark, and could write in this name
    ],
)
def test_our_mark_proves_an_address_only_where_nobody_else_knows_it(
    db: Session, post: type[Post], cc: tuple[str, ...], about_sender: dict[str, str], proof: int
) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box))
    make.reply(db, make.agent(db), head, others=tuple(base.Participant(one) for one in cc))
    said = comes(db, box, "はい", conversation=str(head.id), about_sender=about_sender)
    assert said.conversation_id == head.id
    assert db.get_one(Identity, said.identity_id).proof == proof


def test_a_stranger_with_the_right_mark_is_told_of_and_stays_outside(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box))
    said = comes(db, box, "転送されました", MOMO, name="桃", conversation=str(head.id))
    assert said.conversation_id != head.id
    assert said.context["answers_in"] == head.id
    (line,) = lines(db, head)
    told = {"what": "stranger", "name": "桃", "address": MOMO, "conversation": said.conversation_id}
    assert line.context == told
    assert texts(db, head) == ["注文の件です"]
    assert_books(db)


def test_a_stranger_is_told_of_once_however_often_they_write(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box, id="q@x"))
    for _ in range(3):
        comes(db, box, "転送", MOMO, answers=("<q@x>",))
    comes(db, box, "不在", TARO, answers=("<q@x>",), sort="auto-reply")  # a machine is no news
    assert len(lines(db, head)) == 1


def test_the_customer_who_answers_themselves_is_no_stranger(db: Session, post: type[Post]) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    first = comes(db, box, id="q@x")
    head = own(db, first)
    sent(db, make.reply(db, agent, head), "<m1@shop>")
    said = comes(db, box, "届きました", answers=("<m1@shop>", "<q@x>"), conversation=str(head.id))
    assert (said.conversation_id, lines(db, head)) == (head.id, [])
    assert "answers_in" not in said.context


@pytest.mark.parametrize("mark", ["999999", "0", "-1", "x", "1" * 400, "１２", ""])
def test_a_mark_of_no_conversation_leads_nowhere(db: Session, post: type[Post], mark: str) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box))
    assert comes(db, box, "間違い", MOMO, conversation=mark).conversation_id != head.id


def test_the_same_message_id_glues_no_two_people(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    first = comes(db, box, "一", HANA, id="1@pc", context={"message_id": "<1@pc>"})
    (outcome,) = arrives(
        db,
        box,
        make.inbound("二", base.Person(TARO), id="<1@pc> other digest", context={"message_id": "<1@pc>"}),
    )
    second = db.get_one(Message, outcome["message"])
    assert second.conversation_id != first.conversation_id
    assert db.get_one(MessageRef, (box.id, "<1@pc>")).message_id == first.id
    answer = comes(db, box, "三", TARO, answers=("<1@pc>",))
    assert answer.conversation_id == second.conversation_id


def test_empty_ids_glue_nobody(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    one = make.inbound("一", base.Person(HANA), id="a", context={"message_id": ""}, answers=("",))
    two = make.inbound("二", base.Person(TARO), id="b", context={"message_id": ""}, answers=("",))
    first, second = (db.get_one(Message, out["message"]) for out in arrives(db, box, one, two))
    assert first.conversation_id != second.conversation_id


def test_an_answer_that_comes_with_what_it_answers_finds_its_place(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    outcomes = arrives(
        db,
        box,
        letter("質問", id="q@x", cc=[TARO]),
        letter("別件", MOMO),
        letter("補足", TARO, answers=("<q@x>",)),
    )
    question, _, more = (db.get_one(Message, one["message"]) for one in outcomes)
    assert more.conversation_id == question.conversation_id


def test_links_carry_what_others_said_along_and_give_it_back(db: Session, post: type[Post]) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box, "花子より", id="q@x", cc=[TARO]))
    comes(db, box, "太郎より", TARO, answers=("<q@x>",))
    other = own(db, comes(db, box, "桃より", MOMO))
    child, parent = db.get_one(Customer, head.customer_id), db.get_one(Customer, other.customer_id)
    made = inbox.link(db, child, parent, agent=agent, evidence={})
    assert made is not None
    assert texts(db, other) == ["花子より", "太郎より", "桃より"]
    assert_books(db)
    inbox.unlink(db, made, agent=agent)
    assert (texts(db, head), texts(db, other)) == (["花子より", "太郎より"], ["桃より"])
    assert_books(db)


def test_linking_the_participant_with_the_customer_keeps_one_thread(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box, "会社から", id="q@x", cc=[TARO]))
    comes(db, box, "家から", TARO, answers=("<q@x>",))
    theirs = customers.find(db, "email", "", TARO)
    assert theirs is not None
    made = inbox.link(
        db, db.get_one(Customer, theirs.customer_id), db.get_one(Customer, head.customer_id), evidence={}
    )
    comes(db, box, "また家から", TARO)
    assert texts(db, head) == ["会社から", "家から", "また家から"]
    assert made is not None
    inbox.unlink(db, made)
    assert texts(db, head) == ["会社から", "家から"]
    assert_books(db)


def test_who_got_the_mails_of_an_address_that_is_taken_out_goes_along_and_comes_back(
    db: Session, post: type[Post]
) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box, "花子の家から"))
    office = "office@example.jp"
    mine = comes(db, box, "会社から", office, id="q@x", cc=[TARO])
    first, second = (customers.find(db, "email", "", one) for one in (HANA, office))
    assert first is not None
    assert second is not None
    second.customer_id, mine.conversation_id = first.customer_id, head.id
    db.flush()
    participants.follow(db, [mine])
    comes(db, box, "太郎より", TARO, id="t@x", answers=("<q@x>",))
    comes(db, box, "太郎がもう一度", TARO, answers=("<t@x>",))
    ours = make.reply(db, agent, head, "会社へのお返事")
    ours.identity_id = second.id
    db.flush()
    assert texts(db, head) == ["花子の家から", "会社から", "太郎より", "太郎がもう一度", "会社へのお返事"]

    made = inbox.split(db, agent, second)
    new = db.get_one(Conversation, mine.conversation_id)
    assert texts(db, head) == ["花子の家から"]
    assert texts(db, new) == ["会社から", "太郎より", "太郎がもう一度", "会社へのお返事"]
    assert participants.taking_part(db, [new.id], "email") == {(new.id, TARO)}
    comes(db, box, "太郎から続き", TARO, answers=("<t@x>",))
    assert texts(db, new)[-1] == "太郎から続き"

    inbox.put_back(db, agent, made)
    assert texts(db, again(db, head))[1:] == [
        "会社から",
        "太郎より",
        "太郎がもう一度",
        "会社へのお返事",
        "太郎から続き",
    ]
    assert ours.conversation_id == head.id


# --- one message by two ways -----------------------------------------------------------------------------


def test_one_mail_in_two_mailboxes_is_one_message_with_two_receipts(db: Session, post: type[Post]) -> None:
    shop, support = make.channel(db, "post"), make.channel(db, "post")
    mail = letter("両方へ")
    (first,), (second,) = arrives(db, shop, mail), arrives(db, support, mail)
    assert second == {**first, "new": False, "excluded": "seen before: another mailbox"}
    assert db.scalar(select(func.count(Message.id))) == 1
    assert db.scalar(select(func.count(RawReceipt.id))) == 2
    assert_books(db)


def test_one_mail_in_two_mailboxes_at_once_is_one_message(committed: None, post: type[Post]) -> None:
    letters = {str(n).encode(): letter(str(n), f"p{n}@example.jp", cc=[TARO]) for n in range(6)}
    post.read = staticmethod(lambda request: [letters[request.body]])
    with transaction() as db:
        boxes = [make.channel(db, "post") for _ in range(2)]
        ids = [
            intake.store(db, box, base.Request("MAIL", "", body=body)).id for body in letters for box in boxes
        ]
    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(intake.read_receipt, ids))
    assert {one.state for one in receipts} == {"parsed"}
    with reading() as db:
        assert sorted(db.scalars(select(Message.text))) == sorted(str(n) for n in range(6))
        assert verify.report(db).clean, str(verify.report(db))


def test_kinds_whose_ids_are_their_accounts_own_keep_both(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailing(monkeypatch, same_everywhere=False):
        mail = letter()
        assert arrives(db, make.channel(db, "post"), mail)[0]["new"]
        assert arrives(db, make.channel(db, "post"), mail)[0]["new"]


# --- what we sent with another tool ----------------------------------------------------------------------


def test_an_id_that_a_server_gave_our_mail_is_learned_from_the_answer(db: Session, post: type[Post]) -> None:
    box, agent = make.channel(db, "post"), make.agent(db)
    head = own(db, comes(db, box))
    said = make.reply(db, agent, head, others=(base.Participant(TARO),))
    comes(db, box, "届きました", answers=("<rewritten@relay>",), conversation=str(head.id))
    assert db.get_one(MessageRef, (box.id, "<rewritten@relay>")).message_id == said.id
    assert comes(db, box, "私にも", TARO, answers=("<rewritten@relay>",)).conversation_id == head.id


def test_a_stranger_teaches_us_no_ids(db: Session, post: type[Post]) -> None:
    box = make.channel(db, "post")
    head = own(db, comes(db, box))
    comes(db, box, "転送", MOMO, answers=("<theirs@x>",), conversation=str(head.id))
    assert db.get(MessageRef, (box.id, "<theirs@x>")) is None
