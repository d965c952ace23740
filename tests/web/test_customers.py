"""The page of customers, its filters and its export."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app import connect, inbox
from app.db import reading, transaction
from app.directory import filters, people
from app.directory.wanted import Wanted
from app.models import Agent, Channel, Conversation, Customer, CustomerFilter, Event, Identity
from channels.base import Person
from tests import factories
from tests.statements import forbidden, more_often, recorded
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@dataclass(frozen=True)
class Cast:
    """An admin, an agent, and three customers; the last is of a team that the agent is not in."""

    admin: Agent
    agent: Agent
    box: Channel
    heads: list[Conversation]


@pytest.fixture
def cast() -> Cast:
    with transaction() as db:
        admin = factories.agent(db, "管理 人", role="admin", locale="en")
        agent = factories.agent(db, "佐藤 恵", locale="en")
        box = factories.channel(
            db, "email", name="Mail", settings={"address": "shop@example.jp", "smtp_host": "smtp.example.jp"}
        )
        heads = [
            factories.conversation(db, box, sender=Person(f"c{n}@example.jp", name=name))
            for n, name in enumerate(("山田 花子", "=HYPERLINK(1)", "秘密 太郎"))
        ]
        heads[2].team_id = factories.team(db).id
    return Cast(admin, agent, box, heads)


def test_the_list_shows_whom_one_may_see_and_leads_to_their_thread(cast: Cast) -> None:
    page = Browser().come_in(cast.agent).see("/customers")
    assert f'href="/inbox/{cast.heads[0].id}"' in page
    assert "山田 花子" in page
    assert "秘密 太郎" not in page
    assert "Export as CSV" not in page
    assert 'href="/customers"' in page
    assert "秘密 太郎" in Browser().come_in(cast.admin).see("/customers")


def test_conditions_narrow_it_and_nothing_found_says_what_to_do(cast: Cast) -> None:
    browser = Browser().come_in(cast.agent)
    shown = browser.see("/customers", params={"q": "花子", "channel": cast.box.id, "opened": "1"})
    assert "山田 花子" in shown
    assert "HYPERLINK" not in shown
    assert "No customer is all of this" in browser.see("/customers", params={"q": "花子", "ordered": "30"})
    wrong = browser.see("/customers", params={"since": "gestern"})
    assert "cannot be meant" in wrong
    assert "cannot be meant" in browser.see("/customers", params={"channel": "987654"})
    assert browser.get("/customers", params={"after": "nonsense"}).status_code == 200


def test_a_value_of_any_length_is_found_exactly(cast: Cast) -> None:
    value = "犬  と" * 100
    with transaction() as db:
        customer = db.get_one(Customer, cast.heads[0].customer_id)
        inbox.edit_customer(db, cast.admin, customer, inbox.Profile(attributes={"memo": value}))
    shown = Browser().come_in(cast.agent).see("/customers", params={"attribute": "memo", "value": value})
    assert "山田 花子" in shown
    assert "HYPERLINK" not in shown


@pytest.mark.parametrize("named", ["9" * 4500, "²", "x", "-1", "0"])
def test_a_filter_that_is_none_shows_everybody(cast: Cast, named: str) -> None:
    assert "山田 花子" in Browser().come_in(cast.agent).see("/customers", params={"filter": named})


def test_a_filter_is_saved_chosen_counted_and_removed(cast: Cast) -> None:
    browser = Browser().come_in(cast.admin)
    form = {"name": "花子さん", "q": "花子", "shared": "1"}
    assert browser.submit("/customers/filters", form).status_code == 303
    with reading() as db:
        kept = db.scalars(select(CustomerFilter)).one()
    filters.recount(kept.id)
    page = browser.see(f"/customers?filter={kept.id}")
    assert "花子さん" in page
    assert "<b>1</b>" in page
    assert "HYPERLINK" not in page
    agents = Browser().come_in(cast.agent)
    assert "<b>1</b>" not in agents.see("/customers/filters")
    assert agents.submit(f"/customers/filters/{kept.id}/removal").status_code == 403
    assert browser.submit("/customers/filters", {"name": ""}).status_code == 422
    assert browser.submit("/customers/filters", {"name": "x", "since": "x"}).status_code == 422
    assert browser.submit(f"/customers/filters/{kept.id}/removal").status_code == 303
    assert browser.get(f"/customers?filter={kept.id}").status_code == 404


def test_a_filter_counted_within_ten_minutes_is_not_counted_again(cast: Cast) -> None:
    browser = Browser().come_in(cast.admin)
    browser.submit("/customers/filters", {"name": "alle"})
    with reading() as db:
        kept = db.scalars(select(CustomerFilter)).one()
    filters.recount(kept.id)
    with transaction() as db:
        factories.conversation(db, db.get_one(Channel, cast.box.id), sender="new@example.jp")
    filters.recount(kept.id)
    filters.recount(987_654)
    with reading() as db:
        assert db.scalars(select(CustomerFilter)).one().count == 3


def test_the_export_is_a_file_excel_reads_and_runs_nothing_of(cast: Cast) -> None:
    browser = Browser().come_in(cast.admin)
    browser.see("/customers")
    taken = browser.submit("/customers/export", {"channel": str(cast.box.id)})
    assert taken.status_code == 200
    assert taken.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in taken.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(taken.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["Number", "Name"]
    assert {row[1] for row in rows[1:]} == {"山田 花子", "'=HYPERLINK(1)", "秘密 太郎"}
    assert rows[1][5] == "Mail"
    with reading() as db:
        told = db.scalars(select(Event).filter_by(kind="audit.customers_exported")).one()
        assert (told.agent_id, told.data["wanted"]) == (cast.admin.id, {"channel": cast.box.id})
    assert "was exported as CSV" in browser.see("/settings/audit")
    assert Browser().come_in(cast.agent).submit("/customers/export").status_code == 403


def test_the_export_has_no_address_of_who_withheld_their_number(cast: Cast) -> None:
    with transaction() as db:
        nobody = Person(connect.of_nobody("3f2a"), kind="phone")
        factories.conversation(db, db.get_one(Channel, cast.box.id), sender=nobody)
        assert db.scalar(select(Identity.address).filter_by(kind="phone")) == nobody.address
    browser = Browser().come_in(cast.admin)
    browser.see("/customers")
    taken = browser.submit("/customers/export").content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(taken)))) == 1 + 4
    assert "@invalid" not in taken


@pytest.mark.parametrize("gone", [{"consent": "nothing"}, {"channel": "987654"}])
def test_a_condition_that_is_meant_no_more_is_told_instead_of_a_file(
    cast: Cast, gone: dict[str, str]
) -> None:
    browser = Browser().come_in(cast.admin)
    browser.see("/customers")
    assert browser.submit("/customers/export", gone).status_code == 422
    with reading() as db:
        assert db.scalars(select(Event).filter_by(kind="audit.customers_exported")).first() is None


def test_who_writes_while_the_list_is_exported_is_in_it_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "PORTION", 1)
    seen: list[int] = []
    for portion in people.all_people(cast.admin, Wanted()):
        if not seen:  # the last of the list goes to its top
            with transaction() as db:
                said = factories.customer_says(
                    db, db.get_one(Channel, cast.box.id), "まだですか", "c0@example.jp"
                )
                assert said.conversation_id == cast.heads[0].id
        seen += [one.conversation.id for one in portion]
    assert sorted(seen) == sorted(head.id for head in cast.heads)


def test_shop_staff_have_no_list() -> None:
    with transaction() as db:
        staff = factories.agent(db, role="store")
    browser = Browser().come_in(staff)
    assert browser.get("/customers").status_code in (303, 403, 404)


def test_the_list_costs_the_same_statements_for_ten_rows_and_a_thousand(cast: Cast) -> None:
    browser = Browser().come_in(cast.admin)
    asked = {"channel": cast.box.id, "wrote": 30, "opened": "1", "consent": "notices"}

    def look() -> list[str]:
        with recorded() as statements:
            browser.see("/customers", params=asked)
        return statements

    _many(cast, 10)
    look()
    few = look()
    _many(cast, 1_000)
    many = look()
    assert not more_often(few, many)
    assert not forbidden(many)


def _many(cast: Cast, n: int) -> None:
    with transaction() as db:
        box = db.get_one(Channel, cast.box.id)
        start = db.query(Customer).count()
        events = [factories.inbound(sender=f"m{start + k}@example.jp") for k in range(n)]
        factories.accept(db, box, *events)
