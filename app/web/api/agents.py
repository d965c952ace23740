"""`/me` and `/agents`: whom the token acts as, and who works here."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app import directory, passwords, people
from app.api import shapes
from app.api.kinds import Given, Id, Shape
from app.api.shapes import AgentShape, Role
from app.models import Agent, Channel
from app.queries import teams_of
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import ADMINS, page_of

TAG = "People"
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Email = Annotated[str, Meta(min_length=6, max_length=320, description="They sign in with it")]
Password = Annotated[str, Meta(min_length=1, max_length=1000)]


class MeShape(Shape):
    """Whom the token acts as, the teams they are in, and what the token may do."""

    agent: AgentShape
    team_ids: list[int]
    scopes: list[str]
    locale: str
    timezone: str


class AgentIn(Given):
    """Somebody new. Without a password nobody can sign in as them until an admin has given one in the settings."""

    name: Name
    email: Email
    role: Role = "agent"
    store_id: Annotated[Id, Meta(description="The channel of the store that shop staff work in")] | None = (
        None
    )
    locale: Annotated[str, Meta(max_length=35)] = "ja"
    timezone: Annotated[str, Meta(max_length=64)] = "Asia/Tokyo"
    password: Password | None = None


class AgentChange(Given):
    """What is to change of a person; `active` says whether they may sign in."""

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    store_id: Id | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


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


@endpoint("POST", "/agents", scope="people:write", tag=TAG, status=201, roles=ADMINS)
def create_agent(call: Call, body: AgentIn) -> AgentShape:
    """Add somebody who works here. 422 if the address is another's or the password too easy to guess."""
    made = people.add(
        call.db,
        call.agent,
        name=body.name,
        email=body.email,
        role=body.role,
        locale=body.locale,
        timezone=body.timezone,
        password=body.password or passwords.made_up(),
        store=call.db.get(Channel, body.store_id) if body.store_id else None,
    )
    call.headers["Location"] = f"/api/v1/agents/{made.id}"
    return _shape(call, made)


@endpoint("PATCH", "/agents/{agent_id}", scope="people:write", tag=TAG, roles=ADMINS, matched=True)
def change_agent(call: Call, agent_id: int, body: AgentChange) -> AgentShape:
    """Correct a person, give another role, or let them in no more.

    Another role signs them out. Who is let in no more is signed out and unassigned; what they wrote stays theirs.
    409 for the last admin, 422 for switching oneself off.
    """
    agent = directory.one(call.db, Agent, agent_id, held=True)
    now = _shape(call, agent)
    call.must_match(now)
    if body.name is not UNSET or body.email is not UNSET:
        name = agent.name if body.name is UNSET else body.name
        email = agent.email if body.email is UNSET else body.email
        people.edit(call.db, call.agent, agent, name=name, email=email)
    if body.role is not UNSET or body.store_id is not UNSET:
        role = agent.role if body.role is UNSET else body.role
        store_id = agent.store_id if body.store_id is UNSET else body.store_id
        store = call.db.get(Channel, store_id) if store_id else None
        people.change_role(call.db, call.agent, agent, role, store)
    if body.active is False:
        people.deactivate(call.db, call.agent, agent)
    elif body.active is True:
        people.activate(call.db, call.agent, agent)
    return _shape(call, agent)


def _shape(call: Call, row: Agent) -> AgentShape:
    return shapes.agent(row, for_admin=call.agent.role == "admin")
