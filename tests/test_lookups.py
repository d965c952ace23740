"""Whoever comes is asked for at their platform, once, and stands in the thread by the name and picture it tells."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import select

from app import avatars, connect, inbox, jobs, lookups, search
from app.db import as_of, now, reading, transaction
from app.models import Agent, Avatar, Channel, Conversation, Customer, Event, Identity
from channels import base, registry
from tests import factories as make
from tests.connectors import Post, installed
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


class Telling(Post):
    """A platform that knows its people."""

    asked: list[str] = []
    person: base.Person | None = base.Person("c1", name="花子🌸", locale="ja")
    error: Exception | None = None

    def lookup(self, address: str) -> base.Person | None:
        type(self).asked.append(address)
        if self.error is not None:
            raise self.error
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


def test_who_comes_with_a_name_is_asked_for_once_for_their_picture(
    kind: type[Telling], rung: list[Any], served: dict[str, bytes]
) -> None:
    here = channel()
    served["https://p/1"] = drawn()
    kind.person = base.Person("c1", name="山田", avatar_url="https://p/1")
    write(here, "1", "山田")
    lookups.look_up(*rung[0][1:])
    assert names()[:2] == ("山田", "山田")
    assert picture()[0]
    write(here, "2", "山田")
    assert len(rung) == 1


def test_nobody_is_asked_for_where_the_channel_knows_nobody(kind: type[Telling], rung: list[Any]) -> None:
    write(channel("api"), "1")
    assert rung == []


@pytest.mark.parametrize("person", [None, base.Person("c1"), base.Person("c1", name=" ")])
def test_a_platform_that_tells_nothing_changes_nothing(
    kind: type[Telling], rung: list[Any], person: base.Person | None
) -> None:
    kind.person = person
    write(channel(), "1")
    ((_, *args),) = rung
    lookups.look_up(*args)
    assert names()[:2] == ("", "")


def test_a_name_that_an_agent_wrote_stays(kind: type[Telling], rung: list[Any]) -> None:
    write(channel(), "1")
    with transaction() as db:
        db.scalars(select(Customer)).one().name = "山田 花子"
    lookups.look_up(*rung[0][1:])
    assert names()[:2] == ("花子🌸", "山田 花子")


ONE_DAY, OLD = timedelta(days=1), timedelta(days=31)


def identity() -> Identity:
    with reading() as db:
        return db.scalars(select(Identity)).one()


def test_what_fails_is_tried_again_after_growing_waits_and_then_left(
    kind: type[Telling], rung: list[Any]
) -> None:
    kind.error = base.ChannelError("Not now.")
    here = channel()
    write(here, "1")
    waits = []
    for _ in range(lookups.MAX_TRIES - 1):
        before = now()
        assert not lookups.look_up(identity().id)
        due = identity().profile_due
        assert due is not None
        waits.append(due - before)
    assert waits == sorted(waits)
    lookups.look_up(identity().id)
    assert identity().profile_due is None
    rung.clear()
    write(here, "2")
    assert rung == []


def test_what_can_never_work_is_left_at_once(kind: type[Telling], rung: list[Any]) -> None:
    kind.error = base.ChannelError("Never.", permanent=True)
    write(channel(), "1")
    lookups.look_up(identity().id)
    assert (identity().profile_due, names()[0]) == (None, "")


def test_a_connector_that_breaks_its_contract_costs_nothing(kind: type[Telling], rung: list[Any]) -> None:
    kind.error = RuntimeError("oops")
    write(channel(), "1")
    assert not lookups.look_up(identity().id)
    assert identity().profile_due is None


def test_the_clock_rings_for_those_whose_job_was_lost(kind: type[Telling], rung: list[Any]) -> None:
    write(channel(), "1")
    rung.clear()
    assert lookups.ring_due() == 0
    with as_of(now() + lookups.LEASE + timedelta(seconds=1)):
        assert (lookups.ring_due(), lookups.ring_due()) == (1, 0)
    assert rung == [("app.lookups.look_up", identity().id)]


def test_a_job_that_comes_twice_asks_once(kind: type[Telling], rung: list[Any]) -> None:
    write(channel(), "1")
    assert [lookups.look_up(identity().id) for _ in range(2)] == [True, False]
    assert len(kind.asked) == 1


def test_who_writes_again_after_a_month_is_asked_for_anew(kind: type[Telling], rung: list[Any]) -> None:
    here = channel()
    write(here, "1")
    lookups.look_up(identity().id)
    with as_of(now() + ONE_DAY):
        write(here, "2")
    assert len(rung) == 1
    kind.person = base.Person("c1", name="花子🍁")
    with as_of(now() + OLD):
        write(here, "3")
        assert len(rung) == 2
        lookups.look_up(identity().id)
    assert names() == ("花子🍁", "花子🍁", "ja")


def test_a_new_name_of_theirs_does_not_take_the_place_of_an_agents(
    kind: type[Telling], rung: list[Any]
) -> None:
    here = channel()
    write(here, "1")
    lookups.look_up(identity().id)
    with transaction() as db:
        inbox.edit_customer(
            db, make.agent(db), db.scalars(select(Customer)).one(), inbox.Profile(name="山田")
        )
    kind.person = base.Person("c1", name="花子🍁")
    with as_of(now() + OLD):
        write(here, "2")
        lookups.look_up(identity().id)
    assert names()[:2] == ("花子🍁", "山田")


def drawn(size: tuple[int, int] = (300, 200), colour: str = "red", form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form)
    return out.getvalue()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What lies at which address."""
    pictures: dict[str, bytes] = {}

    def fetch(_: Channel, url: str) -> bytes | None:
        return avatars.small(pictures[url]) if url in pictures else None

    monkeypatch.setattr(avatars, "fetch", fetch)
    return pictures


def picture() -> tuple[str, bytes]:
    """The key the customer shows, and what lies there."""
    with reading() as db:
        kept = db.scalars(select(Avatar)).first()
        key = db.scalars(select(Customer.avatar)).one()
        assert (kept.key if kept else "") == key
        return key, kept.data if kept else b""


def look(kind: type[Telling], here: Channel, url: str, later: timedelta = timedelta(0)) -> tuple[str, bytes]:
    kind.person = base.Person("c1", name="花子", avatar_url=url)
    with as_of(now() + later):
        write(here, f"at {later}")
        lookups.look_up(identity().id)
    return picture()


def test_their_picture_is_ours_small_and_square_until_they_have_another(
    kind: type[Telling], rung: list[Any], served: dict[str, bytes]
) -> None:
    here = channel()
    served |= {"https://p/1": drawn(), "https://p/2": drawn(colour="blue")}
    key, data = look(kind, here, "https://p/1")
    with Image.open(io.BytesIO(data)) as image:
        assert (image.size, image.format) == ((avatars.SIDE, avatars.SIDE), "WEBP")
    assert look(kind, here, "https://p/1", OLD) == (key, data)
    assert look(kind, here, "https://p/gone", OLD * 2) == (key, data)
    other, _ = look(kind, here, "https://p/2", OLD * 3)
    assert other != key
    assert look(kind, here, "", OLD * 4) == ("", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        drawn()[:60],
        b"\x89PNG\r\n\x1a\n" + bytes(50),
    ],
)
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert avatars.small(data) is None


def test_a_picture_of_too_many_pixels_is_not_unpacked() -> None:
    assert avatars.small(drawn((10_000, 7_000))) is None


@pytest.mark.parametrize(
    ("answer", "had"),
    [
        (httpx2.Response(200, content=drawn(form="JPEG")), True),
        (httpx2.Response(200, content=b"<html>", headers={"content-type": "image/png"}), False),
        (httpx2.Response(200, content=bytes(avatars.LARGEST + 1)), False),
        (httpx2.Response(302, headers={"location": "https://169.254.169.254/face.png"}), False),
        (httpx2.Response(404, content=drawn()), False),
    ],
    ids=["a picture", "a page", "too large", "elsewhere", "gone"],
)
def test_a_picture_is_had_or_not(monkeypatch: pytest.MonkeyPatch, answer: httpx2.Response, had: bool) -> None:
    client = httpx2.Client(transport=httpx2.MockTransport(lambda request: answer))
    monkeypatch.setattr(connect, "http", lambda: client)
    assert (avatars.fetch(Channel(key="k1"), "https://p/1") is not None) is had


def test_a_picture_is_fetched_from_public_addresses_only(kind: type[Telling], rung: list[Any]) -> None:
    here = channel()
    assert look(kind, here, "https://127.0.0.1:1/face.png") == ("", b"")
    assert names()[0] == "花子"


def test_the_picture_is_seen_by_who_sees_the_customer_and_never_asked_of_another_host(
    kind: type[Telling], rung: list[Any], served: dict[str, bytes]
) -> None:
    here = channel()
    served["https://p/1"] = drawn()
    key, data = look(kind, here, "https://p/1")
    with transaction() as db:
        boss, outsider, mine = make.supervisor(db), make.agent(db), make.agent(db)
        head = db.scalars(select(Conversation)).one()
        inbox.assign(db, boss, head, mine, make.team(db, mine), keep_team=False)
    browser = Browser().come_in(mine)
    for page in ("/inbox?view=mine", f"/inbox/{head.id}"):
        shown = browser.see(page)
        assert f'src="/avatars/{key}"' in shown
        assert "https://p/1" not in shown
    answer = browser.get(f"/avatars/{key}")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/webp", data)
    assert Browser().come_in(outsider).get(f"/avatars/{key}").status_code == 404
    assert browser.get("/avatars/x").status_code == 404
