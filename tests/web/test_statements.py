"""A page costs the same statements whether it lists ten rows or a thousand, counts no table and skips no rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.routing import Route

from app import web
from app.db import transaction
from tests import engines, factories
from tests.growth import FIRST, World, grow
from tests.statements import forbidden, more_often, recorded
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

MANY = 1000 if engines.WHICH == "sqlite" else 100  # what is asked differs little between the engines
VIEWS = ("mine", "unassigned", "teams", "open", "bot", "snoozed", "resolved")
FIND = ("返品", "return", "客", "nothing-of-the-kind", "label:ラベル1000001", str(FIRST))
# What stands in the place of a parameter; a path may be asked for in several ways.
PLACES = {
    "/settings/channels/new/{kind}": ["/settings/channels/new/webchat"],
    "/inbox": [*(f"/inbox?view={view}" for view in VIEWS), "/inbox?view=open&sort=waiting"],
    "/inbox/rows": ["/inbox/rows?view=open"],
    "/inbox/{id:int}": [f"/inbox/{FIRST}", f"/inbox/{FIRST}?m={FIRST}"],
    "/customers": ["/customers", "/customers?wrote=365&consent=service&opened=1", "/customers?q=客"],
    "/search": [f"/search?q={query}" for query in FIND],
    "/settings/audit": [
        *(f"/settings/audit?kind={kind}" for kind in ("", "people", "bot", "conversations")),
        f"/settings/audit?person={FIRST}",
    ],
    "/settings/receipts": [f"/settings/receipts?view={view}" for view in ("trouble", "left_out", "all")],
    "/settings/faq/{id:int}/picture": [],  # a file
    "/settings/knowledge/replay/{id:int}/changes/{place:int}/choice": [],  # lists nothing
    "/settings/imports/{id}/progress": [],  # nothing, unless one is worked on
    "/settings/replies": ["/settings/replies", "/settings/replies?q=件名"],
    "/escalations": ["/escalations", f"/escalations?open={FIRST}"],
    "/tasks": [f"/tasks?view={view}" for view in ("mine", "teams", "all", "done")],
    "/conversations/{id:int}/messages": [
        f"/conversations/{FIRST}/messages?before=2999-01-01T00:00:00%2B00:00|1"
    ],
}
SEEN = "UPDATE signin SET last_seen_at"  # once in some minutes, whatever is looked at
# Doors that are no pages of ours: texts, files, probes, the widget's and the providers'. tests/api has the API.
NO_PAGES = re.compile(
    r"/(api|avatars|chat|continue|cti|demo|files|help|manual|robots\.txt|healthz|readyz|metrics|hooks|static|widget|link|login|pictures|shared|widget\.js)(/|$)"
)


def pages() -> Iterator[str]:
    """An address or more for every page there is."""
    for route in web.routes():
        if not isinstance(route, Route) or "GET" not in (route.methods or ()) or NO_PAGES.match(route.path):
            continue
        usual = re.sub(r"\{\w+(:int)?\}", str(FIRST), route.path)
        yield from PLACES.get(route.path, [usual])


def test_a_page_of_a_thousand_rows_costs_what_one_of_ten_does() -> None:
    world, browser = _begin()
    _visit(browser)  # what is found once and kept is not part of a page's cost
    few = _visit(browser)
    with transaction() as db:
        grow(db, world, MANY)
    for page in (f"/settings/faq/{FIRST}", f"/settings/knowledge/import/{FIRST}"):
        browser.see(page)  # the bot reads its book again, and the draft
    many = _visit(browser)
    assert not {page: more for page in few if (more := more_often(few[page], many[page]))}
    assert not {page: found for page in many if (found := forbidden(many[page]))}


@pytest.mark.parametrize(
    ("statement", "bounded"),
    [
        ("SELECT count(*) AS count_1 FROM message", False),
        ("SELECT count(message.id) AS count_1 \nFROM message WHERE message.conversation_id IN (…)", False),
        ("SELECT max(revision.id), COUNT (revision.id) FROM revision", False),
        ("SELECT count(one.id) FROM (SELECT message.id AS id FROM message) AS one", False),
        ("SELECT count(one.id) \nFROM (SELECT message.id AS id \nFROM message\n LIMIT ?) AS one", True),
        ("SELECT conversation.inbound_count FROM conversation", True),
        (
            "WITH recent AS MATERIALIZED (\n SELECT id FROM x WHERE (id < 9) LIMIT 5\n)\n"
            "SELECT count(id) FROM recent\n",
            True,
        ),
        ("WITH recent AS MATERIALIZED (\n  SELECT id FROM x\n)\nSELECT count(id) FROM recent", False),
    ],
)
def test_a_count_without_a_bound_is_seen(statement: str, *, bounded: bool) -> None:
    assert forbidden([statement]) == ([] if bounded else [statement])


def _begin() -> tuple[World, Browser]:
    """Ten rows of everything, and an admin who looks at them."""
    with transaction() as db:
        world = grow(db, World(factories.agent(db, "管理 者", role="admin")), 10)
    browser = Browser().come_in(world.viewer)
    assert "返品" in browser.see("/search?q=返品")
    return world, browser


def _visit(browser: Browser) -> dict[str, list[str]]:
    """Each page → what it asks of the database."""
    asked = {}
    for page in pages():
        with recorded() as said:
            response = browser.get(page)
        assert response.status_code in (200, 303), (page, response.status_code, response.text[:500])
        asked[page] = [one for one in said if not one.startswith(SEEN)]
    return asked
