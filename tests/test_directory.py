"""Lists for integrators: through the viewer, paged by key, and complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import directory, inbox, labels
from app.customers import describe
from app.db import as_of, now
from app.directory import BadCursor, CasesAsked, CustomersAsked, Page
from app.inbox.profile import Profile, Wrong
from app.models import Agent, Conversation, Customer, Event
from app.queries import NotFound
from channels.base import Person
from tests import factories

ALL = CustomersAsked()


def everything(page: Callable[[str | None], Page[Any]]) -> list[Any]:
    """Every row of a list, page after page."""
    rows: list[Any] = []
    after: str | None = None
    while True:
        found = page(after)
        rows += found.rows
        after = found.after
        if after is None:
            return rows


@pytest.fixture
def hanako(db: Session) -> Agent:
    return factories.agent(db, "佐藤 花子")


def customers(db: Session, *names: str) -> list[Customer]:
    shop = factories.channel(db)
    made = []
    for name in names:
        head = factories.conversation(db, shop, sender=Person(f"{name}@example.jp", name=name))
        made.append(factories.customer_of(db, head))
    return made


def hidden(db: Session, customer: Customer) -> None:
    """Give their thread to a team nobody of the test is in."""
    head = db.query(Conversation).filter_by(customer_id=customer.id).one()
    head.team_id = factories.team(db).id
    db.flush()


def test_customers_come_newest_first_each_once(db: Session, hanako: Agent) -> None:
    made = customers(db, *(f"客{n}" for n in range(5)))
    found = everything(lambda after: directory.find_customers(db, hanako, ALL, after, 2))
    assert [one.customer.id for one in found] == [one.id for one in reversed(made)]
    assert [one.identities[0].display for one in found] == [f"客{n}" for n in (4, 3, 2, 1, 0)]


def test_a_customer_of_another_team_does_not_exist(db: Session, hanako: Agent) -> None:
    mine, theirs = customers(db, "山田 太郎", "鈴木 一郎")
    hidden(db, theirs)
    address = "鈴木 一郎@example.jp"
    assert [one.customer.id for one in directory.find_customers(db, hanako, ALL, None, 9).rows] == [mine.id]
    assert not directory.find_customers(db, hanako, CustomersAsked(q="鈴木"), None, 9).rows
    assert not directory.find_customers(db, hanako, CustomersAsked(address=address), None, 9).rows
    assert not directory.whose(db, hanako, address).rows
    with pytest.raises(NotFound):
        directory.customer_for(db, hanako, theirs.id)
    boss = factories.supervisor(db)
    assert directory.customer_for(db, boss, theirs.id).customer.name == "鈴木 一郎"
    assert [one.customer_id for one in directory.whose(db, boss, address).rows] == [theirs.id]


def test_words_find_names_in_any_spelling_page_by_page(db: Session, hanako: Agent) -> None:
    made = customers(db, "髙橋 花", "ヤマダ", "高橋 太郎", "高橋 次郎")
    asked = CustomersAsked(q="高橋")
    found = everything(lambda after: directory.find_customers(db, hanako, asked, after, 1))
    assert [one.customer.id for one in found] == [made[3].id, made[2].id, made[0].id]
    assert not directory.find_customers(db, hanako, CustomersAsked(q="?!"), None, 5).rows


def test_who_may_see_little_pages_on_through_what_is_looked_through(
    db: Session, hanako: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.directory.customers.PORTIONS", (2, 3))
    made = customers(db, *(f"高橋 {n}" for n in range(12)))
    for one in made[1:11]:
        hidden(db, one)
    for asked in (ALL, CustomersAsked(q="高橋")):
        pages = [directory.find_customers(db, hanako, asked, None, 1)]
        while pages[-1].after is not None:
            pages.append(directory.find_customers(db, hanako, asked, pages[-1].after, 1))
        assert [one.customer.id for page in pages for one in page.rows] == [made[11].id, made[0].id]
        assert len(pages) > 2
    address = CustomersAsked(address="高橋 0@example.jp")
    assert [one.customer.id for one in directory.find_customers(db, hanako, address, None, 1).rows] == [
        made[0].id
    ]


def test_an_address_finds_its_customer_exactly(db: Session, hanako: Agent) -> None:
    made = customers(db, "a", "b")
    kind = directory.identities_of(db, [made[0].id])[made[0].id][0].kind
    asked = CustomersAsked(address="a@example.jp", kind=kind)
    assert [one.customer.id for one in directory.find_customers(db, hanako, asked, None, 5).rows] == [
        made[0].id
    ]
    assert not directory.find_customers(db, hanako, CustomersAsked(address="A@example"), None, 5).rows
    assert not directory.find_customers(db, hanako, CustomersAsked(kind="fax"), None, 5).rows
    assert len(directory.find_customers(db, hanako, CustomersAsked(kind=kind), None, 5).rows) == 2


def test_what_changed_since_is_told_in_the_order_it_changed(db: Session, hanako: Agent) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    with as_of(start):
        first, second, _third = customers(db, "a", "b", "c")
    for n, one in enumerate((second, first), start=1):
        with as_of(start + timedelta(hours=n)):
            inbox.edit_customer(db, hanako, one, Profile(note="常連"))
    asked = CustomersAsked(updated_after=start)
    found = everything(lambda after: directory.find_customers(db, hanako, asked, after, 1))
    assert [one.customer.id for one in found] == [second.id, first.id]


def test_a_linked_customer_is_shown_in_the_other_thread(db: Session, hanako: Agent) -> None:
    child, parent = customers(db, "child", "parent")
    inbox.link(db, child, parent, agent=hanako, evidence={})
    found = directory.customer_for(db, hanako, child.id)
    assert found.conversation_id == directory.customer_for(db, hanako, parent.id).conversation_id


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 40, "20260101T000000.000000Z-5", "１"])
def test_what_is_no_cursor_is_refused(db: Session, hanako: Agent, cursor: str) -> None:
    with pytest.raises(BadCursor):
        directory.find_customers(db, hanako, ALL, cursor, 5)
    with pytest.raises(BadCursor):
        directory.find_cases(db, hanako, CasesAsked(), cursor.removesuffix("-5"), 5)


# --- cases --------------------------------------------------------------------------------------------


def test_cases_are_told_newest_first_and_narrowed(db: Session, hanako: Agent) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    heads = []
    for n in range(4):
        with as_of(start + timedelta(days=n)):
            heads.append(factories.conversation(db))
    with as_of(start + timedelta(days=9)):
        inbox.resolve(db, hanako, heads[1])

    def ids(**asked: Any) -> list[int]:
        found = everything(lambda after: directory.find_cases(db, hanako, CasesAsked(**asked), after, 2))
        return [one.conversation_id for one in found]

    assert ids() == [head.id for head in reversed(heads)]
    assert ids(status="open") == [heads[3].id, heads[2].id, heads[0].id]
    assert ids(opened_after=start + timedelta(days=1), opened_before=start + timedelta(days=3)) == [
        heads[2].id,
        heads[1].id,
    ]
    assert ids(resolved_after=start + timedelta(days=8)) == [heads[1].id]
    assert ids(resolved_before=start + timedelta(days=8)) == []
    assert ids(conversation_id=heads[2].id) == [heads[2].id]
    number = directory.find_cases(db, hanako, CasesAsked(conversation_id=heads[0].id), None, 1).rows[0].number
    assert ids(number=number) == [heads[0].id]


def test_a_case_of_another_team_does_not_exist(db: Session, hanako: Agent) -> None:
    head = factories.conversation(db)
    case = directory.find_cases(db, hanako, CasesAsked(), None, 5).rows[0]
    assert directory.case_for(db, hanako, case.id) is case
    hidden(db, factories.customer_of(db, head))
    assert not directory.find_cases(db, hanako, CasesAsked(), None, 5).rows
    with pytest.raises(NotFound):
        directory.case_for(db, hanako, case.id)
    with pytest.raises(NotFound):
        directory.find_cases(db, hanako, CasesAsked(conversation_id=head.id), None, 5)


def test_the_desk_is_for_those_who_oversee(db: Session, hanako: Agent) -> None:
    boss = factories.supervisor(db)
    made = [
        inbox.escalate(db, factories.conversation(db), kind, "理由", agent=hanako)
        for kind in ("other", "legal")
    ]
    found = everything(lambda after: directory.find_escalations(db, boss, "active", after, 1))
    assert found == made[::-1]
    inbox.settle(db, boss, made[0], "解決")
    assert directory.find_escalations(db, boss, "resolved", None, 5).rows == [made[0]]
    for viewer, state in ((hanako, "active"), (boss, "nonsense")):
        with pytest.raises(NotFound):
            directory.find_escalations(db, viewer, state, None, 5)


# --- the house ----------------------------------------------------------------------------------------


def test_the_things_of_the_house_are_paged_by_id(db: Session, hanako: Agent) -> None:
    gone = factories.agent(db, active=False)
    team = factories.team(db, hanako, gone)
    assert [one.id for one in everything(lambda after: directory.agents(db, after, 1))] == [
        hanako.id,
        gone.id,
    ]
    assert directory.agents(db, None, 5, active=True).rows == [hanako]
    assert directory.members_of(db, [team.id]) == {team.id: [hanako.id, gone.id]}
    entry = factories.faq(db, language="ja")
    assert directory.entries(db, None, 5, language="ja", enabled=True).rows == [entry]
    assert not directory.entries(db, None, 5, enabled=False).rows
    assert directory.one(db, Agent, gone.id) is gone
    for id in (0, -1, 2**63, 10**30):
        with pytest.raises(NotFound):
            directory.one(db, Agent, id)


# --- what is kept about a customer ----------------------------------------------------------------------


def test_a_customer_is_set_right_with_one_event(db: Session, hanako: Agent) -> None:
    (one,) = customers(db, "たかはし")
    wanted = Profile(
        name=" 髙橋\n花子 ",
        name_kana="タカハシ ハナコ",
        note="お得意様\r\n左利き",
        attributes={"会員番号": "A-12"},
    )
    assert inbox.edit_customer(db, hanako, one, wanted) == ["name", "name_kana", "note", "attributes"]
    assert (one.name, one.note) == ("髙橋 花子", "お得意様\n左利き")
    assert one.attributes["会員番号"]["value"] == "A-12"
    assert inbox.edit_customer(db, hanako, one, wanted) == []
    told = db.query(Event).filter_by(kind="customer.changed").one()
    assert told.data["customer"] == one.id
    assert [
        row.customer.id
        for row in directory.find_customers(db, hanako, CustomersAsked(q="高橋"), None, 5).rows
    ]


def test_an_attribute_is_taken_away_by_none_and_proved_by_the_house(db: Session, hanako: Agent) -> None:
    (one,) = customers(db, "a")
    one.attributes = {
        "rank": {"value": "gold", "proved": False, "at": now().isoformat()},
        "x": {"value": "1"},
    }
    inbox.edit_customer(db, hanako, one, Profile(attributes={"rank": "gold", "x": None}))
    assert one.attributes["rank"]["proved"]
    assert "x" not in one.attributes


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("name", Profile(name="名" * 201)),
        ("name_kana", Profile(name_kana="カ" * 201)),
        ("locale", Profile(locale="日本語")),
        ("note", Profile(note="長" * 10_001)),
        ("attributes", Profile(attributes={"": "x"})),
        ("attributes", Profile(attributes={"x": "長" * 501})),
        ("attributes", Profile(attributes={f"n{n}": "x" for n in range(51)})),
    ],
)
def test_what_cannot_be_kept_names_its_field(db: Session, hanako: Agent, field: str, wanted: Profile) -> None:
    (one,) = customers(db, "a")
    with pytest.raises(Wrong) as refused:
        inbox.edit_customer(db, hanako, one, wanted)
    assert refused.value.field == field


def test_of_a_payment_card_s_number_only_the_end_is_kept_wherever_an_agent_writes_it(
    db: Session, hanako: Agent
) -> None:
    (one,) = customers(db, "a")
    card = "4111 1111 1111 1111"
    wanted = Profile(
        name=f"山田 {card}", note=f"カードは{card}", attributes={"pay": card, f"card {card}": "x"}
    )
    inbox.edit_customer(db, hanako, one, wanted)
    label = labels.add(db, hanako, f"要確認 {card}", 0)
    describe(db, one, {"said": card}, proved=False)
    said = json.dumps([one.name, one.note, one.attributes, label.name], ensure_ascii=False)
    assert said.count("•••• 1111") == 6
    assert "4111" not in said
