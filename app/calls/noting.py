"""What one of us writes down about a call: one that the telephone system told of, or one that nobody else knows of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, search
from app.calls.changing import begin, change, leave_later, said
from app.calls.known import LONGEST, MAX_TEXT, WORDS, Known, facts, say, stamp
from app.db import now
from app.events import record
from app.inbox import Refused
from app.inbox.current import current_case
from app.inbox.messages import by_client_id
from app.inbox.summary import recount
from app.models import Agent, Attachment, Call, Conversation, Message
from app.models.call import ENDED, TALKED
from app.models.message import CALL
from app.text import clean, one_line
from channels.events import CallResult

RESULTS = tuple(result for result in get_args(CallResult) if result)
LONG_AGO = timedelta(days=31)  # so far back a call may be noted


@dataclass(frozen=True)
class Written:
    """What the form says. `seconds`: how long they talked; the rest is as with a call. None: as it was."""

    text: str = ""
    disposition: str = ""
    result: str | None = None
    direction: str | None = None
    number: str | None = None
    withheld: str | None = None
    started_at: datetime | None = None
    seconds: int | None = None
    recording_url: str | None = None


def write(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    written: Written,
    client_id: str,
    attachments: Sequence[Attachment] = (),
) -> tuple[Call, bool]:
    """Note a call that no telephone system told of, as one that is over; whether it is new: the same `client_id` again
    changes nothing.

    Raises :class:`Refused`.
    """
    head = inbox.hold(db, conversation)
    if stored := by_client_id(db, head, client_id):
        return of_message(db, stored), False
    message = _message(db, agent, head, written, client_id)
    known = _known(db, agent, written, message.sent_at, ours=True)
    about = said("", facts(known))
    message.text, message.context = about.text, {**about.context}
    db.add(message)
    db.flush()
    call = begin(db, None, message, known, {agent.name.lower(): agent.id})
    call.agent_id = call.noted_by = agent.id
    call.noted_at = now()
    _attach(message, attachments)
    leave_later(db, head, message, facts(known))
    search.index_new(db, [message])
    recount(db, head)
    record(db, "call.noted", head, agent=agent, message=message, state=call.state, result=call.result)
    return call, True


def rewrite(
    db: Session, agent: Agent, call: Call, written: Written, attachments: Sequence[Attachment] = ()
) -> None:
    """Note a call that stands there, or change what was noted: who did, or who oversees. Raises :class:`Refused`."""
    message = db.get_one(Message, call.message_id)
    inbox.hold(db, db.get_one(Conversation, message.conversation_id))
    db.refresh(call)
    if not may_change(agent, call):
        raise Refused("Somebody else wrote this note. Only they can change it, or a supervisor.", status=403)
    again, before = call.noted_by is not None, call.known
    _attach(message, attachments)
    call.noted_by, call.noted_at = call.noted_by or agent.id, now()
    if again:
        message.edited_at = now()
    db.flush()
    more = _known(db, agent, written, message.sent_at, ours=call.external_id is None)
    more["state"] = before["state"]
    change(db, call, message, more, {}, agent, told_anyway=True)


def may_change(agent: Agent, call: Call) -> bool:
    """Whether they may write its note."""
    return call.noted_by in (None, agent.id) or agent.oversees


def of_message(db: Session, message: Message) -> Call:
    """The call that this message is. Raises :class:`Refused` for any other message."""
    found = db.scalar(select(Call).where(Call.message_id == message.id))
    if found is None:
        raise Refused("This is no telephone call.", status=409)
    return found


def _message(db: Session, agent: Agent, head: Conversation, written: Written, client_id: str) -> Message:
    case = current_case(db, head)
    return Message(
        conversation_id=head.id,
        case_id=case.id if case else None,
        kind=CALL,
        author="agent",
        agent_id=agent.id,
        client_id=client_id,
        sent_at=_began(written),
        text="",
    )


def _began(written: Written) -> datetime:
    """When it began: as it is told, but not ahead, nor long ago; else so many seconds ago as it took."""
    at, most = written.started_at, now()
    if at is None:
        return most - timedelta(seconds=min(written.seconds or 0, LONGEST))
    if not most - LONG_AGO < at:
        raise Refused("This is too long ago to be noted here.", field="started_at")
    return min(at, most)


def _known(db: Session, agent: Agent, written: Written, began: datetime, *, ours: bool) -> Known:
    if written.result is not None and written.result not in RESULTS:
        raise Refused("Choose what became of the call.", field="result")
    words: dict[str, Any] = {
        "note": clean(written.text).strip()[:MAX_TEXT],
        "disposition": one_line(written.disposition, WORDS["disposition"]),
    }
    if written.direction is not None:
        words["direction"] = "out" if written.direction == "out" else "in"
    for name in ("number", "withheld"):
        given = getattr(written, name)
        if given is not None:
            words[name] = one_line(given, 320)
    if written.recording_url is not None:
        words["recording"] = _link(written.recording_url)
    if written.seconds is not None and (written.result is None or written.result in TALKED):
        words["talk_seconds"] = min(max(0, written.seconds), LONGEST)
    if ours:
        words |= {"agent": agent.name, "started_at": stamp(began)}
    return say(words, stamp(now()), state=ENDED, result=written.result or "")


def _link(url: str) -> dict[str, str] | None:
    given = clean(url).strip()
    if not given:
        return None
    if len(given) > 2000 or not given.startswith(("https://", "http://")):
        raise Refused("The address of the recording has to begin with https://.")
    return {"name": "", "url": given, "ref": ""}


def _attach(message: Message, attachments: Sequence[Attachment]) -> None:
    for one in attachments:
        one.message_id = message.id
