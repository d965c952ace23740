"""Whoever comes without a name is asked for at their platform, once, and stands in the thread by it."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app import jobs, lookups, search
from app.db import reading, transaction
from app.models import Agent, Channel, Customer, Event, Identity
from channels import base, registry
from tests import factories as make
from tests.connectors import Post, installed

pytestmark = pytest.mark.usefixtures("committed")


class Telling(Post):
    """A platform that knows its people."""

    asked: list[str] = []
    person: base.Person | None = base.Person("c1", name="花子🌸", locale="ja")

    def lookup(self, address: str) -> base.Person | None:
        type(self).asked.append(address)
        if self.person is None:
            raise base.ChannelError("It did not work.")
        return self.person


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Telling]]:
    with installed(monkeypatch) as post:
        made = type("Told", (Telling,), {"features": post.features, "asked": []})
        known = {**registry.kinds(), "post": made}
        monkeypatch.setattr(registry, "kinds", lambda: known)
        yield made


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the workers were asked to do."""
    asked: list[Any] = []
    monkeypatch.setattr(jobs, "enqueue", lambda *args: asked.append(args))
    return asked


def write(channel: Channel, id: str, name: str = "") -> None:
    with transaction() as db:
        said = base.Inbound(id, base.Person("c1", name=name), "はい")
        make.accept(db, db.merge(channel), said)


def channel(kind: str = "post") -> Channel:
    with transaction() as db:
        return make.channel(db, kind)


def names() -> tuple[str, str, str]:
    with reading() as db:
        identity, customer = db.scalars(select(Identity)).one(), db.scalars(select(Customer)).one()
        return identity.display, customer.name, customer.locale


def test_who_comes_without_a_name_gets_the_one_their_platform_knows(
    kind: type[Telling], rung: list[Any]
) -> None:
    write(channel(), "1")
    ((function, *args),) = rung
    assert function == "app.lookups.look_up"
    assert lookups.look_up(*args)
    assert names() == ("花子🌸", "花子🌸", "ja")
    with transaction() as db:
        viewer = make.agent(db)
    with reading() as db:
        assert search.search(db, db.get_one(Agent, viewer.id), "花子").customers
        assert db.scalars(select(Event.kind).order_by(Event.id.desc())).first() == "customer.changed"


def test_a_person_is_asked_for_once_however_much_they_write(kind: type[Telling], rung: list[Any]) -> None:
    here = channel()
    for id in "123":
        write(here, id)
    assert len(rung) == 1


def test_who_has_a_name_is_not_asked_for(kind: type[Telling], rung: list[Any]) -> None:
    write(channel(), "1", "山田")
    write(channel("api"), "1")
    assert rung == []


@pytest.mark.parametrize("person", [None, base.Person("c1"), base.Person("c1", name=" ")])
def test_a_platform_that_tells_nothing_changes_nothing(
    kind: type[Telling], rung: list[Any], person: base.Person | None
) -> None:
    kind.person = person
    write(channel(), "1")
    ((_, *args),) = rung
    assert not lookups.look_up(*args)
    assert names()[:2] == ("", "")


def test_a_name_that_an_agent_wrote_stays(kind: type[Telling], rung: list[Any]) -> None:
    write(channel(), "1")
    with transaction() as db:
        db.scalars(select(Customer)).one().name = "山田 花子"
    lookups.look_up(*rung[0][1:])
    assert names()[:2] == ("花子🌸", "山田 花子")
