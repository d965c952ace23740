"""`/me` and `/agents`: whom the token acts as, and who works here."""

from __future__ import annotations

from app import directory
from app.api import shapes
from app.api.kinds import Shape
from app.api.shapes import AgentShape
from app.models import Agent
from app.queries import teams_of
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of

TAG = "People"


class MeShape(Shape):
    """Whom the token acts as, the teams they are in, and what the token may do."""

    agent: AgentShape
    team_ids: list[int]
    scopes: list[str]
    locale: str
    timezone: str


class AgentFilter(PageQuery):
    """Which people: those who may sign in, those who may no more, or all."""

    active: bool | None = None


@endpoint("GET", "/me", scope="", tag=TAG)
def get_me(call: Call) -> MeShape:
    """Whom this token acts as, and its scopes."""
    me = call.agent
    teams = sorted(teams_of(call.db, me))
    return MeShape(shapes.agent(me, for_admin=True), teams, sorted(call.scopes), me.locale, me.timezone)


@endpoint("GET", "/agents", scope="people:read", tag=TAG)
def list_agents(call: Call, query: AgentFilter) -> Page[AgentShape]:
    """The people who work here, by id. Their addresses are told to admins only."""
    found = directory.agents(call.db, query.after, query.limit, active=query.active)
    return page_of(found, lambda row: _shape(call, row))


@endpoint("GET", "/agents/{agent_id}", scope="people:read", tag=TAG)
def get_agent(call: Call, agent_id: int) -> AgentShape:
    """One of them."""
    return _shape(call, directory.one(call.db, Agent, agent_id))


def _shape(call: Call, row: Agent) -> AgentShape:
    return shapes.agent(row, for_admin=call.agent.role == "admin")
