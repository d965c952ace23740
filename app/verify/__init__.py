"""The books: was everything that was acknowledged kept, once, and does every summary say what the rows say?

The rule for what comes in: each raw receipt is read, failed with its reason, or refused; each event of a receipt
that was read became a message that is there, or is excluded with a reason; each message of a customer stands in
a receipt. That holds for every door: webhooks, polled channels, the widget (whose frames are kept as receipts in
the transaction that stores the message) and the demo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app import calls, deliver, search
from app.db import now
from app.models import (
    BotCall,
    BotPause,
    Call,
    Case,
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Decision,
    Delivery,
    Escalation,
    Event,
    Identity,
    Message,
    RawReceipt,
)
from app.models.conversation import BOT, HUMAN, RESOLVED
from app.models.delivery import SENDING
from app.models.escalation import ACTIVE
from app.models.message import CALL, OUTBOUND, SYSTEM, TALKED, UNMET, asks
from app.verify.parts import CHUNK, Bits, Check, Report, Step, check, walk
from app.verify.summaries import summaries

__all__ = ["Check", "Report", "report"]

PATIENCE = timedelta(minutes=3)  # what is older than this and still on its way is stuck


def report(db: Session, step: Step = lambda what, done, total: None) -> Report:
    """Look at everything; `db` should be one consistent view (:func:`app.db.reading`)."""
    seen = Bits(db.scalar(select(func.max(Message.id))) or 0)
    return Report(
        (
            _receipts(db),
            _accounted(db, seen, step),
            _received(db, seen, step),
            _delivered(db),
            _moving(db),
            _answered(db),
            _single(db),
            _people(db),
            _calls(db, step),
            summaries(db, step),
            _events(db),
            _silent(db),
            _escalated(db),
            _indexed(db, step),
        )
    )


# --- what came in ------------------------------------------------------------------------------------


def _receipts(db: Session) -> Check:
    counts = {
        str(state): int(number)
        for state, number in db.execute(
            select(RawReceipt.state, func.count()).group_by(RawReceipt.state).order_by(RawReceipt.state)
        )
    }
    unread = select(RawReceipt.id).where(RawReceipt.state == "new", RawReceipt.received_at < now() - PATIENCE)
    mute = select(RawReceipt.id).where(RawReceipt.state.in_(("failed", "refused")), RawReceipt.error == "")
    wrong = [f"raw receipt {id} has not been read for three minutes" for id in db.scalars(unread)]
    wrong += [f"raw receipt {id} gives no reason" for id in db.scalars(mute)]
    wrong += [f"{n} raw receipts are {s!r}, which is no state" for s, n in counts.items() if s not in STATES]
    remark = ", ".join(f"{number} {state}" for state, number in counts.items())
    return check("raw receipts read, failed or refused", sum(counts.values()), wrong, remark)


STATES = ("new", "parsed", "failed", "refused")


def _accounted(db: Session, seen: Bits, step: Step) -> Check:
    """Every event of every receipt is a message that exists, or explained; notes the messages in `seen`."""
    name = "events of receipts accounted for"
    events, explained, wrong = 0, 0, []
    columns = select(RawReceipt.id, RawReceipt.state, RawReceipt.outcome)
    for rows in walk(db, columns, RawReceipt.id, step, name):
        named = [(row.id, entry["message"]) for row in rows for entry in row.outcome if "message" in entry]
        there = _there(db, [id for _, id in named])
        wrong += [
            f"raw receipt {r} names message {m}, which is not there" for r, m in named if m not in there
        ]
        for id in there:
            seen.add(id)
        for row in rows:
            events += len(row.outcome)
            explained += sum("message" not in entry for entry in row.outcome)
            wrong += list(_unexplained(row.id, row.state, row.outcome))
    return check(name, events, wrong, f"{explained} explained exclusions")


def _unexplained(id: int, state: str, outcome: Sequence[dict[str, Any]]) -> Iterator[str]:
    for number, entry in enumerate(outcome):
        if not entry.keys() & {"message", "excluded", "failed"}:
            yield f"event {number} of raw receipt {id} became nothing, and nothing says why"
        if "failed" in entry and state == "parsed":
            yield f"event {number} of raw receipt {id} failed, but the receipt counts as read"


def _there(db: Session, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for begin in range(0, len(ids), 500):
        found |= set(db.scalars(select(Message.id).where(Message.id.in_(ids[begin : begin + 500]))))
    return found


def _received(db: Session, seen: Bits, step: Step) -> Check:
    name = "messages of customers with their receipt"
    counted, wrong = 0, []
    columns = select(Message.id, Message.conversation_id, Message.case_id, asks().label("asks"))
    columns = columns.where(Message.author == "customer")
    for rows in walk(db, columns, Message.id, step, name):
        counted += len(rows)
        wrong += [
            f"message {row.id} of conversation {row.conversation_id} is in no raw receipt"
            for row in rows
            if row.id not in seen
        ]
        wrong += [f"message {row.id} belongs to no case" for row in rows if row.asks and row.case_id is None]
    return check(name, counted, wrong)


# --- what goes out -----------------------------------------------------------------------------------


def _delivered(db: Session) -> Check:
    outbound = Message.kind == OUTBOUND
    counted = db.scalar(select(func.count(Message.id)).where(outbound)) or 0
    none = select(Message.id).where(outbound, ~select(Delivery.id).filter_by(message_id=Message.id).exists())
    stray = select(Delivery.id, Message.id.label("message")).join(Message, Message.id == Delivery.message_id)
    wrong = [f"message {id} was written to the customer and has no delivery" for id in db.scalars(none)]
    wrong += [
        f"delivery {row.id} is of message {row.message}, which is not for the customer"
        for row in db.execute(stray.where(~outbound))
    ]
    return check("messages to customers with their delivery", counted, wrong)


def _moving(db: Session) -> Check:
    old = now() - PATIENCE
    counts = db.execute(
        select(Delivery.state, func.count()).group_by(Delivery.state).order_by(Delivery.state)
    )
    states = {str(state): int(number) for state, number in counts}
    claimed = select(Delivery.id).where(Delivery.state == SENDING, Delivery.claimed_at < old)
    on = select(Channel.id).where(Channel.enabled)
    waiting = select(Delivery.id).where(deliver.ready(old), Delivery.channel_id.in_(on))
    wrong = [f"delivery {id} is being sent for more than three minutes" for id in db.scalars(claimed)]
    wrong += [f"delivery {id} is due for more than three minutes" for id in db.scalars(waiting)]
    remark = ", ".join(f"{number} {state}" for state, number in states.items())
    return check("deliveries that are not stuck", sum(states.values()), wrong, remark)


def _answered(db: Session) -> Check:
    """The bot neither waits for what else is said nor for another system when that is over."""
    old = now() - PATIENCE
    late = select(BotPause.conversation_id).where(BotPause.due_at < old)
    waiting = BotCall.state.in_(("waiting", "calling"))
    unheard = select(BotCall.id).where(waiting, BotCall.made_at < old)
    wrong = [
        f"the bot should have answered in conversation {id} more than three minutes ago"
        for id in db.scalars(late)
    ]
    wrong += [
        f"question {id} of the bot to another system is open for more than three minutes"
        for id in db.scalars(unheard)
    ]
    pauses = db.scalar(select(func.count()).select_from(BotPause)) or 0
    calls = db.scalar(select(func.count(BotCall.id)).where(waiting)) or 0
    remark = f"{pauses} waits for what else is said, {calls} for another system"
    return check("answers of the bot that are not stuck", pauses + calls, wrong, remark)


# --- telephone calls ---------------------------------------------------------------------------------


def _calls(db: Session, step: Step) -> Check:
    """Each call is an entry of a thread that says what is known of it, and waits for somebody where nobody took it."""
    name = "telephone calls that stand in their threads as they are known"
    counted, wrong = 0, []
    columns = select(Call, Message).join(Message, Message.id == Call.message_id, isouter=True)
    for rows in walk(db, columns, Call.id, step, name):
        counted += len(rows)
        for call, message in rows:
            wrong += [f"call {call.id}: {what}" for what in _about_call(call, message)]
            db.expunge(call)
    lines = select(Message.id).where(
        Message.kind == CALL, Message.context["sort"].as_string().in_((UNMET, TALKED))
    )
    lone = lines.where(~select(Call.id).where(Call.message_id == Message.id).exists())
    wrong += [f"message {id} is of a call that is not there" for id in db.scalars(lone)]
    return check(name, counted, wrong)


def _about_call(call: Call, message: Message | None) -> Iterator[str]:
    if message is None or message.kind != CALL:
        yield "its entry is not there"
        return
    told = calls.facts(call.known)
    if (told.state, told.result, told.direction) != (call.state, call.result, call.direction):
        yield f"is {call.state} {call.result}, by what was told it is {told.state} {told.result}"
    asks_now = message.author == "customer" and not message.quiet
    if call.external_id is not None and asks_now != told.asks:
        yield (
            "asks for nobody, although nobody took it" if told.asks else "asks for somebody without a reason"
        )
    if told.text != message.text and message.removed_at is None:
        yield "its entry does not have its words"


# --- once --------------------------------------------------------------------------------------------


def _single(db: Session) -> Check:
    wrong = []
    for what, columns, where in (
        ("message", (Message.channel_id, Message.external_id), Message.external_id.is_not(None)),
        ("message", (Message.conversation_id, Message.client_id), Message.client_id.is_not(None)),
        ("identity", (Identity.kind, Identity.scope, Identity.address), Identity.id.is_not(None)),
        ("unresolved case", (Case.conversation_id,), Case.status != RESOLVED),
    ):
        twice = select(*columns, func.count()).where(where).group_by(*columns).having(func.count() > 1)
        wrong += [f"{row[-1]} times the same {what}: {tuple(row)[:-1]}" for row in db.execute(twice)]
    counted = db.scalar(select(func.count(Message.id))) or 0
    return check("messages, addresses and open cases without a double", counted, wrong)


def _people(db: Session) -> Check:
    """Each customer has one conversation, and it is shown in a thread that is shown itself."""
    head = aliased(Conversation)
    alone = select(Customer.id).where(
        ~select(Conversation.id).where(Conversation.customer_id == Customer.id).exists()
    )
    lost = select(Conversation.id).join(head, head.id == Conversation.head_id, isouter=True)
    wrong = [f"customer {id} has no conversation" for id in db.scalars(alone)]
    wrong += [
        f"conversation {id} is shown in no thread"
        for id in db.scalars(lost.where(head.id.is_(None) | (head.head_id != head.id)))
    ]
    active = CustomerLink.undone_at.is_(None)
    ends = or_(
        CustomerLink.child_id == Conversation.customer_id, CustomerLink.parent_id == Conversation.customer_id
    )
    linked = select(Conversation.id).join(CustomerLink, ends)
    apart = select(Conversation.id).where(
        Conversation.head_id != Conversation.id, Conversation.id.not_in(linked.where(active))
    )
    wrong += [f"conversation {id} is shown in another without a link" for id in db.scalars(apart)]
    counted = db.scalar(select(func.count(Customer.id))) or 0
    return check("customers with their one conversation", counted, wrong)


# --- events ------------------------------------------------------------------------------------------


def _events(db: Session) -> Check:
    before = func.lag(Event.id, 1, 0).over(partition_by=Event.conversation_id, order_by=Event.id)
    chain = select(Event.id, Event.conversation_id, Event.prev_id, before.label("before"))
    chained = chain.where(Event.conversation_id.is_not(None)).subquery()
    gaps = select(chained).where(chained.c.prev_id != chained.c.before)
    wrong = [
        f"event {row.id} of conversation {row.conversation_id} follows {row.prev_id}, not {row.before}"
        for row in db.execute(gaps)
    ]
    last = select(Event.conversation_id, func.max(Event.id).label("last")).group_by(Event.conversation_id)
    newest = last.subquery()
    behind = select(Conversation.id, newest.c.last).join(newest, newest.c.conversation_id == Conversation.id)
    wrong += [
        f"conversation {row.id} does not know its last event {row.last}"
        for row in db.execute(behind.where(Conversation.last_event_id != newest.c.last))
    ]
    counted = db.scalar(select(func.count(Event.id))) or 0
    return check("events without a gap", counted, wrong)


def _silent(db: Session) -> Check:
    """The bot spoke only while it owned the thread: never between a takeover and the handing back."""
    opened = (Event.kind == "message.received") & (Event.data["case"].as_string() == "opened")
    spoke = (Event.kind == "message.sent") & (Event.actor == BOT)
    turns = select(Event.id, Event.conversation_id, Event.kind, Event.data, Event.message_id).where(
        (Event.kind == "handover") | opened | spoke, Event.conversation_id.is_not(None)
    )
    human: dict[int, bool] = {}
    wrong, counted = [], 0
    for row in db.execute(turns.order_by(Event.conversation_id, Event.id).execution_options(yield_per=CHUNK)):
        if row.kind == "message.sent":
            counted += 1
            if human.get(row.conversation_id):
                wrong.append(f"the bot said message {row.message_id} after a person took over")
        else:
            human = {row.conversation_id: row.kind == "handover" and row.data.get("to") == HUMAN}
    early = (
        select(Decision.id)
        .join(Conversation, Conversation.id == Decision.conversation_id)
        .where(Decision.epoch > Conversation.owner_epoch)
    )
    wrong += [f"decision {id} was made under a later epoch than there is" for id in db.scalars(early)]
    return check("words of the bot, none after a takeover", counted, wrong)


# --- escalations and search --------------------------------------------------------------------------


def _escalated(db: Session) -> Check:
    joined = select(Escalation.id).join(Case, Case.id == Escalation.case_id)
    active = Escalation.state.in_(ACTIVE)
    done = joined.where(active, Case.status == RESOLVED)
    elsewhere = joined.where(Escalation.conversation_id != Case.conversation_id)
    wrong = [f"escalation {id} is active, but its case is resolved" for id in db.scalars(done)]
    wrong += [f"escalation {id} is not where its case is" for id in db.scalars(elsewhere)]
    counted = db.scalar(select(func.count(Escalation.id))) or 0
    return check("escalations", counted, wrong)


def _indexed(db: Session, step: Step) -> Check:
    name = "messages that search finds"
    counted, wrong = 0, []
    for rows in walk(db, select(Message).where(Message.kind != SYSTEM), Message.id, step, name):
        found = [row[0] for row in rows]
        counted += len(found)
        wrong += [f"message {id} is not in the index" for id in search.missing(db, found)]
        wrong += [f"message {id} was taken back and is still found" for id in search.left(db, found)]
        for one in found:
            db.expunge(one)
    return check(name, counted, wrong)
