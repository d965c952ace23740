"""API tokens: made by an agent for a program that acts as them, shown once, ended at any time.

A token acts as its agent: whatever they may not see or do, it may not either; `scopes` only take away.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.db import now, reading, transaction
from app.events import record
from app.inbox import Refused
from app.models import Agent, ApiToken
from app.text import one_line

SCOPES = {  # what a token may be allowed; the words are msgids
    "conversations:read": "Read conversations and what is said in them",
    "conversations:write": "Answer, note, assign, snooze, close, escalate and label",
    "customers:read": "Read customers and their addresses",
    "customers:write": "Change what is noted about customers",
    "touchpoints:read": "Read orders, visits and points of customers",
    "touchpoints:write": "Tell of orders, visits and points (admins)",
    "accounts:write": "Say which customer signed in at your shop (admins)",
    "knowledge:read": "Read FAQ, canned replies and labels",
    "knowledge:write": "Change FAQ, canned replies and labels, as far as the role allows",
    "people:read": "Read who works here, and the teams",
    "people:write": "Change people and teams (admins)",
    "channels:read": "Read which channels there are",
    "channels:write": "Change channels, and post as a customer (admins)",
    "events:read": "Follow everything that happens",
    "webhooks:read": "Read webhooks and what became of their deliveries (admins)",
    "webhooks:write": "Change webhooks and send again (admins)",
}
START = "mdg_"  # so that scanners of leaked secrets can find one
MAX_NAME, MAX_TOKENS = 80, 50
USED_EVERY = timedelta(minutes=1)  # how exactly the last use is kept: one write in that time
_SHOWN = len(START) + 6


class Wrong(Refused):
    """What was typed cannot be kept; `field` is the one to show the sentence at."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a request with a token acts as (read at this request, detached), and what the token allows."""

    token_id: int
    agent: Agent
    scopes: frozenset[str]


def make(db: Session, agent: Agent, name: str, scopes: Iterable[str]) -> tuple[ApiToken, str]:
    """A new token of `agent`, and its text: the only time it is known. Raises :class:`Wrong`."""
    wanted, name = sorted(set(scopes)), one_line(name, MAX_NAME + 1)
    if not name:
        raise Wrong("name", "Say what the token is for.")
    if len(name) > MAX_NAME:
        raise Wrong("name", "A name has 80 characters at the most.")
    if not wanted or not set(wanted) <= set(SCOPES):
        raise Wrong("scopes", "Choose what the token may do.")
    if len(of_agent(db, agent, MAX_TOKENS)) >= MAX_TOKENS:
        raise Wrong("name", "There are too many tokens already. Revoke one that is not used any more.")
    text = START + secrets.token_urlsafe(32)
    row = ApiToken(agent_id=agent.id, name=name, prefix=text[:_SHOWN], token_hash=digest(text), scopes=wanted)
    db.add(row)
    db.flush()
    record(db, "audit.token_made", agent=agent, token_id=row.id, name=name, scopes=wanted)
    return row, text


def revoke(db: Session, actor: Agent, token: ApiToken) -> None:
    """End it, at once and for ever; requests under way finish."""
    if token.revoked_at is None:
        token.revoked_at = now()
        record(
            db, "audit.token_revoked", agent=actor, token_id=token.id, name=token.name, owner=token.agent_id
        )


def find(text: str) -> Bearer | None:
    """Who holds this token, if it lives and its agent is active; its last use is noted now and then.

    It is looked up by its hash, so how long that takes tells nothing about the tokens there are.
    """
    if not text.startswith(START) or len(text) > 100:
        return None
    with reading() as db:
        wanted = select(ApiToken, Agent).join(Agent, Agent.id == ApiToken.agent_id)
        row = db.execute(wanted.where(ApiToken.token_hash == digest(text), _alive())).one_or_none()
    if row is None:
        return None
    token, agent = row
    _note_use(token)
    return Bearer(token.id, agent, frozenset(token.scopes))


def alive(db: Session, token_id: int) -> Bearer | None:
    """Who holds a token that was found before, if it still lives."""
    wanted = select(ApiToken, Agent).join(Agent, Agent.id == ApiToken.agent_id)
    row = db.execute(wanted.where(ApiToken.id == token_id, _alive())).one_or_none()
    return Bearer(row[0].id, row[1], frozenset(row[0].scopes)) if row else None


def of_agent(db: Session, agent: Agent, limit: int = 200) -> Sequence[ApiToken]:
    """Their tokens that live, the newest first."""
    mine = select(ApiToken).where(ApiToken.agent_id == agent.id, ApiToken.revoked_at.is_(None))
    return db.scalars(mine.order_by(ApiToken.id.desc()).limit(limit)).all()


def of_everybody(db: Session, limit: int = 500) -> Sequence[tuple[ApiToken, Agent]]:
    """All that live, with whose they are: for admins."""
    wanted = select(ApiToken, Agent).join(Agent, Agent.id == ApiToken.agent_id)
    rows = db.execute(wanted.where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def digest(text: str) -> str:
    """The token has 256 random bits, so a plain hash is enough to make the table worthless to a thief."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _alive() -> ColumnElement[bool]:
    return and_(ApiToken.revoked_at.is_(None), Agent.active.is_(True))


def _note_use(token: ApiToken) -> None:
    at = now()
    if token.last_used_at is not None and at - token.last_used_at < USED_EVERY:
        return
    stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= at - USED_EVERY)
    # A full disk, or a writer who keeps everybody waiting, is no reason to refuse what is only to be read.
    with suppress(OperationalError), transaction() as db:
        db.execute(update(ApiToken).where(ApiToken.id == token.id, stale).values(last_used_at=at))
