"""What the API is asked costs the same statements whether there are ten rows or more than a page holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db import transaction
from app.web.api.framework import ENDPOINTS
from tests import factories
from tests.api.calling import Program, program
from tests.growth import FIRST, World, grow
from tests.statements import forbidden, more_often, recorded

pytestmark = pytest.mark.usefixtures("committed")

# Ways to ask that walk along another index, or need a word.
ASKED = {
    "/customers": ["", "q=客", f"address=v{FIRST}", "kind=visitor", "updated_after=2000-01-01T00:00:00Z"],
    "/identities": [f"address=v{FIRST}"],
    "/cases": ["", "status=open", "resolved_after=2000-01-01T00:00:00Z", f"conversation_id={FIRST}"],
    "/escalations": ["", "state=returned"],
    "/search": ["q=返品", "q=客", f"q=返品&conversation_id={FIRST}"],
    "/conversations": [
        *("", "status=open", "view=mine", "view=teams", "view=open&sort=waiting", "assignee=me", "team=me"),
        *("escalated=true", f"label={FIRST}", f"customer={FIRST}", "updated_since=2000-01-01T00:00:00Z"),
    ],
    "/conversations/{conversation_id}/messages": ["", "after=start", f"around={FIRST}"],
    "/webhooks/{webhook_id}/deliveries": ["", "state=queued"],
    "/channels": ["", "kind=webchat"],
    "/audit": ["", "group=bot", f"agent_id={FIRST}"],
    "/faq": ["", "language=ja&enabled=true"],
    "/help-centre/search": ["q=返品"],
    "/test-questions": ["", f"entry_id={FIRST}"],
}
JSON = "application/json"  # and not the bytes of a file, nor a stream


def addresses() -> Iterator[str]:
    """Every GET of the API, in each of the ways it may be asked; lists for as much as they give at once."""
    for one in ENDPOINTS:
        if one.method != "GET" or one.produces != JSON:
            continue
        path = one.path
        for place in one.places:
            path = path.replace(f"{{{place}}}", str(FIRST))
        paged = one.query is not None and "limit" in one.query.__struct_fields__
        for asked in ASKED.get(one.path, [""]):
            yield f"{path}?{asked}" + ("&limit=100" if paged else "")


def test_a_list_of_a_hundred_costs_what_one_of_ten_does() -> None:
    with transaction() as db:
        admin = factories.agent(db, role="admin")
        world = grow(db, World(admin), 10)
    caller = program(admin)
    _ask(caller)
    few = _ask(caller)
    with transaction() as db:
        grow(db, world, 150)  # more than the longest page
    caller.see("/help-centre/search", q="返品")  # the bot reads its book again
    caller.see("/events")  # whoever reads first gives what has happened its place
    many = _ask(caller)
    assert not {address: more for address in few if (more := more_often(few[address], many[address]))}
    assert not {address: found for address, said in many.items() if (found := forbidden(said))}


def _ask(caller: Program) -> dict[str, list[str]]:
    """Each address → what it asks of the database."""
    asked = {}
    for address in addresses():
        with recorded() as said:
            answer = caller.get(f"/api/v1{address}")
        assert answer.status_code == 200, (address, answer.text[:500])
        asked[address] = said
    return asked
