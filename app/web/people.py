"""People and teams, for admins: `/settings/people`, `/settings/teams`."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import counter, passwords, people
from app.db import reading, transaction
from app.inbox import Refused
from app.models import Agent, Channel, Team, TeamMember
from app.models.agent import ROLES
from app.people import Invalid
from app.queries import NotFound
from app.web.pages import done, errors_of, number, page, path_id, require_role, text, with_form, words

LIST = "/settings/people"


def show_all(request: Request) -> Response:
    """Everybody, and the teams."""
    require_role(request, "admin")
    with reading() as db:
        return page(request, "settings/people.html", section="people", **_everybody(db))


def _everybody(db: Session) -> dict[str, Any]:
    teams = db.scalars(select(Team).order_by(Team.name)).all()
    members: dict[int, list[int]] = {team.id: [] for team in teams}
    for member in db.scalars(select(TeamMember)):
        members[member.team_id].append(member.agent_id)
    agents = db.scalars(select(Agent).order_by(Agent.active.desc(), Agent.name)).all()
    return {
        "people": agents,
        "teams": teams,
        "members": members,
        "names": {each.id: each.name for each in agents},
        "stores": {each.id: each.name for each in counter.stores(db)},
    }


def _person_form(
    request: Request, agent: Agent | None, values: Any, status: int = 200, **more: Any
) -> Response:
    more = {"errors": {}, "problem": "", **more}
    with reading() as db:
        stores = [(each.id, each.name) for each in counter.stores(db)]
    return page(
        request, "settings/people_person.html", status=status, section="people", agent=agent, values=values,
        roles=ROLES, stores=stores, **more,
    )  # fmt: skip


def _team_form(request: Request, team: Team | None, values: Any, status: int = 200, **more: Any) -> Response:
    more = {"errors": {}, "problem": "", **more}
    with reading() as db:
        agents = db.scalars(select(Agent).where(Agent.active.is_(True)).order_by(Agent.name)).all()
    return page(
        request, "settings/people_team.html", status=status, section="people", team=team, values=values,
        people=agents, **more,
    )  # fmt: skip


# --- people -------------------------------------------------------------------------------------------


def show_new(request: Request) -> Response:
    require_role(request, "admin")
    return _person_form(
        request, None, {"name": "", "email": "", "role": "agent", "store_id": "", "extension": ""}
    )


def create(request: Request, form: FormData) -> Response:
    """Add somebody. Without a password one is made up; it is shown once, on the answer."""
    require_role(request, "admin")
    given = {name: text(form, name) for name in _ASKED}
    chosen = text(form, "password")
    password = chosen or passwords.made_up()
    viewer = request.state.viewer
    try:
        with transaction() as db:
            agent = people.add(
                db, viewer, name=given["name"], email=given["email"], role=given["role"], password=password,
                locale=viewer.locale, timezone=viewer.timezone, store=_store(db, given),
            )  # fmt: skip
    except Invalid as invalid:
        return _person_form(
            request,
            None,
            given,
            422,
            errors=errors_of({invalid.field: invalid.sentence}, request, **invalid.values),
        )
    if chosen:
        return done(request, LIST, words(request, "%(name)s can sign in now.", name=agent.name))
    return _tell(request, agent, password)


def show(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        agent = _agent(db, request)
    return _person_form(request, agent, _values(agent))


def save(request: Request, form: FormData) -> Response:
    """Name, address, role and extension."""
    require_role(request, "admin")
    given = {name: text(form, name) for name in _ASKED}
    with reading() as db:
        before = _agent(db, request)
    try:
        with transaction() as db:
            agent = _agent(db, request)
            extension = given["extension"] if "extension" in form else None
            name, email = given["name"], given["email"]
            people.edit(db, request.state.viewer, agent, name=name, email=email, extension=extension)
            people.change_role(db, request.state.viewer, agent, given["role"], _store(db, given))
    except Invalid as invalid:
        problems = errors_of({invalid.field: invalid.sentence}, request, **invalid.values)
        return _person_form(request, before, given, 422, errors=problems)
    except Refused as refused:
        problem = words(request, refused.sentence, **refused.values)
        return _person_form(request, before, given, refused.status, problem=problem)
    return done(request, LIST, words(request, "Saved."))


def reset_password(request: Request, _form: FormData) -> Response:
    """A made-up password, shown once; they are signed out everywhere."""
    require_role(request, "admin")
    password = passwords.made_up()
    with transaction() as db:
        agent = _agent(db, request)
        people.set_password(db, request.state.viewer, agent, password)
    return _tell(request, agent, password)


def deactivate(request: Request, _form: FormData) -> Response:
    require_role(request, "admin")
    try:
        with transaction() as db:
            agent = _agent(db, request)
            people.deactivate(db, request.state.viewer, agent)
    except Refused as refused:
        with reading() as db:
            agent = _agent(db, request)
        problem = words(request, refused.sentence, **refused.values)
        return _person_form(request, agent, _values(agent), refused.status, problem=problem)
    return done(request, LIST, words(request, "%(name)s cannot sign in any more.", name=agent.name))


def activate(request: Request, _form: FormData) -> Response:
    require_role(request, "admin")
    with transaction() as db:
        agent = _agent(db, request)
        people.activate(db, request.state.viewer, agent)
    return done(request, LIST, words(request, "%(name)s can sign in now.", name=agent.name))


_ASKED = ("name", "email", "role", "store_id", "extension")


def _values(agent: Agent) -> dict[str, Any]:
    return {name: getattr(agent, name) for name in _ASKED}


def _store(db: Session, given: dict[str, str]) -> Channel | None:
    chosen = number(given["store_id"])
    return db.get(Channel, chosen) if chosen else None


def _tell(request: Request, agent: Agent, password: str) -> Response:
    return page(request, "settings/people_password.html", section="people", agent=agent, password=password)


def _agent(db: Session, request: Request) -> Agent:
    agent = db.get(Agent, path_id(request))
    if agent is None:
        raise NotFound("agent")
    return agent


# --- teams --------------------------------------------------------------------------------------------


def show_new_team(request: Request) -> Response:
    require_role(request, "admin")
    return _team_form(request, None, {"name": "", "members": set()})


def show_team(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        team = _team(db, request)
        members = set(db.scalars(select(TeamMember.agent_id).where(TeamMember.team_id == team.id)))
    return _team_form(request, team, {"name": team.name, "members": members})


def save_team(request: Request, form: FormData) -> Response:
    """A new team, or the name and the members of one."""
    require_role(request, "admin")
    given = {"name": text(form, "name"), "members": _members(form)}
    team: Team | None = None
    if "id" in request.path_params:
        with reading() as db:
            team = _team(db, request)
    try:
        with transaction() as db:
            if team is None:
                people.add_team(db, request.state.viewer, given["name"], given["members"])
            else:
                people.edit_team(
                    db, request.state.viewer, _team(db, request), given["name"], given["members"]
                )
    except Invalid as invalid:
        problems = errors_of({invalid.field: invalid.sentence}, request, **invalid.values)
        return _team_form(request, team, given, 422, errors=problems)
    return done(request, LIST, words(request, "Saved."))


def remove_team(request: Request, _form: FormData) -> Response:
    require_role(request, "admin")
    try:
        with transaction() as db:
            people.remove_team(db, request.state.viewer, _team(db, request))
    except Refused as refused:
        with reading() as db:
            team = _team(db, request)
            members = set(db.scalars(select(TeamMember.agent_id).where(TeamMember.team_id == team.id)))
        problem = words(request, refused.sentence, **refused.values)
        return _team_form(
            request, team, {"name": team.name, "members": members}, refused.status, problem=problem
        )
    return done(request, LIST, words(request, "The team was removed."))


def _team(db: Session, request: Request) -> Team:
    team = db.get(Team, path_id(request))
    if team is None:
        raise NotFound("team")
    return team


def _members(form: FormData) -> Any:
    found = (number(value) for value in form.getlist("member"))
    return {each for each in found if each is not None}


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/new", show_new, methods=["GET"]),
    Route(f"{LIST}/{{id}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id}}/password", with_form(reset_password), methods=["POST"]),
    Route(f"{LIST}/{{id}}/deactivation", with_form(deactivate), methods=["POST"]),
    Route(f"{LIST}/{{id}}/activation", with_form(activate), methods=["POST"]),
    Route("/settings/teams", with_form(save_team), methods=["POST"]),
    Route("/settings/teams/new", show_new_team, methods=["GET"]),
    Route("/settings/teams/{id}", show_team, methods=["GET"]),
    Route("/settings/teams/{id}", with_form(save_team), methods=["POST"]),
    Route("/settings/teams/{id}/removal", with_form(remove_team), methods=["POST"]),
]
