"""Where a mail belongs: with its sender, unless they take part in somebody else's conversation."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import customers, deliver, inbox, intake, queries, verify
from app.db import now, reading, transaction
from app.inbox import participants
from app.models import (
    Agent,
    Case,
    Channel,
    Conversation,
    Customer,
    Delivery,
    DeliveryRef,
    Identity,
    Message,
    MessageRef,
    MessageSource,
    RawReceipt,
)
from app.models.customer import CLAIMED, CODE
from channels import base
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, MOMO, TARO, arrives, assert_books, comes, letter, own
from tests.letters import mail as mailing

HOUR = timedelta(hours=1)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


def lines(db: Session, head: Conversation, what: str = "stranger") -> list[Message]:
    found = select(Message).where(Message.conversation_id == head.id, Message.kind == "system")
    return [one for one in db.scalars(found) if one.context["what"] == what]


def texts(db: Session, head: Conversation) -> list[str]:
    return [one.text for one in queries.thread_page(db, head).messages if one.kind != "system"]


def sent(db: Session, message: Message, id: str) -> None:
    """The message went out under this Message-ID."""
    delivery = db.scalars(select(Delivery).filter_by(message_id=message.id)).one()
    delivery.state = "sent"
    db.add(DeliveryRef(channel_id=delivery.channel_id, external_id=id, delivery_id=delivery.id))
    db.flush()


def again(db: Session, head: Conversation) -> Conversation:
    """As it is now: recounting the books lets go of what was read."""
    return db.get_one(Conversation, head.id, populate_existing=True)


# --- other people ----------------------------------------------------------------------------------------


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


def refused_of(db: Session) -> dict[str, str]:
    found = select(MessageSource).join(Message, Message.id == MessageSource.message_id)
    return db.scalars(found.where(Message.kind == "outbound")).one().refused


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
