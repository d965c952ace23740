"""Files that lie with a provider: brought over at once, in threads, outside any transaction.

A file that came by reference leaves a row (:class:`app.models.RemoteFile`), which goes when the file is there. What
cannot be had now is tried again; what can never be had says why in the thread, where it may be asked for again.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import brought, calls, connect, files, inbox, vault
from app.config import settings
from app.db import now, reading, transaction
from app.events import record
from app.i18n import gettext
from app.models import Agent, Call, Channel, Conversation, Identity, Message, RemoteFile
from app.text import clean
from channels import base, registry

log = logging.getLogger(__name__)

AT_ONCE = 4  # files being brought by one process
LEASE = timedelta(minutes=5)  # a claim older than this belongs to a process that died
MAX_TRIES = 13  # about two hours with the waits below
FIRST_WAIT, LONGEST_WAIT = 4.0, 1800.0  # seconds
_slots = threading.Semaphore(AT_ONCE)


def fetch_due() -> int:
    """Begin to bring what is due, as much as there is room for; returns how many. A duty of the clock."""
    begun = 0
    with reading() as db:
        due = select(RemoteFile.id).where(RemoteFile.next_at <= now()).order_by(RemoteFile.id)
        ids = db.scalars(due.limit(AT_ONCE)).all()
    for id in ids:
        if not _slots.acquire(blocking=False):
            break
        threading.Thread(target=_in_its_slot, args=(id,), name=f"file {id}", daemon=True).start()
        begun += 1
    return begun


def _in_its_slot(id: int) -> None:
    try:
        fetch(id)
    except Exception:
        log.exception("the remote file %s could not be brought; it is tried again", id)
    finally:
        _slots.release()


def fetch(id: int) -> bool:
    """Bring one file over; whether it is there now. False, too, where another process is at it."""
    with transaction() as db:
        claim = update(RemoteFile).where(RemoteFile.id == id, RemoteFile.next_at <= now())
        claim = claim.values(next_at=now() + LEASE, tries=RemoteFile.tries + 1)
        if db.execute(claim.returning(RemoteFile.id)).first() is None:
            return False
    got = _ask(id)
    if isinstance(got, base.ChannelError):
        _failed(id, got)
        return False
    if isinstance(got, str):
        _write_down(id, got)
        return True
    if refused := _take_in(id, got):
        _failed(id, base.ChannelError(refused.sentence, permanent=True), refused.values)
    return refused is None


def again(db: Session, agent: Agent, message: Message, id: int) -> None:
    """Ask once more for a file that could not be had. Raises :class:`app.inbox.Refused`."""
    row = db.get(RemoteFile, id)
    if row is None or row.message_id != message.id or message.removed_at:
        raise inbox.Refused("This file is not waiting to be fetched.", status=409)
    row.next_at, row.tries = now(), 0
    _tell(db, message, row, agent=agent)


def _ask(id: int) -> bytes | str | base.ChannelError:
    """The bytes as the provider gives them, what was said in a call, or why there is neither."""
    try:
        with reading() as db:
            row = db.get_one(RemoteFile, id)
            connector = connect.connector(db.get_one(Channel, row.channel_id))
        assert isinstance(connector, base.Fetching)
        wanted = base.Attachment(row.name, row.content_type, url=row.url, ref=row.ref, size=row.size)
        data = connector.fetch(wanted)
        return data if row.content_type != brought.TRANSCRIPT else _said(connector, data)
    except base.ChannelError as error:
        return error
    except (vault.Unreadable, registry.UnknownKind) as error:
        return base.ChannelError(str(error), permanent=True)
    except Exception as error:
        log.exception("a connector broke its contract while fetching")
        return base.ChannelError("The connector failed.", detail=type(error).__name__, permanent=True)


def _said(connector: object, data: bytes) -> str | base.ChannelError:
    """What was said in a call, each turn with who spoke."""
    turns = connector.turns(data) if isinstance(connector, base.Transcribing) else []
    locale = settings().locale
    who = {"customer": gettext(locale, "Customer"), "agent": gettext(locale, "Us")}
    lines = [(one.name or who.get(one.who, ""), one.text) for one in turns]
    told = "\n".join(f"{name}: {text}" if name else text for name, text in lines)
    return told or base.ChannelError("Nothing was said in this transcript.", permanent=True)


def _write_down(id: int, text: str) -> None:
    """Let what was said stand in the entry of its call."""
    with transaction() as db:
        row = db.get(RemoteFile, id)
        if row is None:
            return
        message = db.get_one(Message, row.message_id)
        head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
        db.refresh(message)
        brought.tell_of(message, row, None)
        call = db.scalars(select(Call).where(Call.message_id == message.id)).one()
        db.flush()
        calls.change(db, call, message, calls.transcript(text), {})
        record(db, "message.files", head, message=message)
        db.delete(row)


def _take_in(id: int, data: bytes) -> inbox.Refused | None:
    """Look into the file and attach it; why it is refused, if it is. What the sender took back meanwhile is dropped."""
    with reading() as db:
        row = db.get(RemoteFile, id)
    try:
        kept = files.take_in(data, row.name if row else "", limit=settings().max_upload_bytes)
    except inbox.Refused as refused:
        return refused
    with transaction() as db:
        row = db.get(RemoteFile, id)
        if row is None:
            return None
        message = db.get_one(Message, row.message_id)
        head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
        db.refresh(message)
        if message.removed_at is None:
            identity = db.get(Identity, message.identity_id)
            channel = db.get_one(Channel, row.channel_id)
            stored = files.store(
                db, kept, limit=settings().max_upload_bytes, channel=channel, identity=identity
            )
            stored.message_id = message.id
            brought.tell_of(message, row, None)
            record(db, "message.files", head, message=message)
        db.delete(row)
    return None


def _failed(id: int, error: base.ChannelError, values: Mapping[str, Any] | None = None) -> None:
    """`values` fill in the sentence of the error."""
    with transaction() as db:
        row = db.get(RemoteFile, id)
        if row is None:
            return
        if error.permanent or row.tries >= MAX_TRIES:
            row.next_at, row.error = None, clean(error.sentence)[:500]
            _tell(db, db.get_one(Message, row.message_id), row, values=values)
        else:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (row.tries - 1)) * random.uniform(0.8, 1.2)
            row.next_at = now() + timedelta(seconds=max(wait, error.retry_after or 0.0))


def _tell(
    db: Session,
    message: Message,
    row: RemoteFile,
    agent: Agent | None = None,
    values: Mapping[str, Any] | None = None,
) -> None:
    head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
    db.refresh(message)  # another of its files may have come while we waited
    brought.tell_of(message, row, brought.COMING if row.next_at else row.error, values)
    record(db, "message.files", head, agent=agent, message=message)
