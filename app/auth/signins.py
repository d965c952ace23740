"""Signing in and the sessions that follow: rows the server can end at any time.

The browser holds a random token, the table only its hash. A session ends after 12 hours without a request,
after 14 days in any case, when its person is deactivated, and when their password or role changes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app import demo, passwords, rates
from app.db import now, reading, transaction
from app.events import record
from app.models import Agent, Signin
from app.text import clean

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
_SEEN_EVERY = timedelta(minutes=5)  # how exactly the last use is kept: one write in that time

# Attempts: one account from one address, and what was wrong from one address whatever the account: behind one a
# whole office may sign in on a morning. An account has no limit over all addresses, with which anybody could lock
# its owner out.
_PER_ACCOUNT = (6, 5 * 60.0)
_PER_ADDRESS = (60, 15 * 60.0)


@dataclass(frozen=True, slots=True)
class Signed:
    """A session found: who it is (detached, read at this request), its CSRF token and when it ends."""

    id: int
    agent: Agent
    csrf: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: a token for the cookie, or "" and perhaps how many seconds to wait."""

    token: str = ""
    agent: Agent | None = None
    wait: float = 0.0


def sign_in(email: str, password: str, ip: str, user_agent: str, instead_of: str = "") -> Outcome:
    """Try to sign in. An unknown account and a wrong password get the same answer after the same work.

    `instead_of`: the token the browser held until now; that session ends (it is never raised to this one).
    Opens its own transactions: the slow check of the password must not hold the write lock of SQLite.
    """
    email, user_agent = clean(email).strip().casefold()[:320], clean(user_agent)[:200]
    from_there = rates.network(ip)
    keys = (f"signin:{_digest(email)}:{from_there}", f"signin:{from_there}")
    wait = rates.hit(keys[0], *_PER_ACCOUNT) or rates.left(keys[1], *_PER_ADDRESS)
    if wait:
        return Outcome(wait=wait)
    with reading() as db:
        agent = db.scalar(select(Agent).where(Agent.email == email))
    right = passwords.verify(agent.password_hash if agent and agent.active else None, password)
    right = right and agent is not None and not demo.closed_to(agent)
    token = ""
    with transaction() as db:
        if agent is not None and right and _still_holds(db, agent):
            token = _open(db, agent, password, ip, user_agent, instead_of)
        else:
            _note_failure(db, agent, ip)
    if not token:
        rates.hit(keys[1], *_PER_ADDRESS)
        return Outcome()
    rates.forget(keys[0], *_PER_ACCOUNT)
    return Outcome(token, agent)


def _still_holds(db: Session, agent: Agent) -> bool:
    """Whether the password was not changed, nor the account closed, while we checked."""
    same = select(Agent.id).where(Agent.id == agent.id, Agent.password_hash == agent.password_hash)
    return db.scalar(same.where(Agent.active.is_(True)).with_for_update()) is not None


def _note_failure(db: Session, agent: Agent | None, ip: str) -> None:
    """The audit trail names a known account; an unknown one is left out (people type passwords there)."""
    record(db, "audit.signin_failed", ip=ip, agent_id=agent.id if agent else None)


def _open(db: Session, agent: Agent, password: str, ip: str, user_agent: str, instead_of: str) -> str:
    if passwords.is_outdated(agent.password_hash):
        fresh = passwords.hashed(password)
        db.execute(update(Agent).where(Agent.id == agent.id).values(password_hash=fresh))
    sign_out(db, instead_of)
    prune(db)
    signin, token = _new(agent.id, ip, user_agent, now() + LONGEST)
    db.add(signin)
    record(db, "audit.signin", agent=agent, ip=ip, user_agent=user_agent)
    return token


def _new(agent_id: int, ip: str, user_agent: str, until: datetime) -> tuple[Signin, str]:
    token = secrets.token_urlsafe(32)
    signin = Signin(
        token_hash=_digest(token),
        agent_id=agent_id,
        csrf=secrets.token_urlsafe(24),
        last_seen_at=now(),
        expires_at=until,
        user_agent=user_agent,
        ip=ip[:64],
    )
    return signin, token


def find(token: str) -> Signed | None:
    """The living session of a token, its person active and let in; its last use is noted now and then."""
    if not token or len(token) > 100:
        return None
    at = now()
    with reading() as db:
        row = db.execute(
            select(Signin, Agent)
            .join(Agent, Agent.id == Signin.agent_id)
            .where(Signin.token_hash == _digest(token), Signin.expires_at > at, Agent.active.is_(True))
        ).one_or_none()
    if row is None or at - row[0].last_seen_at > IDLE:
        return None
    signin, agent = row
    if demo.closed_to(agent):
        return None
    if at - signin.last_seen_at > _SEEN_EVERY:
        with transaction() as db:
            db.execute(update(Signin).where(Signin.id == signin.id).values(last_seen_at=at))
    return Signed(signin.id, agent, signin.csrf)


def sign_out(db: Session, token: str) -> None:
    """End the session of this token, if there is one."""
    if token:
        db.execute(delete(Signin).where(Signin.token_hash == _digest(token)))


def renew(db: Session, signin_id: int) -> str:
    """A new token and CSRF token for a session (after its person's password changed); the old ones end."""
    old = db.get_one(Signin, signin_id)
    signin, token = _new(old.agent_id, old.ip, old.user_agent, old.expires_at)
    db.delete(old)
    db.add(signin)
    db.flush()
    return token


def prune(db: Session) -> int:
    """Remove sessions that have ended; returns how many. Every sign-in does it."""
    ended = or_(Signin.expires_at < now(), Signin.last_seen_at < now() - IDLE)
    return len(db.scalars(delete(Signin).where(ended).returning(Signin.id)).all())


def _digest(secret: str) -> str:
    # The token has 256 random bits, so a plain hash is enough to make the table worthless to a thief.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
