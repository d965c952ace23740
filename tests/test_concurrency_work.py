"""Two at once, with real commits, over what is worked through: receipts, runs, imports, replies, lists."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import NoResultFound

from app import canned, imports, inbox, intake, tasks
from app.canned import Typed
from app.db import now, one_writer, reading, transaction
from app.directory import filters
from app.directory.wanted import Wanted
from app.imports import drafts, files
from app.inbox import receiving
from app.intake.receipts import _note_failure
from app.learning import proposing
from app.models import (
    Agent,
    CallImport,
    CannedReply,
    Conversation,
    Customer,
    CustomerFilter,
    Identity,
    KnowledgeRun,
    Message,
    Proposal,
    RawReceipt,
    Task,
)
from app.models.call_import import CHECKED, DRAFT, RUNNING
from app.people import _keep_one_admin
from app.proving import runs
from app.queries import NotFound
from channels import base
from tests import factories as make
from tests.beside import before, beside, result
from tests.imports.logs import log
from tests.test_concurrency import deliver

pytestmark = pytest.mark.usefixtures("committed")


def test_a_run_that_another_process_takes_at_this_moment_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked: list[int] = []

    def work(id: int) -> dict[str, object]:
        worked.append(id)
        return {}

    monkeypatch.setitem(runs._works, runs.REPLAY, work)
    with transaction() as db:
        id = runs.begin(db, None, runs.REPLAY).id
    with transaction() as db:
        db.execute(update(KnowledgeRun).values(state="running", beat_at=now()))
        other = beside(lambda: runs.run(id))
    other.result(timeout=30)
    assert worked == []


def test_two_looks_at_what_was_not_answered_propose_each_thing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"language": "ja", "questions": [1, 2], "answers": [], "times": 2, "wordings": 2, "why": {}}
    with transaction() as db:
        runs.begin(db, None, runs.PROPOSALS)
    other = before(monkeypatch, proposing, "_same", lambda: proposing._keep("ja", [found]))
    proposing._keep("ja", [found])
    result(other)
    with reading() as db:
        assert [one.questions for one in db.scalars(select(Proposal))] == [[1, 2]]


def test_a_receipt_that_another_could_read_meanwhile_has_not_failed() -> None:
    with transaction() as db:
        receipt = intake.store(db, make.channel(db), base.Request("TEST", ""))
    with transaction() as db:
        db.execute(update(RawReceipt).values(state="parsed", parsed_at=now()))
        other = beside(lambda: _note_failure(receipt.id, ValueError("too late")))
    assert other.result(timeout=30).state == "parsed"
    with reading() as db:
        kept = db.get_one(RawReceipt, receipt.id)
    assert (kept.state, kept.error) == ("parsed", "")


@pytest.fixture
def of_calls(tmp_path: Path) -> CallImport:
    path = log(tmp_path)
    with transaction() as db:
        channel = make.channel(db, "call", secrets={"secret": "a secret of the telephones"})
        seen = drafts.look(path)
        return drafts.begin(db, channel, None, path.name, ("a digest", 1), seen, kept=False)


def started(row: CallImport) -> bool:
    try:
        with transaction() as db:
            imports.start(db, db.get_one(CallImport, row.id), None)
    except (inbox.Refused, NotFound):
        return False
    return True


def test_an_import_started_while_its_columns_are_corrected_runs_or_is_refused(
    monkeypatch: pytest.MonkeyPatch, of_calls: CallImport
) -> None:
    with transaction() as db:
        db.execute(update(CallImport).values(state=CHECKED))
    other = before(monkeypatch, drafts, "check_zone", lambda: started(of_calls))
    with transaction() as db:
        row = db.get_one(CallImport, of_calls.id)
        as_it_was = {"places": row.columns, "encoding": row.encoding, "zone": row.zone}
        imports.correct(db, row, **as_it_was, work_days=0)  # type: ignore[arg-type]
    runs_now = result(other)
    with reading() as db:
        assert db.get_one(CallImport, of_calls.id).state == (RUNNING if runs_now else DRAFT)


def test_an_import_started_while_its_columns_are_taken_away_is_refused(
    monkeypatch: pytest.MonkeyPatch, of_calls: CallImport
) -> None:
    other = before(monkeypatch, drafts, "check_zone", lambda: started(of_calls))
    with transaction() as db:
        row = db.get_one(CallImport, of_calls.id)
        imports.correct(db, row, places={}, encoding=row.encoding, zone=row.zone, work_days=0)
    assert not result(other)
    with reading() as db:
        assert db.get_one(CallImport, of_calls.id).state == DRAFT


def test_an_import_started_while_it_is_removed_is_one_or_the_other(
    monkeypatch: pytest.MonkeyPatch, of_calls: CallImport
) -> None:
    other = before(monkeypatch, files, "forget", lambda: started(of_calls))
    with transaction() as db:
        imports.remove(db, db.get_one(CallImport, of_calls.id))
    try:
        assert not result(other)
    except NoResultFound:  # where it waited before it looked
        assert one_writer()


def test_of_two_who_change_the_same_reply_at_once_the_second_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        agent = make.agent(db)
        reply = canned.save(db, agent, None, Typed("送料", "送料", "五百円です。"))
    seen = canned.version(reply)

    def save(body: str) -> str:
        try:
            with transaction() as db:
                row = db.get_one(CannedReply, reply.id)
                canned.save(db, db.get_one(Agent, agent.id), row, Typed("送料", "送料", body), seen=seen)
        except canned.Wrong:
            return "told"
        return body

    other = before(monkeypatch, canned, "_put", lambda: save("六百円です。"))
    told = {save("七百円です。"), result(other)}
    with reading() as db:
        assert told == {"told", db.get_one(CannedReply, reply.id).body}


def test_a_list_kept_twice_at_once_under_one_name_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        agent = make.agent(db)

    def keep() -> None:
        with transaction() as db:
            filters.keep_filter(db, db.get_one(Agent, agent.id), "お得意様", Wanted(), shared=False)

    other = before(monkeypatch, Wanted, "told", keep)
    keep()
    result(other)
    with reading() as db:
        assert db.scalars(select(CustomerFilter.name)).all() == ["お得意様"]


def test_whoever_changes_a_person_holds_up_nobody_who_writes_in_their_name() -> None:
    with transaction() as db:
        boss, head = make.agent(db, role="admin"), make.conversation(db)
        make.agent(db, role="admin")

    def write() -> None:
        with transaction() as db:
            thread = db.get_one(Conversation, head.id)
            inbox.note(db, db.get_one(Agent, boss.id), thread, "メモ", "n1")

    with transaction() as db:
        _keep_one_admin(db, db.get_one(Agent, boss.id))
        other = beside(write)
        assert other.done() != one_writer()
    other.result(timeout=30)


def test_a_task_whose_message_is_moved_at_this_moment_tells_the_former_customer_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        agent, there = make.agent(db), make.conversation(db)
        said = make.customer_says(db, make.channel(db), "入荷したら教えてください")
        told, done = (
            tasks.add(
                db,
                make.thread_of(db, said),
                "連絡",
                now() + timedelta(hours=1),
                agent,
                kind="tell",
                message=said,
            )
            for _ in range(2)
        )
        here = told.conversation_id

    def move(to: int) -> None:
        with transaction() as db:
            who = db.get_one(Customer, db.get_one(Conversation, to).customer_id)
            inbox.move(db, db.get_one(Agent, agent.id), db.get_one(Message, said.id), who)

    refused = False
    other = before(monkeypatch, inbox, "hold", lambda: move(there.id))
    try:
        with transaction() as db:
            tasks.tell(db, db.get_one(Agent, agent.id), db.get_one(Task, told.id), "入荷しました。")
    except inbox.Refused:
        refused = True
    result(other)
    assert refused != one_writer()  # with one writer, it was told before that
    other = before(monkeypatch, inbox, "hold", lambda: move(here))
    with transaction() as db:
        tasks.finish(db, db.get_one(Agent, agent.id), db.get_one(Task, done.id))
    result(other)
    with reading() as db:
        lines = select(Message).where(Message.context["what"].as_string() == "task_finished")
        line = db.scalars(lines.order_by(Message.id.desc())).first()
        assert line is not None
        assert line.conversation_id == (there.id if one_writer() else here)


def test_an_old_message_read_beside_a_fresh_one_sets_no_time_to_answer_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        channel = make.channel(db, "messenger")
    long_ago, lately = now() - timedelta(days=3), now() - timedelta(minutes=1)
    deliver(channel, make.inbound("はじめまして", "p1", id="m0", at=long_ago))
    fresh = make.inbound("まだですか", "p1", id="m2", at=lately)
    other = before(monkeypatch, receiving, "hold_all", lambda: deliver(channel, fresh))
    deliver(channel, make.inbound("届きません", "p1", id="m1", at=long_ago + timedelta(hours=1)))
    result(other)
    with reading() as db:
        assert db.scalars(select(Identity.wrote_at)).all() == [lately]
