"""An address is split off, a message moved to its right owner; each is put back, in whichever order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, people, search
from app.inbox import Refused
from app.models import (
    Case,
    Conversation,
    CustomerLink,
    Delivery,
    Event,
    Message,
)
from tests import factories as make
from tests.inbox.conftest import Shop
from tests.letters import assert_books


def counts(shop: Shop, *heads: Conversation) -> list[tuple[int, str]]:
    fresh = [shop.db.get_one(Conversation, one.id) for one in heads]
    return [(one.inbound_count, one.status) for one in fresh]


def test_an_address_is_taken_out_with_what_was_said_by_it_and_what_comes_next(
    db: Session, shop: Shop
) -> None:
    made = inbox.split(db, shop.agent, shop.identity("a2"), reason="ご主人の番号")
    new = shop.of("a2")
    shop.says("a2", "続きです")
    assert (shop.thread(shop.one), shop.thread(new)) == (["花子です"], ["夫の携帯から", "続きです"])
    assert counts(shop, shop.one, new) == [(1, "open"), (2, "open")]
    assert (made.from_id, made.to_id) == (shop.one.customer_id, new.customer_id)
    assert_books(db)


def test_put_back_everything_is_where_it_would_be_what_came_since_included(db: Session, shop: Shop) -> None:
    cases = list(db.scalars(select(Case.number).order_by(Case.id)))
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    shop.says("a2", "続きです")
    inbox.note(db, shop.agent, shop.of("a2"), "電話した", "n1")
    for _ in range(2):
        inbox.put_back(db, shop.agent, made)
    assert shop.thread(shop.one) == ["花子です", "夫の携帯から", "続きです", "電話した"]
    assert counts(shop, shop.one) == [(3, "open")]
    assert shop.of("a2").id == shop.one.id
    assert list(db.scalars(select(Case.number).order_by(Case.id))) == cases
    assert_books(db)


def test_the_only_address_of_a_record_is_not_taken_out(db: Session, shop: Shop) -> None:
    with pytest.raises(Refused, match="only address"):
        inbox.split(db, shop.agent, shop.identity("b"))


def test_a_case_that_was_all_theirs_goes_along_and_comes_back_with_its_number(
    db: Session, shop: Shop
) -> None:
    inbox.resolve(db, shop.agent, shop.one)
    for case in db.scalars(select(Case)):
        case.resolved_at = case.resolved_at and case.resolved_at - timedelta(days=9)
    said = shop.says("a2", "新しい件")
    number = db.get_one(Case, said.case_id or 0).number
    inbox.escalate(db, shop.one, "refund", "高額", agent=shop.agent)
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    new = shop.of("a2")
    assert (shop.one.status, shop.one.escalated, new.status, new.escalated) == (
        "resolved",
        False,
        "open",
        True,
    )
    assert db.get_one(Case, said.case_id or 0).number == number
    inbox.put_back(db, shop.agent, made)
    assert (shop.one.status, shop.one.escalated) == ("open", True)
    assert db.get_one(Case, said.case_id or 0).conversation_id == shop.one.id
    assert_books(db)


def test_a_message_goes_to_its_right_owner_and_is_found_there_and_comes_back(db: Session, shop: Shop) -> None:
    message = shop.says("a", "紺のコートの件です")
    made = inbox.move(db, shop.agent, message, shop.customer(shop.other), reason="鈴木様の件")
    assert (shop.thread(shop.one), shop.thread(shop.other)) == (
        ["花子です", "夫の携帯から"],
        ["次郎です", "紺のコートの件です"],
    )
    assert counts(shop, shop.one, shop.other) == [(2, "open"), (2, "open")]
    found = search.search(db, shop.agent, "紺のコート").hits
    assert [one.conversation_id for one in found] == [shop.other.id]
    assert message.identity_id == shop.identity("a").id  # who said it stays known
    assert_books(db)
    inbox.put_back(db, shop.agent, made)
    assert shop.thread(shop.one)[-1] == "紺のコートの件です"
    assert counts(shop, shop.one, shop.other) == [(3, "open"), (1, "open")]
    cases = select(Message.case_id).where(Message.text.in_(("花子です", "紺のコートの件です")))
    assert len(set(db.scalars(cases))) == 1
    assert_books(db)


def test_a_thread_that_a_message_brings_back_to_life_is_nobodys_where_its_agent_left(
    db: Session, shop: Shop
) -> None:
    left, message = make.agent(db), shop.says("a", "紺のコートの件です")
    inbox.take_over(db, left, shop.other)
    inbox.resolve(db, left, shop.other)
    people.deactivate(db, make.agent(db, role="admin"), left)
    inbox.move(db, shop.agent, message, shop.customer(shop.other))
    assert (shop.other.status, shop.other.owner, shop.other.assignee_id) == ("open", "human", None)


def test_a_note_moves_too_and_a_line_of_the_system_does_not(db: Session, shop: Shop) -> None:
    note = inbox.note(db, shop.agent, shop.one, "次郎様からお電話", "n1")
    inbox.move(db, shop.agent, note, shop.customer(shop.other))
    assert shop.thread(shop.other)[-1] == "次郎様からお電話"
    line = db.scalars(select(Message).filter_by(kind="system")).first()
    assert line is not None
    with pytest.raises(Refused, match="cannot be moved"):
        inbox.move(db, shop.agent, line, shop.customer(shop.one))


def test_where_it_stands_already_or_while_it_is_sent_it_is_not_moved(db: Session, shop: Shop) -> None:
    message = shop.says("a", "どうも")
    with pytest.raises(Refused, match="already"):
        inbox.move(db, shop.agent, message, shop.customer(shop.one))
    answer = make.reply(db, shop.agent, shop.one)
    db.scalars(select(Delivery).filter_by(message_id=answer.id)).one().state = "sending"
    db.flush()
    with pytest.raises(Refused, match="just being sent"):
        inbox.move(db, shop.agent, answer, shop.customer(shop.other))


def test_a_moved_message_whose_sender_is_split_off_meanwhile_goes_back_to_the_sender(
    db: Session, shop: Shop
) -> None:
    message = shop.says("a2", "これは次郎様の件")
    moved = inbox.move(db, shop.agent, message, shop.customer(shop.other))
    inbox.split(db, shop.agent, shop.identity("a2"))
    assert "これは次郎様の件" in shop.thread(shop.other)
    inbox.put_back(db, shop.agent, moved)
    assert shop.thread(shop.of("a2")) == ["夫の携帯から", "これは次郎様の件"]


def test_who_was_split_off_and_joined_another_goes_back_alone(db: Session, shop: Shop) -> None:
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    link = inbox.merge(db, shop.agent, shop.customer(shop.of("a2")), shop.customer(shop.other))
    inbox.put_back(db, shop.agent, made)
    assert shop.thread(shop.one) == ["花子です", "夫の携帯から"]
    assert shop.thread(shop.other) == ["次郎です"]
    inbox.unmerge(db, shop.agent, link)
    held = db.scalars(select(CustomerLink).where(CustomerLink.undone_at.is_(None))).one()
    assert (held.child_id, held.parent_id) == (
        made.to_id,
        made.from_id,
    )  # what is left of it is shown with its origin
    with pytest.raises(Refused, match="separate the address"):
        inbox.unmerge(db, shop.agent, held)


def test_links_are_undone_in_any_order_as_if_each_had_never_been(db: Session) -> None:
    channel, agent = make.channel(db), make.agent(db)
    a, b, c = (make.conversation(db, channel, who, who) for who in "abc")
    first = inbox.merge(db, agent, make.customer_of(db, a), make.customer_of(db, b))
    inbox.merge(db, agent, make.customer_of(db, c), make.customer_of(db, a))  # said of a, shown with b
    inbox.unmerge(db, agent, first)
    for one in (a, b, c):
        db.refresh(one)
    assert a.head_id == c.head_id == a.id
    assert b.head_id == b.id


def test_what_was_done_is_told_in_both_threads_with_its_reason(db: Session, shop: Shop) -> None:
    made = inbox.move(db, shop.agent, shop.says("a", "x"), shop.customer(shop.other), reason="鈴木様の件")
    told = db.scalars(select(Event).where(Event.kind == "message.moved").order_by(Event.id)).all()
    assert {one.conversation_id for one in told} == {shop.one.id, shop.other.id}
    assert {(one.data["relocation"], one.data["evidence"]["reason"]) for one in told} == {
        (made.id, "鈴木様の件")
    }
    lines = {
        m.context["what"]: m.context["conversation"]
        for m in db.scalars(select(Message).filter_by(kind="system"))
    }
    assert lines == {"moved": shop.other.id, "moved_here": shop.one.id}


def test_what_a_person_brought_is_for_people(db: Session, shop: Shop) -> None:
    shop.other.owner = "bot"
    inbox.move(db, shop.agent, shop.says("a", "次郎の件"), shop.customer(shop.other))
    assert shop.other.owner == "human"


def test_an_undo_of_something_undone_long_ago_changes_nothing(db: Session, shop: Shop) -> None:
    made = inbox.split(db, shop.agent, shop.identity("a2"))
    inbox.put_back(db, shop.agent, made)
    at = made.undone_at
    inbox.put_back(db, shop.agent, made)
    assert made.undone_at == at
