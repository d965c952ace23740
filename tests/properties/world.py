"""A house with teams, people and customers thrown together at random, that keeps changing; and who may see what.

The rule is written here a second time, in plain Python over plain columns, so that it is compared with nothing of
the product's own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import files, inbox, people, tasks, tokens
from app.auth import find, sign_in
from app.calls.noting import Written, write
from app.db import now, reading, transaction
from app.models import (
    Agent,
    Attachment,
    Call,
    Case,
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Escalation,
    Identity,
    Message,
    Task,
    Team,
    TeamMember,
)
from app.touchpoints.recording import take_in
from channels import base
from tests import factories

CUSTOMERS, TEAMS = 6, 3


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks: their row's id, the token of a program of theirs, and their browser's session."""

    id: int
    role: str
    token: str
    session: str
    csrf: str


@dataclass
class World:
    """`words`: conversation id → (what one may ask for, what nobody else may read)."""

    rolls: random.Random
    channel: Channel
    viewers: list[Viewer]
    teams: list[int] = field(default_factory=list)
    words: dict[int, tuple[str, str]] = field(default_factory=dict)


def build(seed: int) -> World:
    """Thrown together by `seed`."""
    rolls = random.Random(seed)
    with transaction() as db:
        channel = factories.channel(db, "api", settings={"callback_url": "https://partner.example.jp/"})
        agents = [factories.agent(db, f"担当{n}") for n in range(3)] + [factories.supervisor(db, "監督")]
        admin = factories.agent(db, "管理", role="admin")
        clerk = factories.agent(db, "店員", role="store", store_id=factories.channel(db, "store").id)
        teams = [factories.team(db, *rolls.sample(agents[:3], rolls.randint(0, 2))).id for _ in range(TEAMS)]
        found = [
            (agent, tokens.make(db, agent, "a program", tokens.SCOPES)[1])
            for agent in (*agents, clerk, admin)
        ]
    world = World(rolls, channel, [_come_in(agent, token) for agent, token in found], teams)
    for n in range(CUSTOMERS):
        _a_customer(world, n)
    for _ in range(10):
        change(world)
    _once_together(world)
    return world


def _come_in(agent: Agent, token: str) -> Viewer:
    session = sign_in(agent.email, factories.PASSWORD, "127.0.0.1", "a browser").token
    signed = find(session)
    assert signed is not None
    return Viewer(agent.id, agent.role, token, session, signed.csrf)


def _a_customer(world: World, n: int) -> None:
    """With one of everything that could give them away."""
    asked, secret = f"ask{n}{world.rolls.randrange(10**6):06}", f"hid{n}{world.rolls.randrange(10**6):06}"
    with transaction() as db:
        person = base.Person(f"u{secret}", name=f"{secret}さん", claimed={"棚": secret})
        said = factories.customer_says(db, world.channel, f"{asked} {secret}", person)
        head, insider = factories.thread_of(db, said), db.get_one(Agent, world.viewers[0].id)
        inbox.note(db, insider, head, f"メモ {secret}", f"client-note-{n}")
        file = files.store(db, secret.encode(), f"{secret}.txt", limit=1000, agent=insider)
        factories.reply(db, insider, head, f"はい {secret}", attachments=[file])
        inbox.escalate(db, head, "complaint", secret, agent=insider)
        due = now() + timedelta(hours=1)
        tasks.add(db, head, f"約束 {secret}", due, db.get_one(Agent, world.viewers[-1].id), message=said)
        noted = Written(f"電話 {secret}", number="090-1234-5678")
        write(db, insider, head, noted, f"client-call-{n}")
        order = base.Touch(secret, "order.placed", (person,), title=f"注文 {secret}", reference=secret)
        (told,) = take_in(db, [order], "shop")
        assert told.what == "new", told
    world.words[head.id] = asked, secret


def _once_together(world: World) -> None:
    """Two customers were taken for one, one of them wrote, and the error was undone: now they are worlds apart."""
    with transaction() as db:
        for made in db.scalars(select(CustomerLink).filter_by(undone_at=None)):
            inbox.unlink(db, made)
    parent, child = world.rolls.sample(list(world.words), 2)
    with transaction() as db:
        ours, theirs = (db.get_one(Conversation, one) for one in (parent, child))
        customers = [db.get_one(Customer, one.customer_id) for one in (theirs, ours)]
        link = inbox.link(db, *customers, evidence={})
        _said_by(db, world, child)
        assert link is not None
        inbox.unlink(db, link)
        admin, nobody = db.get_one(Agent, world.viewers[-1].id), factories.team(db)
        inbox.assign(db, admin, ours, None, None, keep_team=False)
        inbox.assign(db, admin, theirs, None, nobody, keep_team=False)


def change(world: World) -> None:
    """Something happens: somebody joins or leaves a team, a thread changes hands, two become one or part again."""
    happening = world.rolls.choice([_regroup, _hand_on, _hand_on, _hand_on, _join, _part, _say])
    with transaction() as db:
        happening(db, world)


def _regroup(db: Session, world: World) -> None:
    team = db.get_one(Team, world.rolls.choice(world.teams))
    agents = [one.id for one in world.viewers if one.role == "agent"]
    members = world.rolls.sample(agents, world.rolls.randint(0, 2))
    people.set_members(db, db.get_one(Agent, world.viewers[-1].id), team, members)


def _hand_on(db: Session, world: World) -> None:
    head = db.get_one(Conversation, world.rolls.choice(list(world.words)))
    admin = db.get_one(Agent, world.viewers[-1].id)
    assignee = world.rolls.choice([None, *(one.id for one in world.viewers[:3])])
    team = world.rolls.choice([None, *world.teams, *world.teams])
    inbox.assign(
        db, admin, head, db.get_one(Agent, assignee) if assignee else None,
        db.get_one(Team, team) if team else None, keep_team=False,
    )  # fmt: skip


def _join(db: Session, world: World) -> None:
    child, parent = world.rolls.sample(list(world.words), 2)
    customers = [db.get_one(Customer, db.get_one(Conversation, one).customer_id) for one in (child, parent)]
    linked = select(CustomerLink.id).filter_by(undone_at=None, child_id=customers[0].id)
    if db.scalars(linked).first() is None:
        inbox.link(db, *customers, agent=db.get_one(Agent, world.viewers[-1].id), evidence={})


def _part(db: Session, world: World) -> None:
    links = db.scalars(select(CustomerLink).filter_by(undone_at=None)).all()
    if links:
        inbox.unlink(db, world.rolls.choice(links))


def _say(db: Session, world: World) -> None:
    _said_by(db, world, world.rolls.choice(list(world.words)))


def _said_by(db: Session, world: World, own: int) -> None:
    identity = db.scalars(select(Identity).join(Conversation, Conversation.customer_id == Identity.customer_id)
                          .where(Conversation.id == own)).first()  # fmt: skip
    assert identity is not None
    factories.customer_says(db, world.channel, f"まだですか {world.words[own][1]}", identity.address)


# --- the rule, once more ------------------------------------------------------------------------------


def hidden_from(world: World, viewer: Viewer) -> set[int]:
    """The conversations this viewer may know nothing of."""
    with reading() as db:
        heads = {row.id: row.head_id for row in db.execute(select(Conversation.id, Conversation.head_id))}
        places = {
            row.id: (row.team_id, row.assignee_id)
            for row in db.execute(select(Conversation.id, Conversation.team_id, Conversation.assignee_id))
        }
        member = select(TeamMember.team_id).where(TeamMember.agent_id == viewer.id)
        teams, active = set(db.scalars(member)), db.get_one(Agent, viewer.id).active

    def shown(own: int) -> bool:
        team, assignee = places[heads[own] or own]
        oversees = viewer.role in ("supervisor", "admin")
        serves = viewer.role != "store"
        return active and serves and (oversees or team is None or team in teams or assignee == viewer.id)

    return {own for own in world.words if not shown(own)}


def nobody_is_told(world: World, viewer: Viewer, text: str, where: object) -> None:
    """Raises AssertionError if `text` gives away a conversation hidden from the viewer."""
    told = [own for own in hidden_from(world, viewer) if world.words[own][1] in text]
    assert not told, f"{where} shows agent {viewer.id} conversations {told}"


def ids_of(conversation_id: int) -> dict[str, Any]:
    """Name of a parameter → the id of such a thing in this conversation."""
    with reading() as db:
        own = db.get_one(Conversation, conversation_id)
        message = db.scalars(select(Message.id).filter_by(conversation_id=own.id)).first()
        attached = select(Attachment).join(Message).where(Message.conversation_id == own.id)
        attachment = db.scalars(attached).first()
        assert attachment is not None
        case = db.scalars(select(Case.id).filter_by(conversation_id=own.id)).first()
        escalation = db.scalars(select(Escalation.id).filter_by(conversation_id=own.id)).first()
        ends = or_(CustomerLink.child_id == own.customer_id, CustomerLink.parent_id == own.customer_id)
        return {
            "identity_id": db.scalars(select(Identity.id).filter_by(customer_id=own.customer_id)).first(),
            "link_id": db.scalars(select(CustomerLink.id).where(ends)).first() or 0,
            "relocation_id": 0,
            "other_id": own.customer_id,
            "other_thread_id": own.id,
            "conversation_id": own.id,
            "message_id": message,
            "customer_id": own.customer_id,
            "case_id": case or 0,
            "escalation_id": escalation or 0,
            "task_id": db.scalars(select(Task.id).filter_by(conversation_id=own.id)).first() or 0,
            "call_id": db.scalars(
                select(Call.id).join(Message).where(Message.conversation_id == own.id)
            ).first()
            or 0,
            "attachment_id": attachment.id,
            "key": attachment.key,
        }
