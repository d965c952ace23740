"""Waiting for mail: told by the server at once, or found at the next look."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from channels.email import idle, session
from channels.email.account import Security
from tests.channels.email.owner import Owner, mail, subject
from tests.mailservers import ImapServer, imap_server


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with imap_server() as running:
        yield running


@pytest.mark.parametrize(
    ("security", "push"), [("none", True), ("none", False), ("starttls", True), ("tls", True)]
)
def test_a_mail_that_comes_is_brought_at_once_or_at_the_next_look(
    tmp_path: Path, security: Security, push: bool
) -> None:
    with imap_server(tmp_path, security=security, idle=push) as server:
        owner = Owner(server, poll_every=60 if push else 0.2)
        looked = threading.Event()
        wait = _waiting(owner, looked, lambda: len(owner.stored) == 2)
        looked.wait(10)
        server.add(mail("first"))
        server.add(mail("second"))
        wait()
        assert [subject(one) for one in owner.stored] == ["inbox first", "inbox second"]
        assert bool(server.script.times("IDLE")) is push


def _waiting(owner: Owner, looked: threading.Event, enough: Callable[[], bool]) -> Callable[[], None]:
    """Let the owner wait in another thread until `enough`, and tell when it looked; call the answer to see it end."""
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            for _ in owner.lines():
                owner.over = enough()
                looked.set()
        except BaseException as error:  # noqa: BLE001 - told in the thread of the test
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def end() -> None:
        thread.join(20)
        assert not thread.is_alive()
        assert trouble == []

    return end


def test_what_is_sent_from_elsewhere_is_seen_while_the_inbox_waits(server: ImapServer) -> None:
    server.make_folder("Sent Items")
    owner = Owner(server, poll_every=0.3)
    looked = threading.Event()
    wait = _waiting(owner, looked, lambda: len(owner.stored) == 1)
    assert looked.wait(10)
    server.add(mail("from the phone"), "Sent Items")
    wait()
    assert [subject(one) for one in owner.stored] == ["sent from the phone"]


@pytest.mark.parametrize("told", ["* 5 EXISTS\r\n+ idling", "+ idling\r\n* 5 EXISTS"])
def test_a_mail_between_the_last_look_and_idle_is_not_missed(server: ImapServer, told: str) -> None:
    """The server tells of it before the "+" that begins IDLE, or together with it."""
    server.on("IDLE", told)
    server.on("DONE", "{tag} OK done")
    with _selected(server) as client:
        assert len(list(idle.waiting(client, 60, push=True, heed=True, stop=lambda: False))) <= 1
    assert server.script.heard[-2:] == ["DONE", "LOGOUT"]


def test_a_server_that_offers_idle_and_refuses_it_is_asked_the_ordinary_way(server: ImapServer) -> None:
    server.on("IDLE", "{tag} NO not today")
    with _selected(server) as client:
        assert len(list(idle.waiting(client, 0.05, push=True, heed=True, stop=lambda: False))) == 1
    assert server.script.heard[-2:] == ["IDLE", "LOGOUT"]


def test_what_was_told_before_may_be_left_alone(server: ImapServer) -> None:
    """Else a server that says EXISTS with every answer would be asked without end."""
    with _selected(server) as client:
        client._imap.untagged_responses["EXISTS"] = [b"5"]
        assert list(idle.waiting(client, 60, push=True, heed=True, stop=lambda: False)) == []
        assert len(list(idle.waiting(client, 0.05, push=True, heed=False, stop=lambda: False))) == 1


@contextmanager
def _selected(server: ImapServer) -> Iterator[Any]:
    with session.signed_in(server.account()) as client:
        client.select_folder("INBOX", readonly=True)
        client._imap.untagged_responses.clear()
        yield client


def test_a_sign_of_life_comes_while_nothing_does(server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "STEP", 0.02)
    owner = Owner(server, sign_of_life=0)
    for _ in owner.lines():
        owner.over = owner.signs == 3
    assert owner.stored == []
    assert owner.cursor["inbox"]["uid"] == 100


def test_it_stops_when_told_although_it_waits(server: ImapServer) -> None:
    owner = Owner(server)
    looked = threading.Event()
    wait = _waiting(owner, looked, lambda: False)
    assert looked.wait(10)
    owner.over = True
    wait()
