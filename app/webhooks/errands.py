"""What the bot asks other systems, by a rule or at the end of a form: signed as every webhook, with little time, and
said as the bot's words unless a person took over meanwhile.

A worker only starts a call: it runs in a thread of its own, so an address that hangs keeps nobody waiting. The row is
claimed first; what a dead worker held, the clock finds.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import inbox, jobs, vault
from app.bot import answers, effects, situations
from app.db import now, reading, transaction
from app.formats import iso
from app.models import BotCall, Channel, Conversation, Customer, Identity, Message, Team, Webhook
from app.models.conversation import BOT, RESOLVED
from app.text import clean
from app.webhooks import calling, signing, subscriptions
from app.webhooks.calling import Answer
from app.webhooks.kinds import ASKED

log = logging.getLogger(__name__)

DEADLINE = 5.0  # seconds for a call in all: a customer waits
MOST = 16_384  # bytes of an answer
THREADS = 16  # calls at once in a process; more wait for one of these
STALE = timedelta(seconds=30)  # a call claimed before that is a dead worker's
LATE = timedelta(seconds=10)  # one nobody began with by then lost its job
TOO_LATE = timedelta(minutes=10)  # nobody waits for an answer any more: a person is to look
KEPT = timedelta(days=30)
MAX_TEXT, MAX_CHOICES, MAX_NOTED = 4000, 8, 20
SWITCHED_OFF = "The webhook is switched off, or is not asked by the bot any more."
NO_ANSWER = "What it answered is no JSON object."


@dataclass(frozen=True)
class Said:
    """What another system answered: words for the customer, and what else is to be done."""

    text: str = ""
    quick_replies: tuple[str, ...] = ()
    attributes: Mapping[str, str] | None = None
    labels: tuple[str, ...] = ()
    hand_over: bool = False


def hooks(db: Session) -> list[Webhook]:
    """Those the bot may ask: subscribed to being asked, by name."""
    return [one for one in subscriptions.all_hooks(db) if ASKED in one.kinds]


@cache
def _pool(_process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="bot-call")


def start(call_id: int) -> None:
    """Have it asked by a thread of this process. A job."""
    _pool(os.getpid()).submit(_guarded, call_id)


def _guarded(call_id: int) -> None:
    try:
        run(call_id)
    except Exception:
        log.exception("what the bot asked (%s) was not brought to its end", call_id)


def sweep() -> int:
    """Ring for calls whose job or worker was lost, and forget old ones. A duty of the clock."""
    hopeful = BotCall.made_at > now() - 2 * TOO_LATE  # what cannot even be ended in that time is left
    lost = (BotCall.state == "waiting") & (BotCall.made_at < now() - LATE) & hopeful
    dead = (BotCall.state == "calling") & (BotCall.claimed_at < now() - STALE) & hopeful
    with reading() as db:
        ids = db.scalars(select(BotCall.id).where(lost | dead).order_by(BotCall.id).limit(100)).all()
        old = db.scalars(select(BotCall.id).where(BotCall.made_at < now() - KEPT).limit(1)).first()
    for id in ids:
        jobs.enqueue("app.webhooks.errands.start", id)
    if old is not None:
        with transaction() as db:
            some = select(BotCall.id).where(BotCall.made_at < now() - KEPT).limit(1000)
            db.execute(delete(BotCall).where(BotCall.id.in_(some)))
    return len(ids)


def run(call_id: int) -> None:
    """Ask, unless another worker does, and say what came. No transaction is open meanwhile."""
    claimed = _claim(call_id)
    if claimed is None:
        return
    url, headers, body, problem = _prepared(call_id)
    answer = Answer(problem) if problem else calling.call(url, headers, body, DEADLINE, MOST)
    said = None if answer.error else understood(answer.body)
    with transaction() as db:
        row = _still_ours(db, call_id, claimed)
        if row is not None:
            error = answer.error or ("" if said else NO_ANSWER)
            _finish(db, row, said, error)
            _note(row, body, answer, error)


def prepare_test(db: Session, row: BotCall) -> BotCall:
    """The same asked once more, to see what comes: nothing of it is said or noted. :func:`test` asks."""
    again = BotCall(
        **{name: getattr(row, name) for name in _SAME}, state="tested", claimed_at=now(), done_at=now()
    )
    db.add(again)
    db.flush()
    return again


_SAME = ("conversation_id", "message_id", "identity_id", "channel_id", "webhook_id", "epoch", "asked")


def test(call_id: int) -> None:
    """Ask for trial, outside of any transaction, and keep what came."""
    url, headers, body, problem = _prepared(call_id)
    answer = Answer(problem) if problem else calling.call(url, headers, body, DEADLINE, MOST)
    error = answer.error or ("" if understood(answer.body) else NO_ANSWER)
    with transaction() as db:
        _note(db.get_one(BotCall, call_id), body, answer, error)


def _note(row: BotCall, body: bytes, answer: Answer, error: str) -> None:
    """What was asked and what came, as the log shows it: beginnings, and no header, of which one signs."""
    row.status, row.duration_ms, row.error = answer.status, answer.duration_ms, error
    row.sent, row.answer = calling.beginning(body), calling.beginning(answer.body.encode())


def _claim(call_id: int) -> datetime | None:
    """When it was claimed for us; None if it is another's."""
    dead = (BotCall.state == "calling") & (BotCall.claimed_at < now() - STALE)
    mine = update(BotCall).where(BotCall.id == call_id, (BotCall.state == "waiting") | dead)
    with transaction() as db:
        taken = mine.values(state="calling", claimed_at=now()).returning(BotCall.claimed_at)
        return db.execute(taken).scalar()


def _still_ours(db: Session, call_id: int, claimed: datetime) -> BotCall | None:
    """The call, unless we were frozen past our time and another worker has it, or has ended it."""
    ours = select(BotCall).filter_by(id=call_id, state="calling", claimed_at=claimed)
    return db.scalar(ours.with_for_update())


def _prepared(call_id: int) -> tuple[str, dict[str, str], bytes, str]:
    """Address, headers and body; or, last, why it cannot be asked."""
    with reading() as db:
        row = db.get_one(BotCall, call_id)
        hook = db.get(Webhook, row.webhook_id)
        if row.made_at < now() - TOO_LATE:
            return "", {}, b"", calling.NO_ANSWER
        if hook is None or not hook.enabled or ASKED not in hook.kinds:
            return "", {}, b"", SWITCHED_OFF
        try:
            keys = subscriptions.keys(hook)
        except vault.Unreadable as error:
            return "", {}, b"", str(error)
        body = msgspec.json.encode(_told(db, row))
        headers = signing.headers(keys, f"ask_{row.id}", int(now().timestamp()), body)
    more = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "Madoguchi"}
    return hook.url, headers | more, body, ""


def _told(db: Session, row: BotCall) -> dict[str, Any]:
    message, channel = db.get_one(Message, row.message_id), db.get_one(Channel, row.channel_id)
    identity = db.get_one(Identity, row.identity_id)
    customer = db.get_one(Customer, identity.customer_id)
    head = db.get_one(Conversation, row.conversation_id)
    there = situations.of(db, channel, identity, head, message)
    return {
        "id": row.id,
        "kind": ASKED,
        "at": iso(row.made_at),
        **({"test": True} if row.state == "tested" else {}),
        "data": {
            "rule": row.asked.get("rule"),
            "form": row.asked.get("flow"),
            "answers": {name: one["value"] for name, one in row.asked.get("answers", {}).items()},
            "language": row.asked.get("language", ""),
        },
        "message": {"id": message.id, "text": message.text},
        "conversation": {"id": head.id, "labels": sorted(there.labels)},
        "customer": {
            "id": customer.id,
            "name": customer.name,
            "attributes": dict(there.attributes),
            "signed_in": there.signed_in,
        },
        "channel": {"key": channel.key, "kind": channel.kind},
        "page": there.page,
    }


def understood(body: str) -> Said | None:
    """An answer of another system; None where it is no JSON object. What is of another form in it is left out."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    noted = told.get("attributes")
    pairs = noted.items() if isinstance(noted, dict) else ()
    plain = {
        clean(name): str(value) for name, value in pairs if isinstance(value, str | int | float) and name
    }
    return Said(
        text=_words(told.get("text"), MAX_TEXT),
        quick_replies=tuple(_listed(told.get("quick_replies"), 80))[:MAX_CHOICES],
        attributes=dict(list(plain.items())[:MAX_NOTED]),
        labels=tuple(_listed(told.get("labels") or [told.get("label")], 64))[:MAX_NOTED],
        hand_over=told.get("hand_over") is True,
    )


def _words(told: Any, most: int) -> str:
    return clean(told).strip()[:most] if isinstance(told, str) else ""


def _listed(told: Any, most: int) -> list[str]:
    return [words for one in told if (words := _words(one, most))] if isinstance(told, list) else []


def _finish(db: Session, row: BotCall, said: Said | None, error: str) -> None:
    """Say it, unless a person has the thread by now, who sees what was asked in the thread itself, or the matter is at
    its end. What cannot be followed is not asked for again; a person is to look."""
    head = inbox.hold(db, db.get_one(Conversation, row.conversation_id))
    row.done_at = now()
    if head.owner != BOT or head.owner_epoch != row.epoch or head.status == RESOLVED:
        row.state = "superseded"
        return
    row.state = "failed" if error else "done"
    if error:
        log.info("the bot asked webhook %s in vain: %s", row.webhook_id, error)
    with answers.unbroken(db, head, db.get_one(Message, row.message_id)):
        _follow(db, head, row, said, error)


def _follow(db: Session, head: Conversation, row: BotCall, said: Said | None, error: str) -> None:
    identity, channel = db.get_one(Identity, row.identity_id), db.get_one(Channel, row.channel_id)
    text = said.text if said and not error else str(row.asked.get("fallback", ""))
    if text:
        chips = said.quick_replies if said else ()
        inbox.bot_reply(db, head, identity, channel, row.epoch, text, quick_replies=chips)
    if said:
        effects.note(db, identity, said.attributes or {})
        for name in said.labels:
            effects.put_label(db, head, name)
    if said is None or said.hand_over:
        team = db.get(Team, row.asked.get("team") or 0)
        if team is not None:
            inbox.give_to_team(db, head, team)
        inbox.hand_over(db, head, "rule" if said else "unanswered")
