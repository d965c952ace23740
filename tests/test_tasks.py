"""Tasks: added, changed, finished, called once when they are due, seen by those they concern, and following merges.

Cast: 田中 who promises, 佐藤 of another team who must see nothing, 小林 who oversees.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import hours, inbox, tasks
from app.db import as_of, now, reading, transaction
from app.inbox import Refused
from app.models import Agent, Conversation, Customer, Draft, Event, Message, Task, Team
from app.queries import NotFound
from app.tasks import Change, Doer, Telling
from tests import factories

SOON = timedelta(hours=1)
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def tanaka(db: Session) -> Agent:
    return factories.agent(db, "田中 翔")


@pytest.fixture
def thread(db: Session) -> Conversation:
    return factories.conversation(db, text="入荷したら教えてください")


def lines(db: Session, thread: Conversation) -> list[str]:
    said = select(Message).filter_by(conversation_id=thread.id, kind="system").order_by(Message.id)
    return [str(one.context["what"]) for one in db.scalars(said)]


def kinds(db: Session, thread: Conversation) -> list[str]:
    found = select(Event.kind).where(Event.conversation_id == thread.id, Event.kind.startswith("task."))
    return list(db.scalars(found.order_by(Event.id)))


# --- what happens to one ------------------------------------------------------------------------------


def test_one_that_names_nobody_is_the_work_of_who_made_it(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    made = tasks.add(db, thread, " 折り返す \n", now() + SOON, tanaka, kind="call")
    assert (made.text, made.assignee_id, made.created_by, made.kind) == (
        "折り返す",
        tanaka.id,
        tanaka.id,
        "call",
    )
    assert made.conversation_id == thread.id
    assert lines(db, thread) == ["task_added"]
    assert kinds(db, thread) == ["task.added"]


def test_it_is_finished_once_and_can_be_opened_again(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    made = tasks.add(db, thread, "折り返す", now() + SOON, tanaka)
    assert tasks.finish(db, tanaka, made)
    assert not tasks.finish(db, tanaka, made)
    assert (made.done_by, made.done_at is not None) == (tanaka.id, True)
    assert tasks.reopen(db, tanaka, made)
    assert not tasks.reopen(db, tanaka, made)
    assert made.done_at is None
    assert lines(db, thread) == ["task_added", "task_finished", "task_reopened"]
    assert kinds(db, thread) == ["task.added", "task.finished", "task.reopened"]


def test_another_time_is_told_anew(db: Session, tanaka: Agent, thread: Conversation) -> None:
    made = tasks.add(db, thread, "折り返す", now() + SOON, tanaka)
    made.told_at = now()
    db.flush()
    tasks.change(db, tanaka, made, Change(text="必ず折り返す"))
    assert made.told_at is not None
    tasks.change(db, tanaka, made, Change(due_at=now() + 2 * SOON))
    row = db.execute(select(Task.text, Task.told_at).where(Task.id == made.id)).one()
    assert tuple(row) == ("必ず折り返す", None)
    tasks.change(db, tanaka, made, Change())
    assert kinds(db, thread) == ["task.added", "task.changed", "task.changed"]


def test_the_same_minute_is_no_other_time(db: Session, tanaka: Agent, thread: Conversation) -> None:
    at = now().replace(second=0, microsecond=0) - SOON
    made = tasks.add(db, thread, "折り返す", now() + SOON, tanaka)
    made.due_at = due = at + timedelta(seconds=15, microseconds=123)
    made.told_at = told = now()
    db.flush()
    tasks.change(db, tanaka, made, Change(text="必ず折り返す", due_at=at))
    row = db.execute(select(Task.text, Task.due_at, Task.told_at).where(Task.id == made.id)).one()
    assert tuple(row) == ("必ず折り返す", due, told)
    with pytest.raises(Refused, match="in the future"):
        tasks.change(db, tanaka, made, Change(due_at=at - timedelta(minutes=1)))


def test_what_is_done_is_changed_no_more(db: Session, tanaka: Agent, thread: Conversation) -> None:
    made = tasks.add(db, thread, "折り返す", now() + SOON, tanaka)
    tasks.finish(db, tanaka, made)
    with pytest.raises(Refused, match="done already"):
        tasks.change(db, tanaka, made, Change(text="やはり"))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"text": "  "}, "what is to be done"),
        ({"kind": "something"}, "kind of task"),
        ({"due_at": datetime(2020, 1, 1, tzinfo=UTC)}, "in the future"),
        ({"due_at": datetime(9999, 12, 31, tzinfo=UTC)}, "in the future"),
    ],
)
def test_what_makes_no_sense_is_refused(
    wrong: dict[str, object], why: str, db: Session, tanaka: Agent, thread: Conversation
) -> None:
    usual: dict[str, object] = {"text": "折り返す", "due_at": now() + SOON, "kind": "call"} | wrong
    with pytest.raises(Refused, match=why):
        tasks.add(db, thread, by=tanaka, **usual)  # type: ignore[arg-type]


def test_nobody_who_left_is_given_work(db: Session, tanaka: Agent, thread: Conversation) -> None:
    gone = factories.agent(db, "退職 者", active=False)
    with pytest.raises(Refused, match="does not work here"):
        tasks.add(db, thread, "折り返す", now() + SOON, tanaka, gone)


# --- telling the customer -----------------------------------------------------------------------------


def test_told_by_the_channel_it_names_it_is_done(db: Session, tanaka: Agent) -> None:
    chat, mail = factories.channel(db), factories.channel(db)
    thread = factories.conversation(db, chat)
    other = factories.conversation(db, mail)
    inbox.link(db, factories.customer_of(db, other), factories.customer_of(db, thread), evidence={})
    made = tasks.add(
        db, thread, "入荷の連絡", now() + SOON, tanaka, kind="tell", telling=Telling("入荷しました。", mail)
    )
    said = tasks.tell(db, tanaka, made, "入荷しました。")
    assert (said.kind, said.channel_id, said.text) == ("outbound", mail.id, "入荷しました。")
    assert made.done_by == tanaka.id
    with pytest.raises(Refused, match="done already"):
        tasks.tell(db, tanaka, made, "入荷しました。")


def test_opened_again_it_is_told_again(db: Session, tanaka: Agent, thread: Conversation) -> None:
    made = tasks.add(db, thread, "入荷の連絡", now() + SOON, tanaka, kind="tell")
    first = tasks.tell(db, tanaka, made, "入荷しました。")
    tasks.reopen(db, tanaka, made)
    second = tasks.tell(db, tanaka, made, "先ほどは誤りで、明日の入荷です。")
    assert first.id != second.id
    assert second.text == "先ほどは誤りで、明日の入荷です。"
    assert made.done_at is not None


def test_who_cannot_be_reached_leaves_it_open(db: Session, tanaka: Agent, thread: Conversation) -> None:
    elsewhere = factories.channel(db)
    made = tasks.add(
        db, thread, "連絡", now() + SOON, tanaka, kind="tell", telling=Telling("入荷しました。", elsewhere)
    )
    with pytest.raises(Refused, match="cannot be reached"):
        tasks.tell(db, tanaka, made, "入荷しました。")
    assert made.done_at is None


def test_its_words_go_behind_what_is_written_already(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    made = tasks.add(db, thread, "連絡", now() + SOON, tanaka, kind="tell", telling=Telling("入荷しました。"))
    inbox.save_draft(db, tanaka, thread, "お待たせしました。", kind="outbound", channel_id=None, version=0)
    for _ in range(2):
        tasks.prepare(db, tanaka, made)
    draft = db.get_one(Draft, (tanaka.id, thread.id))
    assert draft.text == "お待たせしました。\n入荷しました。"
    assert made.done_at is None


def test_what_a_colleague_has_told_already_goes_into_no_draft(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    made = tasks.add(db, thread, "連絡", now() + SOON, tanaka, kind="tell", telling=Telling("入荷しました。"))
    tasks.tell(db, factories.agent(db), made, "入荷しました。")
    with pytest.raises(Refused, match="done already"):
        tasks.prepare(db, tanaka, made, "本日入荷しました。")
    assert made.words == "入荷しました。"
    assert db.get(Draft, (tanaka.id, thread.id)) is None


def test_its_words_do_not_go_behind_a_note_which_would_then_be_a_reply(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    made = tasks.add(db, thread, "連絡", now() + SOON, tanaka, kind="tell", telling=Telling("入荷しました。"))
    inbox.save_draft(db, tanaka, thread, "返金はもうしない。", kind="note", channel_id=None, version=0)
    with pytest.raises(Refused, match="not added yet"):
        tasks.prepare(db, tanaka, made)
    draft = db.get_one(Draft, (tanaka.id, thread.id))
    assert (draft.kind, draft.text) == ("note", "返金はもうしない。")
    inbox.save_draft(db, tanaka, thread, "", kind="note", channel_id=None, version=draft.version)
    tasks.prepare(db, tanaka, made)
    assert (draft.kind, draft.text) == ("outbound", "入荷しました。")


@pytest.mark.parametrize("kind", ["note", "outbound"])
def test_told_from_elsewhere_it_leaves_what_stands_in_the_composer(
    db: Session, tanaka: Agent, thread: Conversation, kind: str
) -> None:
    made = tasks.add(db, thread, "連絡", now() + SOON, tanaka, kind="tell", telling=Telling("入荷しました。"))
    begun = inbox.save_draft(db, tanaka, thread, "書きかけ", kind=kind, channel_id=None, version=0)
    tasks.tell(db, tanaka, made, "入荷しました。")
    db.expire_all()
    assert db.get_one(Draft, (tanaka.id, thread.id)).text == "書きかけ"
    inbox.save_draft(db, tanaka, thread, "出荷しました。", kind=kind, channel_id=None, version=begun.version)
    tasks.reopen(db, tanaka, made)
    tasks.tell(db, tanaka, made, "出荷しました。")
    db.expire_all()
    assert db.get(Draft, (tanaka.id, thread.id)) is None


# --- whose fate it shares -----------------------------------------------------------------------------


def test_it_stands_in_the_thread_of_both_while_they_are_one(db: Session, tanaka: Agent) -> None:
    one, other = factories.conversation(db), factories.conversation(db)
    mine = tasks.add(db, one, "こちら", now() + SOON, tanaka)
    made = inbox.link(db, factories.customer_of(db, one), factories.customer_of(db, other), evidence={})
    assert made is not None
    assert [task.id for task in tasks.of_thread(db, other)] == [mine.id]
    inbox.unlink(db, made)
    assert tasks.of_thread(db, other) == []
    assert [task.id for task in tasks.of_thread(db, one)] == [mine.id]


def test_one_that_came_from_a_message_goes_where_that_is_moved_and_comes_back(
    db: Session, tanaka: Agent
) -> None:
    chat = factories.channel(db)
    said = factories.customer_says(db, chat, "電話をください")
    here, there = factories.thread_of(db, said), factories.conversation(db)
    made = tasks.add(db, here, "折り返す", now() + SOON, tanaka, message=said)
    moved = inbox.move(db, tanaka, said, db.get_one(Customer, there.customer_id))
    assert [task.id for task in tasks.of_thread(db, there)] == [made.id]
    inbox.put_back(db, tanaka, moved)
    assert tasks.of_thread(db, there) == []
    assert [task.id for task in tasks.of_thread(db, here)] == [made.id]


def test_open_ones_stand_first_and_only_the_last_few_that_are_done(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    made = [tasks.add(db, thread, f"{n}番", now() + (10 - n) * SOON, tanaka) for n in range(6)]
    for one in made[:4]:
        tasks.finish(db, tanaka, one)
    assert [task.text for task in tasks.of_thread(db, thread)] == ["5番", "4番", "3番", "2番", "1番"]


# --- who sees it --------------------------------------------------------------------------------------


def test_an_outsider_sees_none_of_it(db: Session, tanaka: Agent) -> None:
    sato, team = factories.agent(db, "佐藤 葵"), factories.team(db, tanaka)
    thread = factories.conversation(db)
    inbox.assign(db, tanaka, thread, None, team, keep_team=False)
    made = tasks.add(db, thread, "折り返す", now() + SOON, tanaka)
    assert all(tasks.find(db, sato, view).rows == [] for view in tasks.VIEWS)
    with pytest.raises(NotFound):
        tasks.task_for(db, sato, made.id)
    assert [one.id for one in tasks.find(db, tanaka, "all").rows] == [made.id]


def test_who_is_given_the_work_sees_it_even_where_the_thread_is_closed_to_them(
    db: Session, tanaka: Agent
) -> None:
    sato, team = factories.agent(db, "佐藤 葵"), factories.team(db, tanaka)
    thread = factories.conversation(db)
    inbox.assign(db, tanaka, thread, None, team, keep_team=False)
    made = tasks.add(db, thread, "倉庫に聞く", now() + SOON, tanaka, sato)
    assert tasks.task_for(db, sato, made.id) is made
    assert [one.id for one in tasks.find(db, sato, "mine").rows] == [made.id]
    made.assignee_id = None
    made.team_id = factories.team(db, sato).id
    db.flush()
    assert [one.id for one in tasks.find(db, sato, "teams").rows] == [made.id]
    assert [one.id for one in tasks.find(db, sato, "all").rows] == [made.id]


def test_shop_staff_see_the_work_of_their_store_and_no_other(db: Session, tanaka: Agent) -> None:
    ours, theirs = factories.channel(db), factories.channel(db)
    clerk = factories.agent(db, "店員", role="store", store_id=ours.id)
    thread = factories.conversation(db)
    mine = tasks.add(db, thread, "取り置きの用意", now() + SOON, tanaka, store=ours)
    for other in (theirs, None):
        tasks.add(db, thread, "よその仕事", now() + SOON, tanaka, store=other)
    assert [one.id for one in tasks.find(db, clerk, "mine").rows] == [mine.id]
    assert [one.id for one in tasks.find(db, clerk, "all").rows] == [mine.id]
    assert tasks.find(db, clerk, "teams").rows == []
    with pytest.raises(NotFound):
        tasks.task_for(db, clerk, mine.id + 1)


def test_a_list_is_walked_page_by_page_in_the_order_it_is_due(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    for n in (3, 1, 2, 5, 4):
        tasks.add(db, thread, f"{n}番", now() + n * SOON, tanaka)
    seen, after = [], None
    for _ in range(3):
        shown = tasks.find(db, tanaka, "mine", after, 2)
        seen += [one.text for one in shown.rows]
        after = shown.after
    assert (seen, after) == (["1番", "2番", "3番", "4番", "5番"], None)
    with pytest.raises(tasks.BadCursor):
        tasks.find(db, tanaka, "mine", "nonsense")
    with pytest.raises(NotFound):
        tasks.find(db, tanaka, "everything")


def test_what_is_due_by_now_is_counted_for_oneself_and_ones_teams(
    db: Session, tanaka: Agent, thread: Conversation
) -> None:
    team = factories.team(db, tanaka)
    due = tasks.add(db, thread, "今", now() - timedelta(minutes=1), tanaka)
    tasks.add(db, thread, "あとで", now() + SOON, tanaka)
    tasks.add(db, thread, "チームで", now() - timedelta(minutes=1), None, team=team)
    tasks.add(db, thread, "よそ", now() - timedelta(minutes=1), None, factories.agent(db))
    assert tasks.due_count(db, tanaka) == 2
    tasks.finish(db, tanaka, due)
    assert tasks.due_count(db, tanaka) == 1


# --- when it is due -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_its_time_is_told_exactly_once_however_often_one_looks() -> None:
    with transaction() as db:
        tanaka = factories.agent(db)
        thread = factories.conversation(db)
        made = tasks.add(db, thread, "折り返す", now() + SOON, tanaka)
        tasks.add(db, thread, "まだ先", now() + 3 * SOON, tanaka)
        done = tasks.add(db, thread, "済んだ", now() + SOON, tanaka)
        tasks.finish(db, tanaka, done)
    assert tasks.call_due() == 0
    with as_of(now() + 2 * SOON):
        assert [tasks.call_due() for _ in range(3)] == [1, 0, 0]
    with reading() as db:
        told = db.scalars(select(Event).where(Event.kind == "task.due")).all()
        assert [one.data["task"] for one in told] == [made.id]
        assert told[0].data["assignee"] == tanaka.id
        assert db.get_one(Task, made.id).told_at is not None


@pytest.mark.usefixtures("committed")
def test_put_off_it_is_told_again_at_its_new_time() -> None:
    with transaction() as db:
        tanaka = factories.agent(db)
        made = tasks.add(db, factories.conversation(db), "折り返す", now() + SOON, tanaka)
    with as_of(now() + 2 * SOON):
        assert tasks.call_due() == 1
        with transaction() as db:
            tasks.change(db, tanaka, db.get_one(Task, made.id), Change(due_at=now() + SOON))
        assert tasks.call_due() == 0
    with as_of(now() + 4 * SOON):
        assert tasks.call_due() == 1


# --- the usual times ----------------------------------------------------------------------------------

WEEK = {day: [["10:00", "19:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
NIGHTS = {"fri": [["18:00", "02:00"]], "sat": [["18:00", "02:00"]], "mon": [["18:00", "23:00"]]}


@pytest.mark.parametrize(
    ("at", "setting", "opens"),
    [
        ("2026-11-24T15:00", {"week": WEEK}, "2026-11-25T10:00"),
        ("2026-11-20T15:00", {"week": WEEK}, "2026-11-24T10:00"),  # a weekend, and 勤労感謝の日
        ("2026-11-20T15:00", {}, "2026-11-24T10:00"),
        ("2026-11-24T08:00", {"week": WEEK}, "2026-11-25T10:00"),  # today is no next day
        ("2026-11-24T15:00", {"week": WEEK, "days": {"2026-11-25": []}}, "2026-11-26T10:00"),
        ("2026-11-24T15:00", {"week": {"wed": [["00:00", "24:00"]]}}, "2026-11-25T10:00"),
        ("2026-11-27T19:00", {"week": NIGHTS}, "2026-11-28T18:00"),  # the night of before is none of its own
        ("2026-11-28T19:00", {"week": NIGHTS}, "2026-11-30T18:00"),
        ("2026-11-24T15:00", {"week": {"wed": [["05:00", "09:00"]]}}, "2026-11-25T05:00"),
        ("2026-11-24T15:00", {"week": {"wed": [["00:00", "02:00"], ["11:00", "19:00"]]}}, "2026-11-25T11:00"),
    ],
)
def test_the_next_business_day_knows_the_shops_hours_and_holidays(
    at: str, setting: dict[str, object], opens: str
) -> None:
    found = tasks.next_business_day(
        hours.from_setting(setting), datetime.fromisoformat(at).replace(tzinfo=TOKYO)
    )
    assert found == datetime.fromisoformat(opens).replace(tzinfo=TOKYO)


def test_tomorrow_is_by_the_clock_of_who_chooses(db: Session) -> None:
    with as_of(datetime(2026, 11, 24, 23, 0, tzinfo=UTC)):  # the 25th in Tokyo already
        found = dict(tasks.usual_times(db, TOKYO))
    assert found["hour"] == datetime(2026, 11, 25, tzinfo=UTC)
    assert found["tomorrow"] == datetime(2026, 11, 26, 10, tzinfo=TOKYO)


def test_a_doer_is_somebody(db: Session, tanaka: Agent) -> None:
    assert not Doer()
    assert Doer(team=Team(name="店舗"))
    assert Doer(tanaka)
