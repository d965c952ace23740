"""Customers see that we have read what they wrote: and that we are writing, where their platform shows it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app import inbox, jobs, shown
from app.db import transaction
from app.models import Agent, Channel, Conversation
from channels import base, forms, registry
from tests import factories as make
from tests.connectors import Post, installed

pytestmark = pytest.mark.usefixtures("committed")


class Marking(Post):
    """A platform that shows what was read, and who writes."""

    marked: list[Mapping[str, Any]] = []
    seen_typing: list[base.Person] = []
    fails = False

    def typing(self, to: base.Person, last: Mapping[str, Any]) -> None:
        type(self).seen_typing.append(to)

    def mark_read(self, last: Mapping[str, Any]) -> None:
        type(self).marked.append(last)
        if self.fails:
            raise base.ChannelError("It did not work.")


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Marking]]:
    with installed(monkeypatch) as post:
        made = type("Marked", (Marking,), {"features": post.features, "marked": [], "seen_typing": []})
        known = {**registry.kinds(), "post": made}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        yield made


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """What the workers were asked to do."""
    asked: list[tuple[str, int, int]] = []
    monkeypatch.setattr(jobs, "enqueue", lambda function, *args: asked.append((function, *args)))
    return asked


class Thread:
    """One customer who writes on one channel, and two agents."""

    def __init__(self, kind: str = "post") -> None:
        with transaction() as db:
            self.channel = make.channel(db, kind)
            self.head = make.conversation(db, self.channel, sender="c1")
            self.agents = [make.agent(db, name) for name in ("田中", "佐藤")]

    def write(self, id: str) -> None:
        with transaction() as db:
            said = base.Inbound(id, base.Person("c1"), "はい", context={"token": id})
            make.accept(db, db.merge(self.channel), said)

    def read(self, by: int = 0) -> None:
        with transaction() as db:
            inbox.mark_read(db, db.get_one(Agent, self.agents[by].id), db.get_one(Conversation, self.head.id))


def tokens(kind: type[Marking]) -> list[Any]:
    return [one.get("token") for one in kind.marked]


def test_what_an_agent_reads_is_shown_up_to_the_newest(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread()
    thread.write("1")
    thread.write("2")
    thread.read()
    ((function, *args),) = rung
    assert function == "app.shown.show"
    thread.write("3")
    assert shown.show(*args) == 1
    assert tokens(kind) == ["2"]


def test_a_second_agent_shows_nothing_again(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread()
    thread.write("1")
    for by in (0, 0, 1):
        thread.read(by)
    assert len(rung) == 2
    assert [shown.show(*args) for _, *args in rung] == [1, 0]
    assert tokens(kind) == ["1"]


def test_where_the_admin_does_not_want_it_nobody_is_told(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread()
    thread.write("1")
    with transaction() as db:
        db.get_one(Channel, thread.channel.id).settings = {"show_read": False}
    thread.read()
    assert (rung, shown.show(thread.head.id, 2**40)) == ([], 0)


def test_every_kind_that_can_show_it_asks_whether_it_is_to() -> None:
    able = [name for name, made in registry.kinds().items() if issubclass(made, base.MarksRead)]
    asked = {name: {one.name: one.default for one in forms.fields(name)}.get("show_read") for name in able}
    assert asked
    assert asked == dict.fromkeys(able, True)


def test_where_nothing_is_shown_nobody_is_woken(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread("api")
    thread.write("1")
    thread.read()
    assert rung == []


def test_an_agent_who_writes_is_seen_to_be_writing(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread()
    thread.write("1")
    for _ in range(3):
        shown.typing(thread.head.id, thread.agents[0].id)
    ((function, *args),) = rung
    assert function == "app.shown.show_typing"
    assert shown.show_typing(*args)
    assert [one.address for one in kind.seen_typing] == ["c1"]


def test_where_nobody_is_seen_to_be_writing_nobody_is_woken(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread("api")
    shown.typing(thread.head.id, thread.agents[0].id)
    assert rung == []


def test_it_is_shown_on_the_channel_that_the_agent_chose(kind: type[Marking], rung: list[Any]) -> None:
    thread = Thread()
    agent = thread.agents[0]
    with transaction() as db:
        other = make.channel(db, "api")
        head = db.get_one(Conversation, thread.head.id)
        inbox.save_draft(
            db, db.get_one(Agent, agent.id), head, "今", kind="outbound", channel_id=other.id, version=0
        )
    shown.typing(thread.head.id, agent.id)
    assert rung == []
    shown.typing(Thread().head.id, agent.id)
    assert len(rung) == 1


def test_a_platform_that_fails_costs_nothing(kind: type[Marking], rung: list[Any]) -> None:
    kind.fails = True
    thread = Thread()
    thread.write("1")
    thread.read()
    assert [shown.show(*args) for _, *args in rung] == [0]
