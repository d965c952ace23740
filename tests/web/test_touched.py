"""What customers do, between their messages and in their panel; and what their shop's own system says of them."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, inbox, vault
from app.db import reading, transaction
from app.models import Agent, Channel, Conversation, Customer, CustomerLink, ShopAnswer
from app.touchpoints import asking
from app.web import frames
from channels import base
from tests import factories
from tests.touchpoints.told import START, by, order, take_in, touch
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
CONTEXT = {"context_url": "https://shop.example.jp/context"}


@dataclass(frozen=True)
class Cast:
    """Sato answers; Hana wrote twice; the hidden one is of a team that Sato is not in."""

    sato: Agent
    hana: Conversation
    hidden: Conversation


@pytest.fixture
def cast() -> Cast:
    with transaction() as db:
        sato = factories.agent(db, "佐藤 恵", locale="en", timezone="Asia/Tokyo")
        box = factories.channel(db, "email", name="Mail", settings={"address": "shop@example.jp"})
        hana = base.Person("hana@example.jp", name="花子")
        thread = factories.conversation(db, box, "一通目", hana, at=START + timedelta(days=1))
        factories.customer_says(db, box, "二通目", hana, at=START + timedelta(days=3))
        hidden = factories.conversation(db, box, "内緒", base.Person("hidden@example.jp"))
        hidden.team_id = factories.team(db).id
        theirs = by("hana@example.jp")
        take_in(db, touch("visit", theirs, title="心斎橋店", day=0))
        take_in(
            db,
            order("A-1042", 25800, theirs, day=2, title="コート"),
            touch("points.earned", theirs, points=1258, day=2.1),
        )
        take_in(db, order("A-1043", 900, theirs, day=4))
    return Cast(sato, thread, hidden)


def places(html: str) -> list[str]:
    """The messages and groups of a thread in their order, by what they say."""
    log = html[html.index("data-log") :]
    found = re.findall(r"一通目|二通目|(?:\d+ touchpoints?)|心斎橋店|A-1043", log[: log.index("data-down")])
    return [one for n, one in enumerate(found) if n == 0 or found[n - 1] != one]


def test_they_stand_between_the_messages_by_their_time(cast: Cast) -> None:
    page = Browser().come_in(cast.sato).see(f"/inbox/{cast.hana.id}")
    assert places(page) == ["心斎橋店", "一通目", "2 touchpoints", "二通目", "A-1043"]
    assert "¥25,800" in page
    assert "+1,258" in page


def test_the_panel_tells_the_figures_at_a_glance(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    page = browser.see(f"/conversations/{cast.hana.id}/panel")
    for words in ("Last order", "#A-1043", "¥900", "Orders in all", "¥26,700", "1,258", "心斎橋店"):
        assert words in page, words
    assert "/context" not in page
    with transaction() as db:
        take_in(db, order("A-1043", 900, by("hana@example.jp"), kind="order.cancelled", day=5))
    page = browser.see(f"/conversations/{cast.hana.id}/panel")
    assert "Cancelled #A-1043" in page
    assert "¥25,800" in page


def test_the_list_is_paged_and_the_groups_are_fetched_anew(cast: Cast) -> None:
    with transaction() as db:
        take_in(
            db, *(touch("page.viewed", by("hana@example.jp"), title=f"頁{n}", day=n / 100) for n in range(40))
        )
    browser = Browser().come_in(cast.sato)
    first = browser.see(f"/conversations/{cast.hana.id}/touchpoints")
    assert first.count('class="touch"') == 30
    rest = browser.see(re.search(r'hx-get="([^"]+)"', first)[1].replace("&amp;", "&"))  # type: ignore[index]
    assert rest.count('class="touch"') == 14
    groups = browser.see(f"/conversations/{cast.hana.id}/touched")
    assert groups.count('class="touched') == 3
    with reading() as db:
        since = f"{(START + timedelta(days=3)).isoformat()}|1"
    part = browser.get(f"/conversations/{cast.hana.id}/touched", params={"since": since}).text
    assert part.count('class="touched') == 1
    assert "A-1043" in part


def test_paging_upwards_shows_each_once(cast: Cast) -> None:
    with transaction() as db:
        for n in range(60):
            at = START + timedelta(days=10, minutes=n)
            factories.customer_says(db, _box(db), f"言葉{n}", base.Person("hana@example.jp"), at=at)
            take_in(db, touch("visit", by("hana@example.jp"), title=f"店{n}", day=10 + (n + 0.5) / 1440))
    browser = Browser().come_in(cast.sato)
    page, seen = browser.see(f"/inbox/{cast.hana.id}"), []
    while True:
        log = page[page.index("data-log") :] if "data-log" in page else page
        seen += re.findall(r"店\d+|心斎橋店|A-104\d", log.split("data-down")[0])
        older = re.search(r'data-older="([^"]+)"', page)
        if older is None:
            break
        page = browser.see(older[1].replace("&amp;", "&"))
    assert sorted(seen) == sorted([*(f"店{n}" for n in range(60)), "心斎橋店", "A-1042", "A-1043"])


def _box(db: Session) -> Channel:
    return db.scalars(select(Channel).where(Channel.kind == "email")).one()


def test_somebody_else_sees_nothing(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    for part in ("touched", "touchpoints", "context"):
        assert browser.get(f"/conversations/{cast.hidden.id}/{part}").status_code == 404


def test_an_order_number_leads_to_its_customer(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    for written in ("A-1042", "#a-1042", "Ａ-１０４２"):
        page = browser.get("/search", params={"q": written}).text
        assert f'href="/inbox/{cast.hana.id}"' in page
        assert "¥25,800" in page


def test_what_arrives_is_shown_live(cast: Cast) -> None:
    with transaction() as db:
        before = db.get_one(Conversation, cast.hana.id).last_event_id
        take_in(db, touch("visit", by("hana@example.jp"), day=9))
    with reading() as db:
        head = db.get_one(Conversation, cast.hana.id)
        told = frames.missed(db, cast.sato, head, before)
    assert told is not None
    assert [one["parts"] for one in told] == [["touched", "panel"]]


# --- the shop's own system -----------------------------------------------------------------------------


class Shop:
    """Plays the connector's question: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.answer: Any = [base.Card("注文 1042", (("状態", "発送済み"),), "https://shop.example.jp/o/1042")]

    def inform(self, customer: str, people: Any) -> Any:
        self.asked.append((customer, sorted(f"{one.kind}:{one.address}" for one in people)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def shop(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Shop:
    played = Shop()
    with transaction() as db:
        factories.channel(
            db, "shop", name="北風", settings=CONTEXT, secrets={"secret": "a-shared-secret-of-the-shop"}
        )
    real = connect.connector

    def connector(channel: Channel) -> Any:
        made = real(channel)
        if channel.kind == "shop":
            monkeypatch.setattr(type(made), "inform", lambda self, *args: played.inform(*args))
        return made

    monkeypatch.setattr(connect, "connector", connector)
    asking._paused.clear()
    return played


def test_the_shops_system_is_asked_beside_the_page_and_its_cards_are_shown(cast: Cast, shop: Shop) -> None:
    browser = Browser().come_in(cast.sato)
    assert f"/conversations/{cast.hana.id}/context" in browser.see(f"/inbox/{cast.hana.id}")
    assert shop.asked == []
    page = browser.see(f"/conversations/{cast.hana.id}/context")
    assert all(words in page for words in ("注文 1042", "発送済み", 'href="https://shop.example.jp/o/1042"'))
    assert shop.asked == [(str(cast.hana.customer_id), ["email:hana@example.jp"])]
    browser.see(f"/conversations/{cast.hana.id}/context")
    assert len(shop.asked) == 1


def test_where_it_does_not_answer_what_it_said_last_is_shown_and_it_is_left_in_peace(
    cast: Cast, shop: Shop
) -> None:
    browser = Browser().come_in(cast.sato)
    browser.see(f"/conversations/{cast.hana.id}/context")
    _grow_old()
    shop.answer = base.ChannelError("The shop's system did not answer in time.")
    page = browser.see(f"/conversations/{cast.hana.id}/context")
    assert "北風: The shop&#39;s system did not answer in time. What it said last" in page
    assert "注文 1042" in page
    browser.see(f"/conversations/{cast.hana.id}/context")
    assert len(shop.asked) == 2
    asking._paused.clear()
    shop.answer = ValueError("broken")
    assert asking.FAILED.replace("'", "&#39;") in browser.see(f"/conversations/{cast.hana.id}/context")


def test_what_was_said_of_two_is_shown_to_neither_once_they_are_apart(cast: Cast, shop: Shop) -> None:
    with transaction() as db:
        other = factories.conversation(db, _box(db), sender=base.Person("taro@example.jp"))
        child, parent = (db.get_one(Customer, one.customer_id) for one in (other, cast.hana))
        link = inbox.link(db, child, parent, evidence={})
        assert link is not None
    browser = Browser().come_in(cast.sato)
    browser.see(f"/conversations/{cast.hana.id}/context")
    assert shop.asked[-1][1] == ["email:hana@example.jp", "email:taro@example.jp"]
    with transaction() as db:
        inbox.unlink(db, db.get_one(CustomerLink, link.id))
    shop.answer = base.ChannelError("The shop's system could not be reached.")
    page = browser.see(f"/conversations/{cast.hana.id}/context")
    assert "注文 1042" not in page
    assert shop.asked[-1][1] == ["email:hana@example.jp"]


def test_two_who_ask_at_once_keep_one_answer(cast: Cast, shop: Shop) -> None:
    threads = [threading.Thread(target=asking.about, args=(cast.hana.id,)) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with reading() as db:
        (kept,) = db.scalars(select(ShopAnswer)).all()
    assert kept.cards[0]["title"] == "注文 1042"


def test_a_channel_whose_secret_cannot_be_read_is_not_asked(cast: Cast, shop: Shop) -> None:
    with transaction() as db:
        channel = db.scalars(select(Channel).where(Channel.kind == "shop")).one()
        channel.secrets = b"broken"
    with pytest.raises(vault.Unreadable), reading() as db:
        connect.connector(db.scalars(select(Channel).where(Channel.kind == "shop")).one())
    assert asking.about(cast.hana.id) == []


def _grow_old() -> None:
    with transaction() as db:
        for one in db.scalars(select(ShopAnswer)):
            one.asked_at -= timedelta(minutes=5)
