"""The counter: who is found there, what is noted, and by whose card. Cast: 中村 of the shop, 田中 of the office."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import counter, customers, inbox, search, tasks
from app.counter import Note
from app.db import as_of, now
from app.inbox import Refused
from app.models import Agent, Channel, Conversation, Customer, Event, Identity, Message, RawReceipt
from app.models.customer import CLAIMED, SIGNED
from app.queries import NotFound
from tests import factories

SOON = timedelta(hours=3)
WRITTEN = Note("client-0001", asked="傘はありますか", answered="2階にあります")


@pytest.fixture
def store(db: Session) -> Channel:
    return factories.channel(db, "store", name="本店")


@pytest.fixture
def nakamura(db: Session, store: Channel) -> Agent:
    return factories.agent(db, "中村 愛", role="store", store_id=store.id)


@pytest.fixture
def taro(db: Session) -> Conversation:
    return somebody(db, "山田 太郎", "ヤマダ タロウ", phone="+819012345678")


def somebody(db: Session, name: str, kana: str = "", *, phone: str = "") -> Conversation:
    thread = factories.conversation(db)
    customer = factories.customer_of(db, thread)
    customer.name, customer.name_kana = name, kana
    if phone:
        customers.add_identity(db, customer, "phone", "", phone, CLAIMED)
    db.flush()
    search.index_customer(db, customer)
    return thread


def names(found: list[counter.Visitor]) -> list[str]:
    return [one.customer.name for one in found]


# --- who stands there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["%%", "・・・", "😀😀", "' OR 1=1 --"])
def test_what_is_no_name_names_nobody(db: Session, nakamura: Agent, taro: Conversation, typed: str) -> None:
    assert counter.look_up(db, nakamura, typed) == []


@pytest.mark.parametrize("typed", ["山田", "やまだ", "ヤマダ タロウ", "090-1234-5678", "5678"])
def test_somebody_is_found_by_name_reading_or_number(
    typed: str, db: Session, nakamura: Agent, taro: Conversation
) -> None:
    somebody(db, "佐藤 花子", "サトウ ハナコ", phone="+819011112222")
    assert names(counter.look_up(db, nakamura, typed)) == ["山田 太郎"]


@pytest.mark.parametrize("typed", ["山", "56", " ", "　"])
def test_too_little_finds_nobody(typed: str, db: Session, nakamura: Agent) -> None:
    with pytest.raises(Refused, match="two characters"):
        counter.look_up(db, nakamura, typed)


def test_what_is_only_noted_of_somebody_is_nobodys_to_try(
    db: Session, nakamura: Agent, taro: Conversation
) -> None:
    customer = factories.customer_of(db, taro)
    customer.note = "クレーム対応中"
    db.flush()
    search.index_customer(db, customer)
    assert counter.look_up(db, nakamura, "クレーム") == []
    customer.note = "会員 00001234"
    db.flush()
    search.index_customer(db, customer)
    assert counter.look_up(db, nakamura, "00001") == []
    assert counter.look_up(db, nakamura, "0000") == []


def test_a_few_at_the_most_are_shown(db: Session, nakamura: Agent) -> None:
    for n in range(8):
        somebody(db, f"鈴木 {n}郎")
    assert len(counter.look_up(db, nakamura, "鈴木")) == counter.FOUND


def test_a_card_names_its_owner_however_it_is_written(
    db: Session, nakamura: Agent, taro: Conversation
) -> None:
    customers.add_identity(db, factories.customer_of(db, taro), "card", "", "12345678", SIGNED)
    for written in ("1234-5678", "１２３４５６７８", "1234 5678"):
        found = counter.by_card(db, nakamura, written)
        assert found is not None
        assert found.head.id == taro.id
    assert counter.by_card(db, nakamura, "99999999") is None


@pytest.mark.parametrize(
    ("typed", "card"),
    [
        ("2100-0102-3400", True),
        ("９９９９９９", True),
        ("090-1234-5678", False),
        ("5678", False),
        ("山田", False),
    ],
)
def test_a_number_that_is_no_telephones_is_taken_for_a_cards(typed: str, card: bool) -> None:
    assert counter.is_card(typed) is card


def test_a_card_is_opened_only_by_what_its_viewer_was_given(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    (found,) = counter.look_up(db, nakamura, "山田")
    assert counter.opened(db, nakamura, found.token).id == taro.id
    other = factories.agent(db, "別の店員", role="store", store_id=store.id)
    for viewer, token in (
        (other, found.token),
        (nakamura, f"{taro.id}-abc"),
        (nakamura, ""),
        (nakamura, "x-y"),
    ):
        with pytest.raises(NotFound):
            counter.opened(db, viewer, token)


def test_the_office_finds_at_the_counter_only_whom_it_may_see(db: Session, taro: Conversation) -> None:
    tanaka, sato = factories.agent(db, "田中"), factories.agent(db, "佐藤")
    inbox.assign(db, tanaka, taro, None, factories.team(db, tanaka), keep_team=False)
    assert names(counter.look_up(db, tanaka, "山田")) == ["山田 太郎"]
    assert counter.look_up(db, sato, "山田") == []


def test_the_card_tells_what_one_has_to_know_and_keeps_that_it_was_opened(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    tasks.add(db, taro, "取り置き", now() + SOON, nakamura, store=store)
    counter.note(db, nakamura, store, taro, WRITTEN)
    (found,) = counter.look_up(db, nakamura, "山田")
    card = counter.open_card(db, nakamura, found.token)
    assert card.last_visit is not None
    assert [one.text for one in card.promises] == ["取り置き"]
    assert len(card.matters) == 1
    assert card.who.numbers == ["…5678"]
    kept = db.scalars(select(Event).where(Event.kind == "audit.looked_up")).one()
    assert (kept.agent_id, kept.data) == (nakamura.id, {"noun_id": taro.customer_id})


# --- what was said ------------------------------------------------------------------------------------


def test_a_visit_stands_in_the_thread_once_and_asks_nothing_where_all_was_answered(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    before = taro.inbound_count
    first = counter.note(db, nakamura, store, taro, WRITTEN)
    again = counter.note(db, nakamura, store, taro, WRITTEN)
    assert (first.new, again.new, again.message.id) == (True, False, first.message.id)
    said = first.message
    assert (said.kind, said.conversation_id, said.agent_id) == ("store", taro.id, nakamura.id)
    assert said.context["visit"] == {
        "asked": "傘はありますか", "answered": "2階にあります", "promised": "", "staff": "中村 愛"
    }  # fmt: skip
    assert (taro.inbound_count, said.quiet) == (before, True)
    receipt = db.scalars(select(RawReceipt).order_by(RawReceipt.id)).all()[-1]
    assert receipt.state == "parsed"
    assert [one.id for one, _ in counter.own_notes(db, nakamura)] == [said.id]


def test_a_question_left_open_waits_in_the_inbox(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    inbox.resolve(db, None, taro)
    counter.note(db, nakamura, store, taro, replace(WRITTEN, answered=""))
    assert (taro.status, taro.owner) == ("open", "human")
    assert taro.waiting_since is not None


def test_two_visitors_without_a_name_have_threads_of_their_own(
    db: Session, store: Channel, nakamura: Agent
) -> None:
    one = counter.note(db, nakamura, store, None, WRITTEN)
    other = counter.note(db, nakamura, store, None, replace(WRITTEN, client_id="client-0002"))
    assert one.head.id != other.head.id
    moved = inbox.merge(
        db, factories.supervisor(db), *(db.get_one(Customer, x.head.customer_id) for x in (other, one))
    )
    assert moved.active


@pytest.mark.parametrize(("read", "proof"), [(True, SIGNED), (False, CLAIMED)])
def test_a_card_that_was_read_proves_its_owner_and_one_that_was_typed_claims_it(
    read: bool, proof: int, db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    counter.note(db, nakamura, store, taro, replace(WRITTEN, card="1234-5678", card_read=read))
    card = db.scalars(select(Identity).filter_by(kind="card")).one()
    assert (card.customer_id, card.address, card.proof) == (taro.customer_id, "12345678", proof)


def test_a_new_customer_begins_with_the_card(db: Session, store: Channel, nakamura: Agent) -> None:
    made = counter.note(
        db, nakamura, store, None, replace(WRITTEN, card="777 888", card_read=True, name="高橋 実")
    )
    card = db.scalars(select(Identity).filter_by(kind="card")).one()
    assert (card.customer_id, card.proof) == (made.head.customer_id, SIGNED)
    assert db.get_one(Customer, card.customer_id).name == "高橋 実"
    found = counter.by_card(db, nakamura, "777888")
    assert found is not None
    assert found.head.id == made.head.id


def test_anothers_card_is_put_to_nobody_else(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    hanako = somebody(db, "佐藤 花子")
    customers.add_identity(db, factories.customer_of(db, hanako), "card", "", "12345678", SIGNED)
    made = counter.note(db, nakamura, store, taro, replace(WRITTEN, card="12345678", card_read=True))
    assert made.others_card
    assert made.message.conversation_id == taro.id
    card = db.scalars(select(Identity).filter_by(kind="card")).one()
    assert card.customer_id == hanako.customer_id


def test_a_card_of_another_record_of_the_same_person_is_theirs(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    member = somebody(db, "山田 太郎")
    card = customers.add_identity(db, factories.customer_of(db, member), "card", "", "12345678", CLAIMED)
    assert card is not None
    inbox.link(db, factories.customer_of(db, member), factories.customer_of(db, taro), evidence={})
    made = counter.note(db, nakamura, store, taro, replace(WRITTEN, card="12345678", card_read=True))
    assert not made.others_card
    assert (card.customer_id, card.proof) == (member.customer_id, SIGNED)


def test_what_was_noted_follows_a_merge_and_comes_back_with_its_undoing(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    hanako = somebody(db, "山田 花子")
    made = inbox.link(db, factories.customer_of(db, hanako), factories.customer_of(db, taro), evidence={})
    assert made is not None
    (found,) = counter.look_up(db, nakamura, "花子")
    assert found.head.id == taro.id
    said = counter.note(db, nakamura, store, counter.opened(db, nakamura, found.token), WRITTEN)
    inbox.unlink(db, made)
    assert said.message.conversation_id == taro.id


def test_a_promise_of_the_store_is_its_work_and_one_of_the_office_is_told_by_it(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    promise = replace(WRITTEN, promised="明日まで取り置き", due_at=now() + SOON)
    ours = counter.note(db, nakamura, store, taro, promise).task
    assert ours is not None
    assert (ours.kind, ours.store_id, ours.assignee_id) == ("promise", store.id, None)
    assert ours.message_id is not None
    told = replace(promise, client_id="client-0002", kind="tell", words="入荷しました",
                   channel=db.get_one(Channel, taro.last_channel_id or 0))  # fmt: skip
    theirs = counter.note(db, nakamura, store, taro, told).task
    assert theirs is not None
    assert (theirs.kind, theirs.store_id, theirs.words) == ("tell", None, "入荷しました")
    tanaka = factories.agent(db, "田中")
    assert [one.id for one in tasks.find(db, tanaka, "teams").rows] == [theirs.id]
    assert [one.id for one in tasks.find(db, nakamura, "mine").rows] == [ours.id]
    again = counter.note(db, nakamura, store, taro, told)
    assert (again.new, again.task) == (False, None)


def test_a_promise_that_fell_due_while_the_note_waited_on_the_phone_is_due_now(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    then = now() - SOON
    kept = replace(WRITTEN, promised="取り置き", at=then, due_at=then + timedelta(hours=1))
    late = counter.note(db, nakamura, store, taro, kept).task
    assert late is not None
    assert now() - timedelta(minutes=1) < late.due_at <= now()
    with pytest.raises(Refused, match="in the future"):
        counter.note(db, nakamura, store, taro, replace(kept, client_id="client-0002", due_at=then - SOON))
    long_ago = now() - timedelta(days=9)  # longer than a phone is believed
    kept = replace(kept, client_id="client-0003", at=long_ago, due_at=long_ago + SOON)
    later = counter.note(db, nakamura, store, taro, kept).task
    assert later is not None
    assert now() - timedelta(minutes=1) < later.due_at <= now()


def test_numbers_of_payment_cards_are_kept_nowhere(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    number = "4111 1111 1111 1111"
    made = counter.note(
        db, nakamura, store, taro,
        replace(WRITTEN, answered=f"{number} で返金", promised=f"{number} に戻す", due_at=now() + SOON),
    )  # fmt: skip
    assert made.masked == 2
    assert made.message.context["visit"]["masked"] == 2
    assert made.task is not None
    kept = [made.message.text, str(made.message.context), made.task.text]
    kept += [one.body.decode() for one in db.scalars(select(RawReceipt))]
    kept += [str(one.data) for one in db.scalars(select(Event))]
    kept += [str(one.context) for one in db.scalars(select(Message))]
    assert not [text for text in kept if "4111 1111" in text]
    assert "•••• 1111" in made.message.text


def test_a_note_of_ours_keeps_none_either(db: Session, taro: Conversation) -> None:
    made = inbox.note(db, factories.agent(db), taro, "4111-1111-1111-1111 を確認", "client-0009")
    assert made.text == "•••• 1111 を確認"
    assert "payment card" in made.context["notice"]


@pytest.mark.parametrize("wrong", [{"asked": " ", "answered": ""}, {"card": "!!!"}])
def test_what_says_nothing_is_refused(
    wrong: dict[str, Any], db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    with pytest.raises(Refused):
        counter.note(db, nakamura, store, taro, replace(WRITTEN, **wrong))


def test_what_was_kept_on_the_phone_stands_at_the_time_it_was_written(
    db: Session, store: Channel, nakamura: Agent, taro: Conversation
) -> None:
    earlier, unlikely = now() - timedelta(minutes=40), now() + timedelta(days=2)
    one = counter.note(db, nakamura, store, taro, replace(WRITTEN, at=earlier))
    assert one.message.sent_at == earlier
    other = counter.note(db, nakamura, store, taro, replace(WRITTEN, client_id="client-0002", at=unlikely))
    assert other.message.sent_at < unlikely


# --- stores -------------------------------------------------------------------------------------------


def test_staff_stand_in_their_own_store_and_nowhere_else(
    db: Session, store: Channel, nakamura: Agent
) -> None:
    other = factories.channel(db, "store", name="駅前店")
    assert counter.store_for(db, nakamura, other.id) == store
    office = factories.agent(db)
    assert counter.store_for(db, office, other.id) == other
    store.enabled = False
    db.flush()
    assert counter.store_for(db, nakamura) is None


def test_a_store_has_hours_of_its_own(db: Session, store: Channel) -> None:
    store.settings = {"tue": "10:00-19:00", "holidays": "休み"}
    with as_of(datetime(2026, 11, 24, 3, tzinfo=UTC)):  # Tuesday, noon in Tokyo
        assert counter.sign_of(db, store).open
        assert [which for which, _ in counter.usual_times(db, store)] == [
            "hour",
            "closing",
            "business",
            "week",
        ]
    with as_of(datetime(2026, 11, 25, 3, tzinfo=UTC)):
        sign = counter.sign_of(db, store)
        assert (sign.open, sign.until is not None and sign.until.day) == (False, 1)  # the next Tuesday
    store.settings = {"tue": "10:00-19:00", "fri": "18:00-26:00", "sun": "nobody knows"}
    with as_of(datetime(2026, 11, 27, 16, tzinfo=UTC)):  # Saturday, one in the night in Tokyo
        assert counter.sign_of(db, store).until == datetime(2026, 11, 27, 17, tzinfo=UTC)
    with as_of(datetime(2026, 11, 25, 3, tzinfo=UTC)):
        assert not counter.sign_of(db, store).open  # one day that cannot be read is not seven
