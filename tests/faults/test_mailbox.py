"""A real mailbox on a bad day: its server goes and comes back with new numbers, its password is changed, who collects
from it is killed or frozen. Each mail is there once, in order."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import collecting, switchboard, verify
from app.collecting import Lines
from app.db import now, reading, transaction
from app.models import Channel, Collector, Message, RawReceipt
from tests import factories
from tests.faults.installation import Installation, installed
from tests.mailservers import PASSWORD, USER, ImapServer, imap_server
from tests.serving import until

pytestmark = pytest.mark.faults

ADDRESS = "shop@example.jp"
KILLS = 2


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


def mailbox(db: Session, server: ImapServer, password: str = PASSWORD) -> Channel:
    """A channel that collects from this server."""
    settings = {
        "address": ADDRESS,
        "user": USER,
        "imap_host": server.host,
        "imap_port": server.port,
        "imap_security": "none",
        "since_days": 7,
    }
    return factories.channel(db, "email", key="mail", settings=settings, secrets={"password": password})


def mail(number: int) -> bytes:
    head = (
        f"From: 山田 <u{number % 5}@example.net>\r\nTo: {ADDRESS}\r\nMessage-ID: <{number}@example.net>\r\n"
    )
    return f"{head}Subject: {number}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{number}番です\r\n".encode()


def subjects(db: Session) -> list[str]:
    """Of the customers' messages, in the order they were stored."""
    theirs = select(Message.subject).where(Message.external_id.is_not(None))
    return list(db.scalars(theirs.order_by(Message.id)))


def seen() -> list[str]:
    with reading() as db:
        return subjects(db)


@contextmanager
def telling(server: ImapServer) -> Iterator[None]:
    """What a wait that fails should have been told: who holds the line, what came, what the server heard."""
    try:
        yield
    except Exception as error:
        with reading() as db:
            for row in (*db.scalars(select(Collector)), *db.scalars(select(Channel))):
                error.add_note(str({name: value for name, value in vars(row).items() if name[0] != "_"}))
            for one in db.scalars(select(RawReceipt).order_by(RawReceipt.id)):
                error.add_note(f"receipt {one.id}: {one.state} {one.error} {one.url} {one.outcome}")
        error.add_note("the server heard " + " | ".join(server.script.heard))
        error.add_note(f"and had trouble {server.thread.trouble}")
        for ident, frame in sys._current_frames().items():
            where = "".join(traceback.format_stack(frame, 6))
            error.add_note(f"thread {ident}:\n{where}")
        raise


def health(channel: Channel) -> tuple[str, str]:
    with reading() as db:
        row = db.get_one(Channel, channel.id)
        return row.health, row.health_text


@pytest.fixture
def quick(committed: None, private_allowed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds and back-off of milliseconds."""
    monkeypatch.setattr("app.collecting.lines.ROUND", 0.05)
    monkeypatch.setattr("app.collecting.lease.FIRST_WAIT", 0.05)
    monkeypatch.setattr("app.collecting.lease.LONGEST_WAIT", 0.2)


@pytest.mark.usefixtures("quick")
def test_a_server_that_goes_and_comes_back_with_new_numbers_loses_and_doubles_nothing(
    server: ImapServer,
) -> None:
    server.add(mail(1))
    with transaction() as db:
        channel = mailbox(db, server)
    with telling(server), collecting.running():
        until(lambda: seen() == ["1"], "what was there is there", 20)
        server.add(mail(2))
        until(lambda: seen() == ["1", "2"], "what comes is there at once", 10)
        server.stop()
        until(lambda: health(channel)[0] == "failing", "it is told", 20)
        server.add(mail(3))
        server.start()
        until(lambda: seen() == ["1", "2", "3"], "it is gone on with", 20)
        assert health(channel) == ("ok", "")
        server.renumber()
        server.add(mail(4))
        until(lambda: seen() == ["1", "2", "3", "4"], "the new one comes, no old one again", 20)
    with reading() as db:
        told = db.scalars(select(RawReceipt.outcome)).all()
        assert len([one for each in told for one in each if one.get("new")]) == 4
        report = verify.report(db)
    assert report.clean, str(report)


@pytest.mark.usefixtures("quick")
def test_a_wrong_password_is_for_the_admin_and_the_right_one_is_tried_at_once(server: ImapServer) -> None:
    server.add(mail(1))
    with transaction() as db:
        channel = mailbox(db, server, "not this one")
    with telling(server), collecting.running():
        until(lambda: health(channel)[0] == "action", "it is told", 20)
        assert "LOGIN" in health(channel)[1] or "password" in health(channel)[1]
        with transaction() as db:
            row = db.get_one(Channel, channel.id)
            answers = {**row.settings, "password": PASSWORD}
            switchboard.change_channel(db, row, row.name, answers)
        until(lambda: seen() == ["1"], "the mail comes", 20)
    assert health(channel) == ("ok", "")


@pytest.mark.usefixtures("quick")
def test_two_hold_it_in_turn_and_the_first_is_frozen_in_the_middle(server: ImapServer) -> None:
    """The first is frozen past its lease; what it had already in its hands when it wakes is stored by the second."""
    with transaction() as db:
        channel = mailbox(db, server)
    first, second = Lines(), Lines()
    assert first.look() == 1
    for number in range(30):
        server.add(mail(number))
    until(lambda: len(seen()) > 0, "the first is at work", 20)
    until(lambda: _lapsed_for(second), "the second has it", 20)
    for number in range(30, 40):
        server.add(mail(number))
    until(lambda: len(seen()) == 40, "all are there", 20)
    assert seen() == [str(number) for number in range(40)]
    until(lambda: first.look() == 0, "the first gave up", 30)  # it looks at its lease with each sign of life
    second.hang_up()
    assert health(channel)[0] == "ok"


def _lapsed_for(other: Lines) -> bool:
    """Let the lease lapse; whether the other has it. The first may renew it just before the other looks."""
    with transaction() as db:
        db.execute(update(Collector).values(until=now() - timedelta(seconds=1)))
    return other.look() == 1


def test_who_collects_is_told_to_stop_and_the_next_goes_on_at_once(
    tmp_path: Path, environment: dict[str, str], server: ImapServer
) -> None:
    """Even while its server keeps it waiting: what was not stored was not taken."""
    with installed(tmp_path, MADOGUCHI_ALLOW_PRIVATE="yes", **environment) as here:
        with here.rows() as db:
            mailbox(db, server)
        server.add(mail(1))
        _wait_for(here, 1)
        first = _holder(here)
        server.on(r"UID FETCH .*BODY", wait=25)
        for number in range(2, 22):
            server.add(mail(number))
        until(lambda: not server.script.rules, "it waits for the mails", 30)
        here.served.child("worker").terminate()
        until(lambda: _process_of(_holder(here)) not in ("", _process_of(first)), "another holds it", 20)
        _wait_for(here, 21)
        with here.rows() as db:
            assert subjects(db) == [str(number) for number in range(1, 22)]
        here.verify()


def test_who_collects_is_killed_again_and_again(
    tmp_path: Path, environment: dict[str, str], server: ImapServer
) -> None:
    """The next one on the machine sees that it is dead, and waits for no lease."""
    with installed(tmp_path, MADOGUCHI_ALLOW_PRIVATE="yes", **environment) as here:
        with here.rows() as db:
            mailbox(db, server)
        for killed in range(1, KILLS + 1):
            for number in range(20 * killed - 19, 20 * killed + 1):
                server.add(mail(number))
            _wait_for(here, 20 * killed - 19)  # in the middle of them
            here.served.kill("worker")
        _wait_for(here, 20 * KILLS)
        server.add(mail(20 * KILLS + 1))
        _wait_for(here, 20 * KILLS + 1)
        with here.rows() as db:
            assert subjects(db) == [str(number) for number in range(1, 20 * KILLS + 2)]
        here.verify()


def _wait_for(here: Installation, number: int) -> None:
    until(lambda: _there(here) >= number, f"{number} mails are there", 90)


def _there(here: Installation) -> int:
    with here.rows() as db:
        return len(subjects(db))


def _holder(here: Installation) -> str:
    with here.rows() as db:
        row = db.scalar(select(Collector))
        return row.holder if row else ""


def _process_of(word: str) -> str:
    return word.partition(":")[2]
