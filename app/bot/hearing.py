"""What the bot is asked by one message or several: the words together, and what it knows besides them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app import connect
from app.bot import effects, outcomes, pausing, situations
from app.db import now
from app.models import Attachment, Channel, Conversation, Decision, Identity, Message, RemoteFile
from app.models.message import OUTBOUND
from bots.flow_words import only_skips

_NUMBER = re.compile(r"(\d{1,2})[.)、]?")
AFTER = 2  # pauses after an answer in which words that change nothing about it are its question's end


@dataclass(frozen=True, slots=True)
class Heard:
    """One decision about what was `said` (oldest first; the last one is what is answered). `together`: the messages
    whose words the question has, where they are several. `whole`: nothing that follows is likely to change it.
    `adds_to`: the message whose answer stands and is not given twice."""

    said: tuple[Message, ...]
    question: bots.Question
    decision: bots.Decision
    together: tuple[int, ...] = ()
    whole: bool = True
    adds_to: int | None = None


def question(
    db: Session, channel: Channel, identity: Identity, head: Conversation, message: Message
) -> bots.Question:
    """A message beside everything the bot may know of it."""
    flow, resumed = effects.progress(head)
    return bots.Question(
        _chosen(db, channel, message) or message.text,
        head.locale or None,
        head.bot_misses,
        tuple(head.bot_asked),
        situation=situations.of(db, channel, identity, head, message),
        flow=flow,
        resumed=resumed,
        letter=connect.features(channel).suggests,
        earlier=() if connect.features(channel).suggests else outcomes.earlier(db, head),
    )


def _files(db: Session, said: Sequence[Message]) -> tuple[bots.File, ...]:
    """What came with these messages: what is here, and what is being brought over."""
    ids = [one.id for one in said]
    here = select(Attachment.message_id, Attachment.width.is_not(None)).where(Attachment.message_id.in_(ids))
    coming = select(RemoteFile.message_id, RemoteFile.content_type.like("image/%")).where(
        RemoteFile.message_id.in_(ids), RemoteFile.next_at.is_not(None)
    )
    found = [*db.execute(here.order_by(Attachment.id)), *db.execute(coming.order_by(RemoteFile.id))]
    return tuple(bots.File(message or 0, bool(picture)) for message, picture in found)


def hear(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    said: Sequence[Message],
    book: bots.Book,
) -> Heard:
    """What is decided about these messages together. A choice among what was offered stands for itself, and so does
    the last message where it is clear and all of them together are not."""
    last = said[-1]
    alone = question(db, channel, identity, head, last)
    if alone.flow is not None:
        alone = replace(alone, files=_files(db, said))
    if not pausing.of(channel):
        return Heard((last,), alone, bots.decide(alone, book))
    if len(said) > 1 and (alone.text != last.text or _was_offered(db, last)):
        return Heard(tuple(said), alone, bots.decide(alone, book))
    heard = [_decided(said, alone, book)]
    if len(said) > 1:
        joined = "\n".join(one.text for one in said)
        all_of_it = _decided(said, replace(alone, text=joined), book)
        heard.insert(0, replace(all_of_it, together=tuple(one.id for one in said)))
    clear = next((one for one in heard if one.whole), None)
    if clear is not None:
        return clear
    if len(said) > 1:
        return heard[0]
    if alone.text != last.text or _was_offered(db, last):
        return replace(heard[0], whole=True)
    return _beside_what_stands(db, channel, head, heard[0], book) or heard[0]


def _decided(said: Sequence[Message], asked: bots.Question, book: bots.Book) -> Heard:
    decision = bots.decide(asked, book)
    return Heard(tuple(said), asked, decision, whole=bots.whole(asked, book, decision))


def _beside_what_stands(
    db: Session, channel: Channel, head: Conversation, heard: Heard, book: bots.Book
) -> Heard | None:
    """Words that make no sense alone, right after an answer: with the question it was given to they may mean another
    thing, which is answered; where they do not, they were its end, and nothing more is said."""
    last, pause = heard.said[-1], pausing.of(channel)
    before = _just_said(db, head, last) if bots.goes_on(last.text) else None
    if before is None or last.sent_at - before.made_at > AFTER * pause:
        return None
    if before.entry_id is None:
        began = bool(before.detail.get("flow")) and not before.detail.get("before", {}).get("in_form")
        at_once = last.sent_at - before.made_at <= pause
        return _nothing_more(heard, before) if began and at_once else None
    both = replace(heard.question, text=f"{before.detail.get('question', '')}\n{last.text}")
    found = bots.look_up(both, book)
    if found.answer is not None and found.answer.entry.id != before.entry_id:
        ids = (*before.detail.get("together", [before.message_id]), last.id)
        return Heard(heard.said, both, bots.decide(both, book), together=ids)
    same = bool(found.matches) and found.matches[0].entry.id == before.entry_id
    return _nothing_more(heard, before) if same else None


def _nothing_more(heard: Heard, before: Decision) -> Heard:
    asked = heard.question
    quiet = bots.Decision(
        action="silent",
        language=heard.decision.language,
        version=heard.decision.version,
        misses=asked.misses,
        asked=asked.asked,
        flow=asked.flow,
    )
    return Heard(heard.said, asked, quiet, adds_to=before.message_id)


def _just_said(db: Session, head: Conversation, message: Message) -> Decision | None:
    """The decision whose answer was the last thing said before this message."""
    mine = (
        Decision.conversation_id == head.id,
        Decision.epoch == head.owner_epoch,
        Decision.reply_id.is_not(None),
        Decision.channel_id == message.channel_id,
        Decision.made_at > now() - timedelta(minutes=1),
    )
    return db.scalar(select(Decision).where(*mine).order_by(Decision.id.desc()).limit(1))


def _offered(db: Session, message: Message) -> list[Any]:
    """The choices below what the bot said last there."""
    said = select(Message).where(Message.conversation_id == message.conversation_id, Message.kind == OUTBOUND)
    last = db.scalar(said.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
    return list(last.quick_replies) if last is not None and last.author == "bot" else []


def _was_offered(db: Session, message: Message) -> bool:
    return message.text.strip() in {str(one).strip() for one in _offered(db, message)}


def _chosen(db: Session, channel: Channel, message: Message) -> str:
    """The words of the choice whose number the customer gave, where choices were numbered; else ""."""
    number = _NUMBER.fullmatch(unicodedata.normalize("NFKC", message.text).strip())
    if number is None or connect.features(channel).max_quick_replies:
        return ""
    offered = _offered(db, message)
    if only_skips(offered):
        return ""
    return str(offered[int(number[1]) - 1]) if 0 < int(number[1]) <= len(offered) else ""
