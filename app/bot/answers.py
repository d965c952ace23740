"""From a customer's message to what the bot says about it: question in, decision stored, words in the thread.

The bot itself is the pure package ``bots``; here is what it may not know: which version of the FAQ holds, who
owns the thread, and that a person may have taken over meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import bots
from app import connect, inbox, knowledge, meaning, timing
from app.bot import automatic, effects, handing, hearing, outcomes, pausing, ratings, storing
from app.bot.books import Kept, Making
from app.bot.outcomes import QUIET_ACTIONS
from app.db import after_commit, as_of, now, passing, reading, transaction
from app.inbox import consents
from app.knowledge import pictures, versions, words
from app.models import (
    BotPause,
    Channel,
    Conversation,
    Identity,
    Message,
    Revision,
)
from app.models.conversation import BOT, RESOLVED
from bots.phrases import phrase

log = logging.getLogger(__name__)

OVERTAKING = 10_000  # edits that may be done while another one is under way

_published, _draft = Kept(follows=True), Kept(follows=False)


def version(db: Session) -> int:
    """The version the bot answers from."""
    return versions.number(db)


def book(db: Session, *, exact: bool = False) -> bots.Book:
    """What the bot answers from, built once per version and process; while much is learned a quick book, unless it must
    be the `exact` one."""
    current = version(db)

    def prepared() -> Making:
        content = versions.content(db)
        return lambda quick: build(content, current, _before(), quick=quick)

    return _published.book(current, prepared, exact=exact)


def draft_book(db: Session, *, exact: bool = False) -> bots.Book:
    """What the bot would answer from if the draft were published; that very book where it is.

    Two edits may commit in the other order than their numbers were drawn, so the newest are looked at as a whole: one
    that comes late among them is one more, or moves the lowest.
    """
    newest = select(Revision.id).order_by(Revision.id.desc()).limit(OVERTAKING).subquery().c.id
    edits = tuple(db.execute(select(func.max(newest), func.min(newest), func.count(newest))).one())
    current = version(db)

    def prepared() -> Making:
        draft = versions.draft(db)
        same = None if versions.changes(versions.content(db), draft) else book(db, exact=exact)
        return lambda quick: (
            same if same and (quick or not same.is_quick) else build(draft, current, _before(), quick=quick)
        )

    return _draft.book((edits, current), prepared, exact=exact)


def prepare() -> None:
    """Have the book of the present version built, outside any transaction that writes."""
    with reading() as db:
        book(db)


def forget_book() -> None:
    """Build the books anew at their next use (another database: tests)."""
    _published.forget()
    _draft.forget()


def _before() -> list[bots.Book]:
    """The books this process has: what they have learned need not be learned again where it holds still."""
    return [kept.latest for kept in (_published, _draft) if kept.latest]


def build(
    content: versions.Content, current: int, before: Sequence[bots.Book] = (), *, quick: bool = False
) -> bots.Book:
    """The enabled entries and rules of a version as the bot's own types."""
    named = [(noun, id, data) for (noun, id), data in sorted(content.items()) if data.get("enabled", True)]
    settings = bots.Settings(**content.get((knowledge.SETTINGS, 0), {}))
    return bots.Book(
        (entry_of(id, data) for noun, id, data in named if noun == knowledge.ENTRY),
        (rule_of(id, data) for noun, id, data in named if noun == knowledge.RULE),
        settings,
        current,
        words.lexicon(content.get((knowledge.WORDS, 0), {})),
        (bots.flow_of(id, data) for noun, id, data in named if noun == knowledge.FLOW),
        before,
        meaning.chosen(settings.embeddings),
        quick,
    )


def entry_of(id: int, data: Mapping[str, Any]) -> bots.Entry:
    """An FAQ entry as it is stored, as the bot sees it."""
    return bots.Entry(
        id=id,
        title=data["title"],
        language=data["language"],
        questions=tuple(data["questions"]),
        answer=data["answer"],
        links=tuple(bots.Link(link["label"], link["url"]) for link in data["links"]),
        quick_replies=tuple(data["quick_replies"]),
        tags=tuple(data["tags"]),
        since=_day(data.get("valid_from")),
        until=_day(data.get("valid_until")),
        kinds=frozenset(data.get("kinds", ())),
        channels=frozenset(data.get("channels", ())),
        signed_in=bool(data.get("signed_in")),
        follow_ups=tuple(data.get("follow_ups", ())),
        translation_of=data.get("translation_of"),
        listed=bool(data.get("listed", True)),
        picture=bots.Picture(data["image_id"], data.get("image_text", "")) if data.get("image_id") else None,
        flow=data.get("flow_id"),
    )


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def rule_of(id: int, data: Mapping[str, Any]) -> bots.Rule:
    """A rule as it is stored, as the bot sees it."""
    return bots.Rule(
        id=id,
        name=data["name"],
        language=data["language"],
        keywords=tuple(data["keywords"]),
        pattern=data["pattern"],
        action=data["action"],
        params=data["params"],
        position=data["position"],
    )


def respond(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    message: Message,
    *,
    more: bool = False,
) -> None:
    """Let the bot decide about a message it owns, store the decision, and do as it says; or wait for what else is said,
    where the words alone are not clear. `head` is held. `more`: the next message came with this one."""
    if head.owner != BOT:
        return
    if not connect.bot_speaks(channel):  # it answers elsewhere, not here
        inbox.hand_over(db, head, "rule")
        return
    pause = pausing.open_in(db, head) if pausing.of(channel) else None
    if pause is not None and not pausing.fits(pause, channel, identity, head):
        _end(db, head, pause)
        pause = None
        if head.owner != BOT:
            return
    said = [*pausing.waited(db, pause), message]
    waits = bool(pausing.of(channel)) and not pausing.is_full(said)
    known = book(db)
    heard = None if more and waits else hearing.hear(db, channel, identity, head, said, known)
    if waits and (heard is None or not heard.whole):
        kept = pausing.keep(db, channel, identity, head, said, pause)
        after_commit(db, _wake, head.id, kept.due_at)
        return
    if pause is not None:
        db.delete(pause)
    assert heard is not None
    _do(db, channel, identity, head, heard, known)


def _wake(conversation_id: int, due: datetime) -> None:
    timing.call_in(max(0.0, (due - now()).total_seconds()), conclude, conversation_id, due)


def wait_for(db: Session, channel: Channel, head: Conversation) -> None:
    """The customer is writing: what the bot waits with is answered later."""
    if until := pausing.prolong(db, channel, head):
        after_commit(db, _wake, head.id, until)


def conclude(conversation_id: int, due: datetime | None = None) -> None:
    """Answer what the bot waited with, unless it waits for longer by now. `due`: the time it was to be; None: whatever
    is due."""
    with reading() as db:
        if not pausing.is_time(db.get(BotPause, conversation_id), due):
            return
        book(db)  # what has to be learned is, before anything is held
    with transaction() as db:
        own = db.get(Conversation, conversation_id)
        if own is None:
            return
        head = inbox.hold(db, own)
        pause = pausing.open_in(db, own)
        if pause is not None and pausing.is_time(pause, due):
            _end(db, head, pause)


def conclude_due() -> int:
    """Answer what nobody saw to: its process died, or the time was put back. One that cannot be answered now is in
    nobody's way. A duty of the clock."""
    due = pausing.overdue()
    for conversation_id in due:
        try:
            conclude(conversation_id)
        except Exception:
            log.exception(
                "what was said in conversation %s waits on; the next round tries again", conversation_id
            )
    return len(due)


def catch_up(db: Session, until: datetime) -> None:
    """Answer whatever is due by then, at the moment it is due: for who tells of the past."""
    due = select(BotPause).where(BotPause.due_at <= until).order_by(BotPause.due_at, BotPause.conversation_id)
    for pause in db.scalars(due).all():
        with as_of(pause.due_at):
            _end(db, inbox.hold(db, db.get_one(Conversation, pause.conversation_id)), pause)


def _end(db: Session, head: Conversation, pause: BotPause) -> None:
    """Answer what was said, all of it at once, unless a person has it by now. `head` is held."""
    said = pausing.waited(db, pause)
    channel, identity = db.get_one(Channel, pause.channel_id), db.get_one(Identity, pause.identity_id)
    taken = head.id == pause.conversation_id and head.owner_epoch != pause.epoch
    db.delete(pause)
    db.flush()
    if not said or taken or head.owner != BOT or head.status == RESOLVED:
        return
    if not connect.bot_speaks(channel):
        inbox.hand_over(db, head, "rule")
        return
    with unbroken(db, head, said[-1]):
        known = book(db)
        _do(db, channel, identity, head, hearing.hear(db, channel, identity, head, said, known), known)


@contextmanager
def unbroken(db: Session, head: Conversation, message: Message) -> Iterator[None]:
    """Where the bot breaks over a message, what the customer said is kept all the same, and a person is to look."""
    try:
        with db.begin_nested():
            yield
    except Exception as error:
        if passing(error):
            raise
        log.exception("the bot broke over message %s", message.id)
        inbox.hand_over(db, head, "misses")


def _do(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    heard: hearing.Heard,
    known: bots.Book,
) -> None:
    """What was decided by what is `known` is stored, said, and brought about."""
    message, question, decision = heard.said[-1], heard.question, heard.decision
    epoch, before_that = head.owner_epoch, question.earlier
    head.bot_misses, head.bot_asked = decision.misses, list(decision.asked)
    effects.keep(head, decision)
    stored = storing.store(db, head, epoch, heard, known)
    silent = _hesitates(channel, decision) or automatic.must_be_silent(
        db, channel, identity, head, len(before_that), answered=_answers_a_form(question, decision)
    )
    silent = silent or ("" if consents.agrees(db, identity, channel) else "unwanted")
    reply = None if silent else _say(db, channel, identity, head, epoch, decision, first=not before_that)
    outcomes.settle(db, head, stored, decision, reply, silent)
    if silent in (automatic.PROGRAM, automatic.WRITING):
        inbox.hand_over(db, head, silent)
    effects.follow(db, channel, identity, head, message, decision)
    if silent and decision.action not in QUIET_ACTIONS:
        inbox.hand_over(db, head, silent)  # unless the decision did that already


def _answers_a_form(question: bots.Question, decision: bots.Decision) -> bool:
    """Whether it tells more of what a form asked for."""
    before = question.flow
    if before is None or decision.flow_id != before.flow:
        return False
    return any(before.values.get(one.name) != one.value for one in decision.collected)


def _hesitates(channel: Channel, decision: bots.Decision) -> str:
    """Why the bot leaves this to a person where it has to be more certain than in a chat; "" if it speaks.

    What the admin's own rules say is certain, and so is that a person is wanted.
    """
    wanted = automatic.certainty(channel)
    if (
        not wanted
        or decision.rule_id
        or decision.flow_id
        or decision.action in ("hand_over", "escalate", *QUIET_ACTIONS)
    ):
        return ""
    return "" if decision.action == "answer" and decision.score >= wanted else "unsure"


def _say(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    epoch: int,
    decision: bots.Decision,
    *,
    first: bool,
) -> Message | None:
    text = handing.with_next(db, head, decision) if decision.handover_reason else decision.text
    if not text:
        return None
    if first and not decision.handover_reason and outcomes.must_introduce(db, channel, head):
        text = f"{phrase('introduction', decision.language)}\n{text}"
    return inbox.bot_reply(
        db,
        head,
        identity,
        channel,
        epoch,
        text,
        quick_replies=decision.quick_replies,
        links=[asdict(link) for link in decision.links],
        attachments=pictures.to_send(db, decision.picture.id) if decision.picture else (),
        context=ratings.question(db, channel, decision),
    )
