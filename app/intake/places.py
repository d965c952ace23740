"""In which conversation a message belongs.

Always in that of its sender, with one exception: who takes part in somebody else's conversation (was named there as
a recipient) and answers a message of it, speaks there. That it answers such a message is told by the ids it names, or
by a signed mark of ours; neither alone lets anybody in. A stranger who has the mark (a mail was forwarded to them)
keeps a conversation of their own, and the other one says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.inbox import participants, refs
from app.models import Channel, Conversation, Identity
from channels import base

_BIGGEST = 2**63
MOST_ANSWERED = 20  # ids looked up of those a message names


@dataclass(frozen=True)
class Place:
    """`conversation_id`: where it stands, if not with its sender. `answers_in`: the conversation of somebody else
    that a stranger answered. `echo`: it is what we sent ourselves, come back. `unknown`: the id of what it answers,
    where we do not know it although our mark says that it is ours. `after`: when what it answers was said; the clock
    of a mail program may be wrong, and tells no less than seconds, but nobody answers what was not said yet."""

    conversation_id: int | None = None
    answers_in: int | None = None
    echo: bool = False
    unknown: str = ""
    after: datetime | None = None


OWN = Place()
Arriving = Sequence[tuple[Identity, base.Inbound]]


def places(db: Session, channel: Channel, arriving: Arriving) -> list[Place]:
    """The place of each. Costs nothing where no message says that it answers one."""
    asked = [id for _, event in arriving for id in (*_answered(event), *own_ids(channel, event))]
    if not asked and not any(event.conversation for _, event in arriving):
        return [OWN] * len(arriving)
    known = refs.look_up(db, channel, asked)
    targets = [_target(event, known) for _, event in arriving]
    others = _others(db, channel, arriving, targets)
    return [
        Place(echo=True)
        if any(known.is_ours(id) for id in own_ids(channel, event))
        else replace(
            others.place(identity, target), unknown=_unknown(event, known), after=_after(event, known)
        )
        for (identity, event), target in zip(arriving, targets, strict=True)
    ]


def own_ids(channel: Channel, event: base.Inbound) -> list[str]:
    """The id by which answers will name it."""
    id = event.context.get("message_id") if connect.features(channel).copies else None
    return [id] if isinstance(id, str) and id else []


def _answered(event: base.Inbound) -> Sequence[str]:
    return [id for id in event.answers[:MOST_ANSWERED] if id]


def _unknown(event: base.Inbound, known: refs.Known) -> str:
    nearest = next(iter(_answered(event)), "")
    return nearest if event.conversation and nearest and known.conversation(nearest) is None else ""


def _after(event: base.Inbound, known: refs.Known) -> datetime | None:
    return max((at for id in _answered(event) if (at := known.said_at(id)) is not None), default=None)


def _target(event: base.Inbound, known: refs.Known) -> int | None:
    """The conversation of the message it answers: by our mark, else by the nearest id that we know."""
    if event.conversation.isascii() and event.conversation.isdecimal():
        return min(int(event.conversation[:20]), _BIGGEST - 1)
    found = (known.conversation(id) for id in _answered(event))
    return next((one for one in found if one is not None), None)


@dataclass(frozen=True)
class _Others:
    """What is known of the conversations that are answered: their customers and threads, and who takes part."""

    heads: dict[int, int | None] = field(default_factory=dict)  # conversation → the one it is shown in
    own: dict[int, int | None] = field(default_factory=dict)  # customer → the same of their own
    inside: set[tuple[int, str]] = field(default_factory=set)

    def place(self, identity: Identity, target: int | None) -> Place:
        if target is None or target not in self.heads:
            return OWN  # a conversation that is not there any more
        if self.heads[target] == self.own[identity.customer_id]:
            return OWN
        if (target, identity.address.lower()) in self.inside:
            return Place(conversation_id=target)
        return Place(answers_in=target)


def _others(db: Session, channel: Channel, arriving: Arriving, targets: Sequence[int | None]) -> _Others:
    answered = {target for target in targets if target is not None}
    if not answered:
        return _Others()
    customers = {identity.customer_id for identity, _ in arriving}
    wanted = select(Conversation.id, Conversation.customer_id, Conversation.head_id)
    rows = db.execute(
        wanted.where(Conversation.id.in_(answered) | Conversation.customer_id.in_(customers))
    ).all()
    heads = {row.id: row.head_id or row.id for row in rows if row.id in answered}
    own = {row.customer_id: row.head_id or row.id for row in rows if row.customer_id in customers}
    elsewhere = {id for id, head in heads.items() if {head} != set(own.values())}
    kind = connect.identity_kind(channel)
    return _Others(heads, own, participants.taking_part(db, elsewhere, kind) if elsewhere else set())
