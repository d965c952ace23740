"""What people put on messages: an emoji on, or off again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, delete, select
from sqlalchemy.orm import Session

from app.events import record
from app.inbox.holding import hold
from app.models import Conversation, Identity, Message, Reaction
from app.text import one_line

MAX_EMOJI = 32  # characters: families and flags are long
MOST = 20  # of one person on one message; no platform lets them have as many


def react(db: Session, message: Message, identity: Identity, emoji: str, on: bool, at: datetime) -> bool:
    """Somebody put `emoji` on a message or took it off ("" and off: all of theirs); whether that changed anything.

    For each emoji the latest `at` counts, in whatever order they come; of two at the same time the one that comes
    later. Nobody has to answer it: no case is opened, and the thread stays where it is in the list.
    """
    head = hold(db, db.get_one(Conversation, message.conversation_id))
    db.refresh(message)
    emoji = one_line(emoji, MAX_EMOJI)
    if message.removed_at or (on and not emoji):
        return False
    told = _told(db, message, identity)
    before = _shown(told.values())
    if emoji:
        _put(db, told, _word(message, identity, emoji, on, at))
    else:
        _clear(db, told, _word(message, identity, "", False, at))
    if _shown(told.values()) == before:
        return False
    record(
        db,
        "message.reacted",
        head,
        actor="customer",
        message=message,
        identity=identity.id,
        emoji=emoji,
        on=on,
    )
    return True


def forget_reactions(db: Session, message: Message) -> None:
    """The message was taken back, and what was put on it with it."""
    db.execute(delete(Reaction).where(Reaction.message_id == message.id))


def reactions_of(db: Session, message_ids: Sequence[int]) -> Mapping[int, Sequence[Reaction]]:
    """What is on these messages now, the oldest first."""
    found: dict[int, list[Reaction]] = defaultdict(list)
    for one in db.scalars(_ON, {"ids": list(message_ids)}) if message_ids else ():
        found[one.message_id].append(one)
    return found


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_ON = (
    select(Reaction)
    .where(Reaction.message_id.in_(_IDS), Reaction.is_on)
    .order_by(Reaction.at, Reaction.identity_id, Reaction.emoji)
)


def _told(db: Session, message: Message, identity: Identity) -> dict[str, Reaction]:
    mine = select(Reaction).filter_by(message_id=message.id, identity_id=identity.id)
    return {one.emoji: one for one in db.scalars(mine.execution_options(populate_existing=True))}


def _word(message: Message, identity: Identity, emoji: str, on: bool, at: datetime) -> Reaction:
    return Reaction(message_id=message.id, identity_id=identity.id, emoji=emoji, is_on=on, at=at)


def _put(db: Session, told: dict[str, Reaction], word: Reaction) -> None:
    last = [one.at for one in (told.get(word.emoji), told.get("")) if one is not None]
    if word.at >= max(last, default=word.at):
        _keep(db, told, word)


def _clear(db: Session, told: dict[str, Reaction], word: Reaction) -> None:
    for one in list(told.values()):
        if one.at <= word.at:
            one.is_on = False
    if "" not in told or told[""].at < word.at:
        _keep(db, told, word)


def _keep(db: Session, told: dict[str, Reaction], word: Reaction) -> None:
    if known := told.get(word.emoji):
        known.is_on, known.at = word.is_on, word.at
    elif len(told) < MOST:
        db.add(word)
        told[word.emoji] = word


def _shown(told: Iterable[Reaction]) -> set[str]:
    return {one.emoji for one in told if one.is_on}
