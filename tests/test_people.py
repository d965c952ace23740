"""The list of customers: conditions that combine, one row a person, filters kept and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, tasks
from app.db import as_of, now
from app.directory import filters, people
from app.directory.wanted import Unclear, Wanted, read
from app.inbox import Refused, consents
from app.inbox.consents import Said
from app.inbox.purposes import purposes
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    CustomerFilter,
    Event,
    Identity,
    Label,
    Tally,
)
from app.queries import NotFound
from channels import base
from tests import factories as make
from tests.connectors import installed

DAY = timedelta(days=1)


@dataclass
class House:
    """Hana wrote by post and ordered; Jiro on the site, a week ago; Ken on the site, and complained."""

    db: Session
    boss: Agent
    agent: Agent
    post: Channel
    site: Channel
    hana: Conversation
    jiro: Conversation
    ken: Conversation

    def names(self, viewer: Agent | None = None, **wanted: object) -> list[str]:
        self.db.flush()
        found = people.find_people(self.db, viewer or self.boss, Wanted(**wanted))  # type: ignore[arg-type]
        return [one.customer.name for one in found.rows]

    def identity(self, of: Conversation) -> Identity:
        return make.identity_of(self.db, of)

    def tally(self, of: Conversation, **times: object) -> None:
        self.db.add(Tally(identity_id=self.identity(of).id, **times))


@pytest.fixture
def house(db: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with installed(monkeypatch, reply_window=DAY):
        post, site = make.channel(db, "post", name="Post"), make.channel(db, name="Site")

        def writes(channel: Channel, name: str, ago: timedelta) -> Conversation:
            with as_of(now() - ago):
                return make.conversation(db, channel, sender=base.Person(f"id-{name}", name=name))

        made = House(
            db,
            make.supervisor(db),
            make.agent(db),
            post,
            site,
            writes(post, "山田 花子", timedelta(hours=1)),
            writes(site, "鈴木 次郎", 7 * DAY),
            writes(site, "佐藤 健", 2 * DAY),
        )
        yield made


def test_who_was_in_touch_last_stands_first_and_who_never_was_last(house: House) -> None:
    silent = Customer(name="無口 静")
    house.db.add(silent)
    house.db.flush()
    own = Conversation(customer_id=silent.id)
    house.db.add(own)
    house.db.flush()
    own.head_id = own.id
    order = ["山田 花子", "佐藤 健", "鈴木 次郎", "無口 静"]
    assert house.names() == order
    walked, after = [], None
    while True:
        page = people.find_people(house.db, house.boss, Wanted(), after, 1)
        walked += [one.customer.name for one in page.rows]
        after = page.after
        if after is None:
            break
    assert walked == order


def test_a_person_is_one_row_with_all_of_their_addresses(house: House) -> None:
    inbox.link(
        house.db,
        make.customer_of(house.db, house.jiro),
        make.customer_of(house.db, house.hana),
        evidence={},
    )
    assert house.names() == ["山田 花子", "佐藤 健"]
    found = people.find_people(house.db, house.boss, Wanted(q="次郎")).rows
    assert [one.conversation.id for one in found] == [house.hana.id]
    assert len(found[0].identities) == 2
    assert [(way.channel.name, way.hindered) for way in found[0].ways] == [("Post", ""), ("Site", "")]


def test_words_find_names_and_addresses(house: House) -> None:
    assert house.names(q="はなこ") == []
    make.customer_of(house.db, house.hana).name_kana = "やまだ はなこ"
    inbox.edit_customer(
        house.db,
        house.agent,
        make.customer_of(house.db, house.hana),
        inbox.Profile(name_kana="ヤマダ ハナコ"),
    )
    assert house.names(q="はなこ") == ["山田 花子"]
    assert house.names(q="id-佐藤") == ["佐藤 健"]
    assert house.names(q="  ") == house.names()
    assert house.names(q="居ない") == []


def test_reached_by_a_channel_means_that_it_can_be_written_to_now(house: House) -> None:
    post, hana = house.post.id, house.identity(house.hana)
    assert house.names(channel=post) == ["山田 花子"]
    with as_of(now() + 2 * DAY):
        assert house.names(channel=post) == []
    hana.unreachable = "550"
    assert house.names(channel=post) == []
    hana.unreachable = ""
    consents.consent(house.db, hana, Said(False, source="api"))
    assert house.names(channel=post) == []
    (way,) = people.find_people(house.db, house.boss, Wanted(q="花子")).rows[0].ways
    assert way.hindered == "unwanted"
    with pytest.raises(Unclear):
        house.names(channel=10**6)


def test_a_channel_that_only_receives_reaches_nobody(house: House) -> None:
    shop = make.channel(house.db, "api", name="Shop")
    make.conversation(house.db, shop, sender=base.Person("u1", name="受信 専子"))
    assert house.names(channel=shop.id) == []
    (row,) = people.find_people(house.db, house.boss, Wanted(q="専子")).rows
    assert [way.hindered for way in row.ways] == ["receives"]
    shop.settings = {**shop.settings, "callback_url": "https://shop.example.jp/in"}
    assert house.names(channel=shop.id) == ["受信 専子"]


def test_the_list_agrees_with_the_ways_of_the_inbox(house: House) -> None:
    said = [
        Said(False, "marketing", source="api"),
        Said(True, "marketing", kind="post", source="form"),
        Said(False, "service", channel=house.post, source="stop"),
    ]
    for one in (None, *said):
        if one is not None:
            consents.consent(house.db, house.identity(house.hana), one)
        for purpose in purposes(house.db):
            reached = set(house.names(consent=purpose.key))
            for head in (house.hana, house.jiro, house.ken):
                ways = inbox.ways.ways(house.db, head)
                held = consents.unwilling(house.db, ways, purpose.key)
                may = any(
                    (identity.id, channel.id) not in held
                    and not inbox.ways.is_closed(house.db, identity, channel)
                    for identity, channel in ways
                )
                assert (make.customer_of(house.db, head).name in reached) == may


def test_consent_is_asked_for_the_purpose(house: House) -> None:
    assert house.names(consent="marketing") == []
    consents.consent(house.db, house.identity(house.ken), Said(True, "marketing", source="form"))
    assert house.names(consent="marketing") == ["佐藤 健"]
    assert house.names(consent="marketing", channel=house.post.id) == []
    with pytest.raises(Unclear):
        house.names(consent="nothing")


def test_what_they_did_lately(house: House) -> None:
    house.tally(house.hana, last_order_at=now() - 30 * DAY, last_visit_at=now() - DAY)
    house.tally(house.ken, last_order_at=now() - 200 * DAY)
    assert house.names(ordered=90) == ["山田 花子"]
    assert house.names(ordered=365) == ["山田 花子", "佐藤 健"]
    assert house.names(visited=7) == ["山田 花子"]
    assert house.names(wrote=3) == ["山田 花子", "佐藤 健"]
    found = people.find_people(house.db, house.boss, Wanted(q="花子")).rows[0]
    assert found.last_order_at is not None


def test_line_reachable_ordered_in_ninety_days_complained(house: House) -> None:
    for head in (house.hana, house.ken):
        house.tally(head, last_order_at=now() - 30 * DAY)
        inbox.escalate(house.db, head, "complaint", "遅い", agent=house.agent)
    assert house.names(escalation="complaint") == ["山田 花子", "佐藤 健"]
    assert house.names(escalation="legal") == []
    assert house.names(escalation="any", ordered=90, channel=house.post.id) == ["山田 花子"]


def test_labels_language_attributes_cases_tasks_and_who_has_it(house: House) -> None:
    vip, other = Label(name="VIP"), Label(name="予約")
    house.db.add_all([vip, other])
    house.db.flush()
    inbox.put_label(house.db, house.ken, vip, agent=house.agent)
    inbox.put_label(house.db, house.hana, vip, agent=house.agent)
    inbox.put_label(house.db, house.hana, other, agent=house.agent)
    assert house.names(labels=(vip.id,)) == ["山田 花子", "佐藤 健"]
    assert house.names(labels=(vip.id, other.id)) == ["山田 花子"]
    house.ken.locale = "en-GB"
    assert house.names(language="en") == ["佐藤 健"]
    customer = make.customer_of(house.db, house.jiro)
    inbox.edit_customer(house.db, house.agent, customer, inbox.Profile(attributes={"会員 ランク": "金"}))
    assert house.names(attribute="会員 ランク", value="金") == ["鈴木 次郎"]
    assert house.names(attribute="会員 ランク", value="銀") == []
    inbox.resolve(house.db, house.agent, house.jiro)
    assert house.names(opened=True) == ["山田 花子", "佐藤 健"]
    tasks.add(house.db, house.ken, "電話する", now() + DAY, house.agent)
    assert house.names(task=True) == ["佐藤 健"]
    inbox.assign(house.db, house.boss, house.jiro, house.agent)
    assert house.names(owner=house.agent.id) == ["鈴木 次郎"]


def test_known_since_counts_from_the_viewers_midnight(house: House) -> None:
    today = now().date().isoformat()
    assert house.names(since="2020-01-01") == house.names()
    assert house.names(since="2100-01-01") == []
    assert house.names(since=today) is not None


def test_nobody_is_shown_or_counted_whom_one_may_not_see(house: House) -> None:
    house.ken.team_id = make.team(house.db).id
    assert house.names(house.agent) == ["山田 花子", "鈴木 次郎"]
    assert people.count_people(house.db, house.agent, Wanted()) == 2
    assert people.count_people(house.db, house.boss, Wanted()) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"channel": "LINE"},
        {"ordered": "99999999999999999999"},
        {"ordered": "4000"},
        {"since": "yesterday"},
        {"since": "9999-12-31"},
        {"labels": ["x"]},
        {"attribute": 'a"b'},
    ],
)
def test_what_cannot_be_meant_is_said(given: dict[str, object]) -> None:
    with pytest.raises(Unclear):
        read(given)


def test_conditions_are_kept_as_they_were_given() -> None:
    wanted = Wanted(q="花", channel=3, ordered=90, escalation="complaint", labels=(1, 2), opened=True)
    assert read(wanted.told()) == wanted
    assert wanted.narrowed == 5
    assert read({"q": "\x00花\n子", "opened": ""}).q == "花 子"


def test_a_filter_is_kept_shared_and_counted(house: House) -> None:
    mine = filters.keep_filter(house.db, house.agent, " 花 ", Wanted(q="花子"), shared=False)
    assert (mine.name, filters.wanted_by(mine)) == ("花", Wanted(q="花子"))
    same = filters.keep_filter(house.db, house.agent, "花", Wanted(q="次郎"), shared=False)
    assert same.id == mine.id
    with pytest.raises(Refused, match="Only supervisors"):
        filters.keep_filter(house.db, house.agent, "みんな", Wanted(), shared=True)
    for name in ("", "長" * 61):
        with pytest.raises(Refused, match="a name of at most"):
            filters.keep_filter(house.db, house.agent, name, Wanted(), shared=False)
    ours = filters.keep_filter(house.db, house.boss, "全員", Wanted(), shared=True)
    assert [one.name for one in filters.filters_of(house.db, house.agent)] == ["全員", "花"]
    assert [one.name for one in filters.filters_of(house.db, house.boss)] == ["全員"]
    assert (filters.sees_count(house.agent, mine), filters.sees_count(house.agent, ours)) == (True, False)
    with pytest.raises(NotFound):
        filters.filter_for(house.db, house.boss, mine.id)
    with pytest.raises(Refused):
        filters.remove_filter(house.db, house.agent, ours)
    filters.remove_filter(house.db, house.boss, ours)
    house.db.flush()
    assert [one.name for one in filters.filters_of(house.db, house.agent)] == ["花"]
    kinds = house.db.scalars(select(Event.kind).where(Event.kind == "audit.filter_shared")).all()
    assert len(kinds) == 2


def test_an_old_filter_that_is_not_understood_asks_for_nothing(house: House) -> None:
    kept = CustomerFilter(agent_id=house.agent.id, name="alt", wanted={"ordered": "never"})
    assert filters.wanted_by(kept) == Wanted()


def test_nobody_is_left_out_where_a_request_looks_at_few(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "WALK", 2)
    for n in range(5):
        silent = Customer(name=f"無口 {n}", locale="ja")
        house.db.add(silent)
        house.db.flush()
        own = Conversation(customer_id=silent.id)
        house.db.add(own)
        house.db.flush()
        own.head_id = own.id
    for wanted in (Wanted(), Wanted(language="ja"), Wanted(channel=house.site.id), Wanted(language="xx")):
        for size in (1, 2, 50):
            monkeypatch.setattr(people, "WALK", 2)
            walked, after, pages = [], None, 0
            while pages < 30:
                page = people.find_people(house.db, house.boss, wanted, after, size)
                walked += [one.conversation.id for one in page.rows]
                after, pages = page.after, pages + 1
                if after is None:
                    break
            monkeypatch.setattr(people, "WALK", 10_000)
            whole = people.find_people(house.db, house.boss, wanted, None, 100).rows
            assert walked == [one.conversation.id for one in whole], (wanted, size)
