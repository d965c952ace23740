"""The people who sign in, and their teams. What changes about a person ends or renews their sessions, and is
told to the sockets through the event `agent.changed` (`data.agent_id`).
"""

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import connect, inbox, passwords, tasks
from app.config import settings
from app.db import insert_if_new, insert_missing
from app.events import record
from app.i18n import LOCALES
from app.inbox import Refused
from app.models import Agent, Channel, Conversation, Signin, Team, TeamMember
from app.models.agent import ROLES, STORE
from app.models.conversation import RESOLVED
from app.text import clean, one_line

THEMES = ("auto", "light", "dark")
SEND_KEYS = ("mod+enter", "enter")
MAX_SIGNATURE = 2000  # characters
MAX_EXTENSION = 60
_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[^@\s<>\"(),:;\\\[\]]+\.[^@\s<>\"(),:;\\\[\]]{2,}")


class Invalid(Refused):
    """Input of a form is at fault; `field` is the one to show the sentence at."""

    def __init__(self, field: str, sentence: str, **values: Any) -> None:
        super().__init__(sentence, **values)
        self.field = field


# --- people -------------------------------------------------------------------------------------------


def add(
    db: Session,
    actor: Agent | None,
    *,
    email: str,
    name: str,
    password: str,
    role: str = "agent",
    locale: str = "",
    timezone: str = "",
    store: Channel | None = None,
) -> Agent:
    """A new person who may sign in; shop staff at their `store`. Language and zone are the installation's where none
    are said. Raises `Invalid`. `actor` is None for the command
    line."""
    agent = Agent(
        email=_email(email),
        name=_name(name),
        role=_one_of("role", role, ROLES),
        locale=_one_of("locale", locale or settings().locale, LOCALES),
        timezone=_timezone(timezone or settings().timezone),
        store_id=_store(role, store),
        password_hash=_hash(password, email, name),
    )
    if not insert_if_new(db, agent):
        raise Invalid("email", "Somebody with this address is already here.")
    _told(db, actor, agent, "audit.person_added", role=agent.role)
    return agent


def change_role(
    db: Session, actor: Agent | None, agent: Agent, role: str, store: Channel | None = None
) -> None:
    """Give another role, or (shop staff) another `store`. Their sessions end, so that nothing decided under the old
    role lives on. What they had in hand waits for somebody else where they serve no conversations any more."""
    _one_of("role", role, ROLES)
    store_id = _store(role, store)
    if (role, store_id) == (agent.role, agent.store_id):
        return
    if agent.role == "admin":
        _keep_one_admin(db, agent)
    served, before = agent.serves, agent.role
    agent.role, agent.store_id = role, store_id
    end_sessions(db, agent)
    if served and not agent.serves:
        _give_back(db, actor or agent, agent)
    _told(db, actor, agent, "audit.role", before=before, after=role)


def deactivate(db: Session, actor: Agent | None, agent: Agent) -> None:
    """Let them in no more: sessions end, sockets close, what they had in hand waits for somebody else.

    What they wrote stays theirs. Raises `Refused` for the last admin and for oneself.
    """
    if actor is not None and actor.id == agent.id:
        raise Refused("You cannot switch off your own account.")
    if not agent.active:
        return
    _keep_one_admin(db, agent)
    agent.active = False
    end_sessions(db, agent)
    _give_back(db, actor or agent, agent)
    _told(db, actor, agent, "audit.deactivated")


def _give_back(db: Session, actor: Agent, agent: Agent) -> None:
    """What they had in hand waits for somebody else."""
    mine = select(Conversation).where(Conversation.assignee_id == agent.id, Conversation.status != RESOLVED)
    for conversation in db.scalars(mine).all():
        if conversation.head_id in (
            None,
            conversation.id,
        ):  # else it is shown in another one, whosever that is
            inbox.assign(db, actor, conversation, None)
    tasks.give_back(db, actor, agent)


def activate(db: Session, actor: Agent | None, agent: Agent) -> None:
    """Let them in again, with the password they had."""
    if not agent.active:
        agent.active = True
        _told(db, actor, agent, "audit.activated")


def set_password(
    db: Session, actor: Agent | None, agent: Agent, password: str, keep: int | None = None
) -> None:
    """A new password; every session of theirs ends but the one with the id `keep`. Raises `Invalid`."""
    agent.password_hash = _hash(password, agent.email, agent.name)
    end_sessions(db, agent, keep)
    _told(db, actor, agent, "audit.password")


def change_own_password(db: Session, agent: Agent, current: str, password: str, keep: int | None) -> None:
    """Like `set_password`, by the person, who must know the current one. Raises `Invalid`."""
    if not passwords.verify(agent.password_hash, current):
        raise Invalid("current", "This is not your current password.")
    set_password(db, agent, agent, password, keep)


def end_sessions(db: Session, agent: Agent, keep: int | None = None) -> None:
    """Sign them out everywhere (but in the session `keep`)."""
    ended = delete(Signin).where(Signin.agent_id == agent.id)
    db.execute(ended if keep is None else ended.where(Signin.id != keep))


def edit(
    db: Session, actor: Agent | None, agent: Agent, *, name: str, email: str, extension: str | None = None
) -> None:
    """Correct name, address and (None: as it was) extension. Raises `Invalid`."""
    wanted = _email(email)
    taken = select(Agent.id).where(Agent.email == wanted, Agent.id != agent.id)
    if db.scalar(taken) is not None:
        raise Invalid("email", "Somebody with this address is already here.")
    changed = wanted != agent.email
    if extension is not None:
        agent.extension = _extension(db, agent, extension)
    if not _named(db, agent, name=_name(name), email=wanted):
        raise Invalid("email", "Somebody with this address is already here.")
    _told(db, actor, agent, "audit.person_edited", address_changed=changed)


def _named(db: Session, row: Agent | Team, **told: str) -> bool:
    """Call them so; False where somebody else took the address or the name at this moment."""
    db.flush()
    try:
        with db.begin_nested():
            for column, value in told.items():
                setattr(row, column, value)
            db.flush()
    except IntegrityError:
        return False
    return True


def prefer(db: Session, agent: Agent, **wanted: str) -> None:
    """Their own choices: `name`, `locale`, `timezone`, `theme`, `send_key`, `signature`,
    `extension`. Raises `Invalid`."""
    checks: dict[str, Any] = {
        "name": _name,
        "locale": lambda value: _one_of("locale", value, LOCALES),
        "timezone": _timezone,
        "theme": lambda value: _one_of("theme", value, THEMES),
        "send_key": lambda value: _one_of("send_key", value, SEND_KEYS),
        "signature": _signature,
        "extension": lambda value: _extension(db, agent, value),
    }
    for field, value in wanted.items():
        setattr(agent, field, checks[field](value))
    record(db, "agent.changed", agent=agent, agent_id=agent.id, what="preferences")


def by_email(db: Session, email: str) -> Agent | None:
    """The person who signs in with this address."""
    return db.scalar(select(Agent).where(Agent.email == clean(email).strip().casefold()))


def _told(db: Session, actor: Agent | None, agent: Agent, kind: str, **data: Any) -> None:
    record(db, kind, agent=actor, agent_id=agent.id, **data)
    record(db, "agent.changed", agent=actor, agent_id=agent.id, what=kind.removeprefix("audit."))


def _keep_one_admin(db: Session, agent: Agent) -> None:
    # The rows are locked in one order, so that two admins who demote each other at once cannot both succeed.
    admins = select(Agent.id).where(Agent.role == "admin", Agent.active.is_(True)).order_by(Agent.id)
    if agent.role == "admin" and set(db.scalars(admins.with_for_update(key_share=True))) <= {agent.id}:
        raise Refused("There must be at least one admin. Make somebody else admin first.", status=409)


def _email(written: str) -> str:
    email = clean(written).strip().casefold()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise Invalid("email", "This is not an email address.")
    return email


def _extension(db: Session, agent: Agent, written: str) -> str:
    """What the telephone system calls them. Nobody else may be called that."""
    wanted = one_line(written, MAX_EXTENSION + 1)
    if len(wanted) > MAX_EXTENSION:
        raise Invalid("extension", "At most %(n)s characters.", n=MAX_EXTENSION)
    others = (func.lower(Agent.extension) == wanted.lower(), Agent.id != agent.id, Agent.active)
    taken = db.scalars(select(Agent).where(*others).limit(1)).first() if wanted else None
    if taken is not None:
        raise Invalid("extension", "%(name)s has this extension.", name=taken.name)
    return wanted


def _signature(written: str) -> str:
    signature = clean(written).strip()
    if len(signature) > MAX_SIGNATURE:
        raise Invalid("signature", "At most %(n)s characters.", n=MAX_SIGNATURE)
    return signature


def _name(written: str) -> str:
    name = one_line(written, 100)
    if not name:
        raise Invalid("name", "A name is needed.")
    return name


def _timezone(written: str) -> str:
    try:
        return ZoneInfo(written).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("timezone", "This time zone is not known.") from error


def _one_of(field: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise Invalid(field, "Choose one of the list.")
    return value


def _store(role: str, store: Channel | None) -> int | None:
    """The store of shop staff; nobody else has one."""
    if role != STORE:
        return None
    if store is None or not connect.features(store).counter:
        raise Invalid("store_id", "Choose the store they work in.")
    return store.id


def _hash(password: str, *about: str) -> str:
    if sentence := passwords.problem(password, *about):
        raise Invalid("password", sentence)
    return passwords.hashed(password)


# --- teams --------------------------------------------------------------------------------------------


def add_team(db: Session, actor: Agent | None, name: str, members: Sequence[int] = ()) -> Team:
    """A new team. Raises `Invalid` when the name is empty or taken."""
    team = Team(name=_name(name))
    if not insert_if_new(db, team):
        raise Invalid("name", "There is already a team of this name.")
    record(db, "audit.team_added", agent=actor, team_id=team.id, name=team.name)
    set_members(db, actor, team, members)
    return team


def edit_team(db: Session, actor: Agent | None, team: Team, name: str, members: Sequence[int]) -> None:
    """Rename a team and say who is in it. Raises `Invalid`."""
    wanted = _name(name)
    if db.scalar(select(Team.id).where(Team.name == wanted, Team.id != team.id)) is not None:
        raise Invalid("name", "There is already a team of this name.")
    if not _named(db, team, name=wanted):
        raise Invalid("name", "There is already a team of this name.")
    set_members(db, actor, team, members)


def set_members(db: Session, actor: Agent | None, team: Team, members: Sequence[int]) -> None:
    """Exactly these agents (by id; unknown ids are left out) are in the team from now on."""
    db.flush()
    before = set(db.scalars(select(TeamMember.agent_id).where(TeamMember.team_id == team.id)))
    after = set(db.scalars(select(Agent.id).where(Agent.id.in_(members)))) if members else set()
    gone = TeamMember.agent_id.in_(before - after)
    db.execute(delete(TeamMember).where(TeamMember.team_id == team.id, gone))
    new = [{"team_id": team.id, "agent_id": each} for each in sorted(after - before)]
    insert_missing(db, TeamMember, new)
    for each in sorted(before ^ after):  # what they may see has changed
        record(db, "agent.changed", agent=actor, agent_id=each, what="teams")
    if before != after:
        record(db, "audit.team_members", agent=actor, team_id=team.id, members=sorted(after))


def remove_team(db: Session, actor: Agent | None, team: Team) -> None:
    """Remove a team that no conversation belongs to (they would become visible to everybody). `Refused` else."""
    if db.scalar(select(Conversation.id).where(Conversation.team_id == team.id).limit(1)) is not None:
        raise Refused("Conversations belong to this team. Give them to another team first.", status=409)
    set_members(db, actor, team, ())
    record(db, "audit.team_removed", agent=actor, team_id=team.id, name=team.name)
    db.delete(team)
