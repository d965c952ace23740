"""From a customer's message to what the bot says about it: question in, decision stored, words in the thread.

The bot itself is the pure package ``bots``; here is what it may not know: which version of the FAQ holds, who
owns the thread, and that a person may have taken over meanwhile.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import bots
from app import automatic, connect, hours, inbox
from app.db import insert_if_new, now, reading
from app.events import record
from app.i18n import gettext
from app.models import (
    BotRule,
    Channel,
    Conversation,
    Decision,
    FaqEntry,
    Identity,
    Label,
    Message,
    Revision,
    Setting,
)
from app.models.conversation import BOT
from app.models.message import OUTBOUND
from app.text import clean

_NUMBER = re.compile(r"(\d{1,2})[.)、]?")
QUIET_ACTIONS = ("label", "silent")  # decisions with nothing to say

_built: tuple[tuple[int, int], bots.Book] | None = None
_building = threading.Lock()


def version(db: Session) -> int:
    """The bot's version: the newest edit of an entry, a rule or its settings."""
    return db.scalar(select(func.max(Revision.id))) or 0


def book(db: Session) -> bots.Book:
    """What the bot answers from, built once per version and process.

    Two edits may commit in the other order than their numbers were drawn, so they are counted, too.
    """
    global _built
    highest, edits = db.execute(select(func.max(Revision.id), func.count(Revision.id))).one()
    current = (highest or 0, edits)
    with _building:
        if _built is None or _built[0] != current:
            _built = (current, build(db, current[0]))
        return _built[1]


def prepare() -> None:
    """Have the book of the present version built, outside any transaction that writes."""
    with reading() as db:
        book(db)


def forget_book() -> None:
    """Build the book anew at its next use (another database: tests, a restored backup)."""
    global _built
    _built = None


def build(db: Session, current: int) -> bots.Book:
    """The enabled entries and rules as the bot's own types."""
    entries = db.scalars(select(FaqEntry).where(FaqEntry.enabled).order_by(FaqEntry.id))
    rules = db.scalars(select(BotRule).where(BotRule.enabled).order_by(BotRule.position, BotRule.id))
    return bots.Book(
        tuple(entry_of(row) for row in entries),
        tuple(rule_of(row) for row in rules),
        bots.Settings(),
        current,
    )


def entry_of(row: FaqEntry) -> bots.Entry:
    """A stored FAQ entry as the bot sees it."""
    return bots.Entry(
        id=row.id,
        title=row.title,
        language=row.language,
        questions=tuple(row.questions),
        answer=row.answer,
        links=tuple(bots.Link(link["label"], link["url"]) for link in row.links),
        quick_replies=tuple(row.quick_replies),
        tags=tuple(row.tags),
    )


def rule_of(row: BotRule) -> bots.Rule:
    """A stored rule as the bot sees it."""
    return bots.Rule(
        id=row.id,
        name=row.name,
        language=row.language,
        keywords=tuple(row.keywords),
        pattern=row.pattern,
        action=row.action,  # type: ignore[arg-type]  # one of RuleAction: checked when it was saved
        params=row.params,
        position=row.position,
    )


def respond(db: Session, channel: Channel, identity: Identity, head: Conversation, message: Message) -> None:
    """Let the bot decide about a message it owns, store the decision, and do as it says. `head` is held."""
    if head.owner != BOT:
        return
    if not connect.bot_speaks(channel):  # it answers elsewhere, not here
        inbox.hand_over(db, head, "rule")
        return
    epoch = head.owner_epoch
    asked = _chosen(db, channel, message) or message.text
    decision = bots.decide(
        bots.Question(asked, head.locale or None, head.bot_misses, tuple(head.bot_asked)), book(db)
    )
    head.bot_misses, head.bot_asked = decision.misses, list(decision.asked)
    stored = _store(db, head, message, epoch, decision)
    silent = _hesitates(channel, decision) or automatic.must_be_silent(db, channel, identity, head)
    reply = None if silent else _say(db, channel, identity, head, epoch, decision)
    stored.reply_id = reply.id if reply else None
    _act(db, head, decision)
    if silent and decision.action not in QUIET_ACTIONS:
        inbox.hand_over(db, head, silent)  # unless the decision did that already


def _chosen(db: Session, channel: Channel, message: Message) -> str:
    """The words of the choice whose number the customer gave, where choices were numbered; else ""."""
    number = _NUMBER.fullmatch(unicodedata.normalize("NFKC", message.text).strip())
    if number is None or connect.features(channel).max_quick_replies:
        return ""
    said = select(Message).where(Message.conversation_id == message.conversation_id, Message.kind == OUTBOUND)
    last = db.scalar(said.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
    offered = last.quick_replies if last is not None and last.author == "bot" else []
    return str(offered[int(number[1]) - 1]) if 0 < int(number[1]) <= len(offered) else ""


def _hesitates(channel: Channel, decision: bots.Decision) -> str:
    """Why the bot leaves this to a person where it has to be more certain than in a chat; "" if it speaks.

    What the admin's own rules say is certain, and so is that a person is wanted.
    """
    wanted = automatic.certainty(channel)
    if not wanted or decision.rule_id or decision.action in ("hand_over", "escalate", *QUIET_ACTIONS):
        return ""
    return "" if decision.action == "answer" and decision.score >= wanted else "unsure"


def _store(
    db: Session, head: Conversation, message: Message, epoch: int, decision: bots.Decision
) -> Decision:
    stored = Decision(
        conversation_id=head.id,
        message_id=message.id,
        version=decision.version,
        epoch=epoch,
        action=decision.action,
        entry_id=decision.entry_id,
        rule_id=decision.rule_id,
        score=decision.score,
        detail=plain({**asdict(decision), "question": message.text[:2000]}),
    )
    db.add(stored)
    db.flush()
    return stored


def plain(detail: dict[str, Any]) -> dict[str, Any]:
    """Without what stands in columns of its own, and with lists for tuples."""
    for name in ("version", "action", "entry_id", "rule_id", "score"):
        detail.pop(name)
    return detail


def _say(
    db: Session, channel: Channel, identity: Identity, head: Conversation, epoch: int, decision: bots.Decision
) -> Message | None:
    text = decision.text
    if decision.handover_reason and not is_open(db):
        closed = gettext(decision.language, "We are closed at the moment and will answer when we open again.")
        text = f"{text}\n{closed}" if text else closed
    if not text:
        return None
    return inbox.bot_reply(
        db,
        head,
        identity,
        channel,
        epoch,
        text,
        quick_replies=decision.quick_replies,
        links=[asdict(link) for link in decision.links],
    )


def _act(db: Session, head: Conversation, decision: bots.Decision) -> None:
    if decision.label:
        _label(db, head, decision.label)
    if decision.action == "escalate":
        reason = decision.escalation_reason or gettext("ja", "The customer's own words")
        inbox.escalate(db, head, decision.escalation_type or "other", reason, raised_by="bot")
    elif decision.action == "hand_over":
        inbox.hand_over(db, head, decision.handover_reason or "rule")


def _label(db: Session, head: Conversation, name: str) -> None:
    label = Label(name=clean(name)[:64])
    found = select(Label).filter_by(name=label.name)
    known = db.scalar(found)
    if known is None and insert_if_new(db, label):
        record(db, "label.created", name=label.name)
        known = label
    inbox.put_label(db, head, known or db.scalars(found).one())


def is_open(db: Session) -> bool:
    """Whether the business is open now, by the hours in the settings (always, where none are set)."""
    stored = db.get(Setting, "hours")
    return True if stored is None else hours.is_open(hours.from_setting(stored.value), now())
