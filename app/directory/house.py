"""The things of the house: people, teams, channels, labels, and what is known and kept ready."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.directory.paging import Page, by_id
from app.models import (
    Agent,
    BotFlow,
    BotRule,
    CannedReply,
    Channel,
    FaqEntry,
    Label,
    LabelledQuestion,
    Team,
    TeamMember,
)
from app.queries import BIGGEST, NotFound

Noun = TypeVar("Noun", Agent, BotFlow, BotRule, CannedReply, Channel, FaqEntry, Label, LabelledQuestion, Team)


def one(db: Session, noun: type[Noun], id: int, *, held: bool = False) -> Noun:
    """The row of this id; `held` until the transaction ends, for whoever changes it. Raises :class:`NotFound`."""
    found = (
        db.get(noun, id, with_for_update={"key_share": True} if held else None) if 0 < id < BIGGEST else None
    )
    if found is None:
        raise NotFound(id)
    return found


def agents(db: Session, after: str | None, size: int, *, active: bool | None = None) -> Page[Agent]:
    """People who may sign in (`active` True), may no more (False), or both, by id."""
    wanted = select(Agent)
    wanted = wanted if active is None else wanted.where(Agent.active.is_(active))
    return by_id(db, wanted, Agent.id, after, size)


def teams(db: Session, after: str | None, size: int) -> Page[Team]:
    """Teams, by id."""
    return by_id(db, select(Team), Team.id, after, size)


def members_of(db: Session, teams: Sequence[int]) -> dict[int, list[int]]:
    """Team id → the ids of its agents. One statement for all of them."""
    found: dict[int, list[int]] = {each: [] for each in teams}
    wanted = select(TeamMember).where(TeamMember.team_id.in_(teams)).order_by(TeamMember.agent_id)
    for member in db.scalars(wanted) if teams else ():
        found[member.team_id].append(member.agent_id)
    return found


def channels(db: Session, after: str | None, size: int, *, kind: str = "") -> Page[Channel]:
    """Channels (of a kind), by id."""
    wanted = select(Channel)
    return by_id(db, wanted.where(Channel.kind == kind) if kind else wanted, Channel.id, after, size)


def labels(db: Session, after: str | None, size: int) -> Page[Label]:
    """Labels, by id."""
    return by_id(db, select(Label), Label.id, after, size)


def entries(
    db: Session, after: str | None, size: int, *, language: str = "", enabled: bool | None = None
) -> Page[FaqEntry]:
    """Entries of the FAQ (in a language, in the book or kept aside), by id."""
    wanted = select(FaqEntry)
    wanted = wanted.where(FaqEntry.language == language) if language else wanted
    wanted = wanted if enabled is None else wanted.where(FaqEntry.enabled.is_(enabled))
    return by_id(db, wanted, FaqEntry.id, after, size)


def rules(db: Session, after: str | None, size: int) -> Page[BotRule]:
    """The bot's rules by id; the order they are tried in is their `position`."""
    return by_id(db, select(BotRule), BotRule.id, after, size)


def forms(db: Session, after: str | None, size: int) -> Page[BotFlow]:
    """The bot's forms by id."""
    return by_id(db, select(BotFlow), BotFlow.id, after, size)


def questions(
    db: Session, after: str | None, size: int, *, entry_id: int | None = None
) -> Page[LabelledQuestion]:
    """Test questions (those an entry answers), the newest first."""
    wanted = select(LabelledQuestion)
    wanted = wanted if entry_id is None else wanted.where(LabelledQuestion.entry_id == entry_id)
    return by_id(db, wanted, LabelledQuestion.id, after, size, newest_first=True)


def canned_replies(
    db: Session, after: str | None, size: int, *, locale: str | None = None
) -> Page[CannedReply]:
    """Canned replies (of a language; "" are those for any), by id."""
    wanted = select(CannedReply)
    wanted = wanted if locale is None else wanted.where(CannedReply.locale == locale)
    return by_id(db, wanted, CannedReply.id, after, size)
