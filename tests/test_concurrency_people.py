"""Two at once, with real commits, over people, teams and who is answering: the second is told so, not failed."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app import inbox, labels, people
from app.conflicts import overtaken
from app.db import now, one_writer, reading, transaction
from app.models import Agent, Conversation, Label, ReplyLock, Team, TeamMember
from tests import factories as make
from tests.api.calling import program
from tests.beside import before, beside, result
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def refusal(edit: Callable[[Session], object]) -> str:
    """Why it was refused; "" where it was done."""
    try:
        with transaction() as db:
            edit(db)
    except inbox.Refused as refused:
        return refused.sentence
    return ""


def test_of_two_who_are_given_one_address_at_once_the_second_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        first, second = make.agent(db).id, make.agent(db).id

    def edit(id: int) -> str:
        named = {"name": "花子", "email": "hana@example.jp"}
        return refusal(lambda db: people.edit(db, None, db.get_one(Agent, id), **named))

    other = before(monkeypatch, people, "_name", lambda: edit(second))
    assert sorted([edit(first), result(other)]) == ["", "Somebody with this address is already here."]


def test_of_two_teams_given_one_name_at_once_the_second_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        first, second = make.team(db).id, make.team(db).id

    def edit(id: int) -> str:
        return refusal(lambda db: people.edit_team(db, None, db.get_one(Team, id), "窓口", ()))

    other = before(monkeypatch, people, "_named", lambda: edit(second))
    assert sorted([edit(first), result(other)]) == ["", "There is already a team of this name."]


def test_one_whom_two_put_into_a_team_at_once_is_in_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        team, agent = make.team(db), make.agent(db)

    def put() -> None:
        with transaction() as db:
            people.set_members(db, None, db.get_one(Team, team.id), [agent.id])

    other = before(monkeypatch, people, "record", put)
    put()
    result(other)
    with reading() as db:
        assert db.scalars(select(TeamMember.agent_id)).all() == [agent.id]


def test_who_begins_to_type_again_as_their_lock_is_forgotten_has_a_new_one() -> None:
    with transaction() as db:
        head, agent = make.conversation(db), make.agent(db)
        inbox.claim_lock(db, agent, head)

    def claim() -> None:
        with transaction() as db:
            inbox.claim_lock(db, db.get_one(Agent, agent.id), db.get_one(Conversation, head.id))

    with transaction() as db:
        db.execute(delete(ReplyLock))
        other = beside(claim)
    other.result(timeout=30)
    with reading() as db:
        (lock,) = db.scalars(select(ReplyLock))
        assert lock.agent_id == agent.id
        assert lock.expires_at > now()


def test_a_label_that_another_takes_away_at_this_moment_is_no_failure_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        boss = make.agent(db, role="admin")
        label = labels.add(db, boss, "返品", 20)
    first, second = Browser().come_in(boss), Browser().come_in(boss)
    place = f"/settings/labels/{label.id}"
    other = before(monkeypatch, labels, "_free", lambda: second.submit(f"{place}/removal").status_code)
    told = first.submit(place, {"name": "交換", "hue": "40"}).status_code
    assert told == (303 if one_writer() else 409)
    assert result(other) == 303
    with reading() as db:
        assert db.get(Label, label.id) is None


@pytest.mark.parametrize("error", [StaleDataError("UPDATE expected 1"), NoResultFound("No row")])
def test_whoever_was_overtaken_is_told_so_and_the_log_tells_where(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction() as db:
        boss = make.agent(db, role="admin")

    def late(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(people, "add_team", late)
    with caplog.at_level(logging.ERROR):
        page = Browser().come_in(boss).submit("/settings/teams", {"name": "窓口"})
        told = program(boss).refused("POST", "/teams", 409, json={"name": "窓口"})
    assert page.status_code == 409
    assert "Reload" in told["detail"]
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error, error]


def test_what_is_not_found_where_nothing_is_written_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        boss = make.agent(db, role="admin")

    def broken(*_: object, **__: object) -> None:
        raise NoResultFound("No row")

    monkeypatch.setattr(labels, "used", broken)
    assert Browser().come_in(boss).get("/settings/labels").status_code == 500


def test_only_a_key_that_is_taken_or_gone_tells_of_somebody_else() -> None:
    with pytest.raises(IntegrityError) as empty, transaction() as db:
        db.add(Label(name=None, hue=1))
    with pytest.raises(IntegrityError) as twice, transaction() as db:
        db.add_all([Team(name="窓口"), Team(name="窓口")])
    with pytest.raises(IntegrityError) as nobody, transaction() as db:
        db.add(TeamMember(team_id=1, agent_id=1))
    assert [overtaken(one.value) for one in (empty, twice, nobody)] == [False, True, True]
    assert not overtaken(ValueError("a bug"))
