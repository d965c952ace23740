"""A list of the API costs the same statements whether it tells ten things or a hundred, counts no table and skips no
rows."""

from __future__ import annotations

import pytest

from app.db import transaction
from app.web.api.framework import ENDPOINTS, PREFIX
from tests import factories
from tests.api.calling import Program, program
from tests.growth import FIRST, World, grow
from tests.statements import forbidden, more_often, recorded

pytestmark = pytest.mark.usefixtures("committed")

MANY = 120  # more than the longest page
NOT_ASKED = {"/events/stream", "/attachments/{attachment_id}/content", "/attachments/{attachment_id}"}
ASKED = {
    "/conversations": [
        *(
            "status=open",
            "view=mine",
            "view=teams",
            "view=open&sort=waiting",
            f"label={FIRST}",
            f"customer={FIRST}",
        ),
        *("assignee=me", "team=me", "escalated=true", "updated_since=2000-01-01T00:00:00Z"),
    ],
    "/search": ["q=返品"],
    "/customers": ["", "q=客"],
    "/identities": ["address=x"],
    "/conversations/{conversation_id}/messages": ["", "after=start", f"around={FIRST}"],
}


def test_a_list_of_a_hundred_costs_what_one_of_ten_does() -> None:
    with transaction() as db:
        world = grow(db, World(factories.agent(db, "管理 者", role="admin")), 10)
    caller = program(world.viewer)
    read(caller)  # what is found once and kept is not part of a list's cost
    few = read(caller)
    with transaction() as db:
        grow(db, world, MANY)
    many = read(caller)
    assert not {path: more for path in few if (more := more_often(few[path], many[path]))}
    assert not {path: found for path in many if (found := forbidden(many[path]))}


def read(caller: Program) -> dict[str, list[str]]:
    """Each list → what it asks of the database, its longest page wanted."""
    asked = {}
    for one in ENDPOINTS:
        if one.method != "GET" or one.path in NOT_ASKED:
            continue
        path = one.path
        for name in one.places:
            path = path.replace(f"{{{name}}}", str(FIRST))
        longest = "limit=100" if one.query is not None and "limit" in one.query.__struct_fields__ else ""
        for query in ASKED.get(one.path, [""]):
            address = f"{PREFIX}{path}?{query}&{longest}"
            with recorded() as said:
                answer = caller.get(address)
            assert answer.status_code in (200, 404), (address, answer.status_code, answer.text[:300])
            asked[address] = said
    return asked
