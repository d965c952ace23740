"""What is noted of customers with a type: defined in the settings, changed in the panel and by the API alike."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app import inbox
from app.db import reading, transaction
from app.inbox import attributes
from app.inbox.attributes import Attribute
from app.models import Agent, Conversation, Customer, Event
from channels.base import Person
from tests import factories
from tests.api.calling import program
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
DEFINED = (
    Attribute("rank", "会員ランク", "Rank", "choice", ("ゴールド", "シルバー")),
    Attribute("birthday", "誕生日", "Birthday", "date"),
    Attribute("size", "足のサイズ", "Shoe size", "number", editors="supervisors"),
    Attribute("catalogue", "カタログ送付", "Catalogue", "yes_no"),
    Attribute("memo", "", "", "text"),
)


@pytest.fixture
def admin() -> Agent:
    with transaction() as db:
        made = factories.agent(db, role="admin", locale="en")
        for one in DEFINED:
            attributes.define(db, made, one)
    return made


@pytest.fixture
def thread(admin: Agent) -> Conversation:
    with transaction() as db:
        made = factories.conversation(db, sender=Person("v1", name="花子"))
        factories.customer_of(db, made).attributes = {"色": {"value": "赤", "proved": False, "at": ""}}
    return made


def kept(thread: Conversation) -> dict[str, str]:
    with reading() as db:
        return {
            name: one["value"] for name, one in db.get_one(Customer, thread.customer_id).attributes.items()
        }


def set_one(browser: Browser, thread: Conversation, name: str, value: str) -> Any:
    return browser.submit(f"/conversations/{thread.id}/attributes", {"name": name, "value": value})


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("rank", "ゴールド", "ゴールド"),
        ("rank", "プラチナ", None),
        ("birthday", "２０２６年２月３日", "2026-02-03"),
        ("birthday", "2026/2/30", None),
        ("size", "２４．５", "24.5"),
        ("size", "1,200", "1200"),
        ("size", "大", None),
        ("catalogue", "はい", "yes"),
        ("catalogue", "maybe", None),
        ("memo", " 犬と来店 ", "犬と来店"),
        ("memo", "長" * 501, None),
    ],
)
def test_a_value_is_checked_by_its_type_in_the_panel_and_by_the_api(
    admin: Agent, thread: Conversation, name: str, given: str, stored: str | None
) -> None:
    response = set_one(Browser().come_in(admin), thread, name, given)
    assert response.status_code == (204 if stored is not None else 422)
    assert kept(thread).get(name) == stored
    path, caller = f"/customers/{thread.customer_id}", program(admin)
    body: Any = {"json": {"attributes": {name: given}}, "headers": {"if-match": "*"}}
    if stored is None:
        assert caller.refused("PATCH", path, 422, **body)["errors"][0]["field"].startswith("body.attributes")
    else:
        assert caller.call("PATCH", path, **body)["attributes"][name]["value"] == stored


def test_the_panel_shows_fields_and_leaves_what_has_no_type(admin: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(admin)
    set_one(browser, thread, "rank", "シルバー")
    page = browser.see(f"/conversations/{thread.id}/panel")
    assert all(
        words in page
        for words in ("Rank", "Shoe size", "Catalogue", "<option selected>シルバー</option>", "赤")
    )
    assert kept(thread)["色"] == "赤"
    assert set_one(browser, thread, "rank", "").status_code == 204
    assert "rank" not in kept(thread)
    assert set_one(browser, thread, "色", "青").status_code == 404
    with reading() as db:
        fields = [
            one.data["fields"] for one in db.scalars(select(Event).where(Event.kind == "customer.changed"))
        ]
    assert fields == [["attributes"]] * 2


def test_a_value_is_taken_away_from_every_record_of_the_person(admin: Agent, thread: Conversation) -> None:
    with transaction() as db:
        other = factories.conversation(db, sender=Person("v2"))
        child, parent = (db.get_one(Customer, one.customer_id) for one in (other, thread))
        inbox.edit_customer(db, admin, child, inbox.Profile(attributes={"rank": "ゴールド"}))
        inbox.link(db, child, parent, evidence={})
    browser = Browser().come_in(admin)
    assert "<option selected>ゴールド</option>" in browser.see(f"/conversations/{thread.id}/panel")
    set_one(browser, thread, "rank", "")
    assert "<option selected>ゴールド</option>" not in browser.see(f"/conversations/{thread.id}/panel")


def test_who_may_not_change_one_only_reads_it(admin: Agent, thread: Conversation) -> None:
    with transaction() as db:
        agent = factories.agent(db, locale="en")
    browser = Browser().come_in(agent)
    assert 'value="size"' not in browser.see(f"/conversations/{thread.id}/panel")
    refused = set_one(browser, thread, "size", "24")
    assert refused.status_code == 422
    assert "You may not change “Shoe size”." in refused.text
    caller = program(agent)
    body: Any = {"json": {"attributes": {"size": None}}, "headers": {"if-match": "*"}}
    caller.refused("PATCH", f"/customers/{thread.customer_id}", 422, **body)
    assert set_one(browser, thread, "rank", "ゴールド").status_code == 204


def test_an_admin_defines_changes_and_removes_one(admin: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(admin)
    assert "Shoe size" in browser.see("/settings/attributes")
    form = {
        "name": "shop",
        "ja": "よく行く店",
        "type": "choice",
        "choices": "心斎橋\n\n梅田\n心斎橋",
        "editors": "everybody",
    }
    assert browser.submit("/settings/attributes", form).status_code == 303
    with reading() as db:
        assert attributes.attributes(db)["shop"].choices == ("心斎橋", "梅田")
    assert browser.submit("/settings/attributes", form).status_code == 422
    assert (
        browser.submit("/settings/attributes", {**form, "before": "shop", "choices": ""}).status_code == 422
    )
    assert browser.submit("/settings/attributes", {**form, "before": "shop", "en": "Shop"}).status_code == 303
    assert 'value="shop" autocomplete="off" maxlength="64" required readonly' in browser.see(
        "/settings/attributes?edit=shop"
    )
    set_one(browser, thread, "shop", "梅田")
    assert browser.submit("/settings/attributes/removed", {"name": "shop"}).status_code == 303
    assert kept(thread)["shop"] == "梅田"
    assert browser.submit("/settings/attributes/removed", {"name": "shop"}).status_code == 404
    assert "was defined, changed or removed" in browser.see("/settings/audit?kind=settings")


def test_only_admins_define(admin: Agent) -> None:
    with transaction() as db:
        overseer = factories.supervisor(db)
    browser = Browser().come_in(overseer)
    assert browser.get("/settings/attributes").status_code == 403
    assert browser.submit("/settings/attributes", {"name": "x"}).status_code == 403
