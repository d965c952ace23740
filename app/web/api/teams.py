"""`/teams`: who works together. A conversation given to a team is seen by its members only."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app import directory, people
from app.api import shapes
from app.api.kinds import Given, Id
from app.api.shapes import TeamShape
from app.models import Team
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import ADMINS, page_of

TAG = "People"
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Members = Annotated[list[Id], Meta(max_length=1000)]


class TeamIn(Given):
    """A new team. Ids of nobody are left out."""

    name: Name
    member_ids: Members = []


class TeamChange(Given):
    """What is to change of a team; `member_ids` are exactly those who are in it from then on."""

    name: Name | UnsetType = UNSET
    member_ids: Members | UnsetType = UNSET


@endpoint("GET", "/teams", scope="people:read", tag=TAG)
def list_teams(call: Call, query: PageQuery) -> Page[TeamShape]:
    """The teams and who is in them, by id."""
    found = directory.teams(call.db, query.after, query.limit)
    members = directory.members_of(call.db, [row.id for row in found.rows])
    return page_of(found, lambda row: shapes.team(row, members[row.id]))


@endpoint("GET", "/teams/{team_id}", scope="people:read", tag=TAG)
def get_team(call: Call, team_id: int) -> TeamShape:
    """One team."""
    return _shape(call, directory.one(call.db, Team, team_id))


@endpoint("POST", "/teams", scope="people:write", tag=TAG, status=201, roles=ADMINS)
def create_team(call: Call, body: TeamIn) -> TeamShape:
    """Make a team. 422 if there is one of this name."""
    made = people.add_team(call.db, call.agent, body.name, body.member_ids)
    call.headers["Location"] = f"/api/v1/teams/{made.id}"
    return _shape(call, made)


@endpoint("PATCH", "/teams/{team_id}", scope="people:write", tag=TAG, roles=ADMINS, matched=True)
def change_team(call: Call, team_id: int, body: TeamChange) -> TeamShape:
    """Rename a team, or say who is in it. What its members may see changes at once."""
    team = directory.one(call.db, Team, team_id, held=True)
    now = _shape(call, team)
    call.must_match(now)
    name = now.name if body.name is UNSET else body.name
    members = now.member_ids if body.member_ids is UNSET else body.member_ids
    people.edit_team(call.db, call.agent, team, name, members)
    return _shape(call, team)


@endpoint("DELETE", "/teams/{team_id}", scope="people:write", tag=TAG, roles=ADMINS, matched=True)
def delete_team(call: Call, team_id: int) -> None:
    """Remove a team. 409 while conversations belong to it: everybody would see them."""
    team = directory.one(call.db, Team, team_id, held=True)
    call.must_match(_shape(call, team))
    people.remove_team(call.db, call.agent, team)


def _shape(call: Call, row: Team) -> TeamShape:
    call.db.flush()
    return shapes.team(row, directory.members_of(call.db, [row.id])[row.id])
