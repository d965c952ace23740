"""When the bot keeps silent: because a person is writing already, or because machines may be talking to machines.

Where a kind carries messages that programs send by themselves (mail), an answer of ours can set off another one, for
ever (RFC 3834, 2). What our connectors recognise as automatic is never answered; this is for what they do not
recognise: one answer an hour to a sender, unless a person spoke between, and a few an hour in a thread, whoever it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app import connect
from app.db import now
from app.family import family_ids
from app.inbox.reading import lock_of
from app.models import Channel, Conversation, Draft, Identity, Message
from app.models.message import INBOUND, OUTBOUND, PUBLIC
from app.text import fold

WITHIN = timedelta(hours=1)
MOST_HERE = 40  # the same where people chat: no person reads as many
WRITES = timedelta(minutes=15)  # a draft that was touched within this time is still being written
FASTEST = 20  # characters a second; nobody types as many
LONG = 20  # characters: shorter words may have been pressed or chosen
IN_A_ROW = 4  # messages that give a program away

MOST = 3  # automatic messages in a thread within that time
CERTAINTY = 90  # percent that the bot must reach to answer by itself, where the channel says nothing else

REPEATED, TOO_MANY, PROGRAM, WRITING = "repeated", "too_many", "program", "writing"


def must_be_silent(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    turns: int = 0,
    *,
    answered: bool = False,
) -> str:
    """Why nothing automatic may be said to this sender now: a person is writing to them already ("writing"), a program
    seems to ("program"), or enough was said ("repeated", "too_many"); "" if it may. `turns`: how many automatic
    messages they got lately, as far as that is known. `answered`: what they wrote answers what the bot asked in a
    form, which no program does that answers by itself."""
    if somebody_writes(db, head):
        return WRITING
    mine = Message.conversation_id.in_(family_ids(db, head))
    if not connect.features(channel).suggests:
        return _chatting(db, mine, identity) if turns >= IN_A_ROW - 1 else ""
    automatic = select(Message.id, Message.identity_id).where(
        mine, Message.author == "bot", Message.channel_id.in_(connect.siblings(db, channel)), _lately()
    )
    said = db.execute(automatic.order_by(Message.id.desc()).limit(MOST)).all()
    before = next((row.id for row in said if row.identity_id == identity.id), None)
    if before is not None and not answered and not _a_person_spoke(db, mine, before):
        return REPEATED
    return TOO_MANY if len(said) >= MOST else ""


def somebody_writes(db: Session, head: Conversation) -> bool:
    """Whether one of us is answering: they type, or have an answer in hand that they began a short time ago."""
    if lock_of(db, head) is not None:
        return True
    drafts = select(Draft.text).where(
        Draft.conversation_id == head.id, Draft.kind == OUTBOUND, Draft.updated_at > now() - WRITES
    )
    return any(text.strip() for text in db.scalars(drafts))


def _chatting(db: Session, mine: ColumnElement[bool], identity: Identity) -> str:
    """Why a chat looks like one of two programs: they write faster than anybody can, or the same again and again; or
    so much was said within an hour that nobody can be reading it."""
    spoken = select(Message).where(mine, Message.kind.in_(PUBLIC), Message.sent_at > now() - WITHIN)
    newest = list(db.scalars(spoken.order_by(Message.sent_at.desc(), Message.id.desc()).limit(2 * MOST_HERE)))
    if sum(one.author == "bot" for one in newest) >= MOST_HERE:
        return TOO_MANY
    newest.reverse()
    theirs = [
        (at, one) for at, one in enumerate(newest) if one.identity_id == identity.id and one.kind == INBOUND
    ]
    last = theirs[-IN_A_ROW:]
    if len(last) < IN_A_ROW or any(one.author == "agent" for one in newest[last[0][0] :]):
        return ""
    same = len({fold(one.text) for _, one in last}) == 1 and bool(last[0][1].text.strip())
    return PROGRAM if same or all(_too_fast(newest, at) for at, _ in last) else ""


def _too_fast(said: Sequence[Message], at: int) -> bool:
    """Whether nobody could have typed this since what was said before it: chosen, pressed or short words can be."""
    one, before = said[at], said[at - 1] if at else None
    if before is None or len(one.text) < LONG or one.text in before.quick_replies:
        return False
    return one.sent_at - before.sent_at < timedelta(seconds=len(one.text) / FASTEST)


def _lately() -> ColumnElement[bool]:
    return and_(Message.kind == OUTBOUND, Message.sent_at > now() - WITHIN)


def _a_person_spoke(db: Session, mine: ColumnElement[bool], since: int) -> bool:
    person = select(Message.id).where(mine, Message.author == "agent", Message.id > since, _lately())
    return db.scalar(person.limit(1)) is not None


def certainty(channel: Channel) -> float:
    """How certain the bot must be to answer here by itself, in percent; 0 where it answers whatever it would."""
    if not connect.features(channel).suggests:
        return 0.0
    told = channel.settings.get("bot_certainty", CERTAINTY)
    return float(told) if isinstance(told, int | float) else float(CERTAINTY)
