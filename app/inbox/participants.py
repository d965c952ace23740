"""The other people of a conversation: who got or wrote a message of it besides the customer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.db import insert_missing
from app.inbox.holding import Refused
from app.models import Channel, Conversation, Identity, Message, MessageSource, Participant
from app.text import clean, one_line
from channels import base

MOST_COPIES = 50  # of one message of ours: more is a mailing, not an answer
_ADDRESS = re.compile(r"[^\s@<>,;:\\\"()\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>,;:\\\"()\[\]\x00-\x1f\x7f]{1,255}")


def remember(db: Session, channel: Channel, told: Iterable[tuple[int, Sequence[base.Participant]]]) -> None:
    """Note who takes part in which conversations (by id), each address once."""
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for conversation_id, people in told:
        for one in people:
            kind, _, address = connect.address(channel, base.Person(one.address.lower()))
            row = {"conversation_id": conversation_id, "kind": kind, "address": address}
            rows.setdefault((conversation_id, address), {**row, "name": clean(one.name)[:200]})
    insert_missing(db, Participant, [rows[key] for key in sorted(rows)])


def follow(db: Session, messages: Sequence[Message]) -> None:
    """Who got or wrote these messages takes part where they stand now, too."""
    mails = [one for one in messages if one.identity_id is not None]
    senders = select(Identity).where(Identity.id.in_({one.identity_id for one in mails}))
    by = {one.id: one for one in db.scalars(senders)} if mails else {}
    where = select(Conversation).where(Conversation.id.in_({one.conversation_id for one in mails}))
    whose = {one.id: one.customer_id for one in db.scalars(where)} if mails else {}
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for message in mails:
        sender = by[message.identity_id or 0]
        told = [(one["address"], one.get("name", "")) for one in message.context.get("others") or ()]
        if sender.customer_id != whose[message.conversation_id]:
            told.append((sender.address, sender.display))
        for written, name in told:
            row = {"conversation_id": message.conversation_id, "kind": sender.kind, "name": clean(name)[:200]}
            address = connect.kept(sender.kind, written)[:320]
            rows.setdefault((message.conversation_id, address), {**row, "address": address})
    insert_missing(db, Participant, [rows[key] for key in sorted(rows)])


def taking_part(db: Session, conversations: Collection[int], kind: str) -> set[tuple[int, str]]:
    """(conversation id, address in lower case) of everybody known in these conversations."""
    wanted = select(Participant.conversation_id, Participant.address)
    rows = db.execute(wanted.where(Participant.conversation_id.in_(conversations), Participant.kind == kind))
    return {(row.conversation_id, row.address) for row in rows}


def is_address(text: str) -> bool:
    """Whether mail can be sent there, by its looks."""
    return _ADDRESS.fullmatch(text) is not None


def copies(
    channel: Channel, identity: Identity, others: Sequence[base.Participant]
) -> list[base.Participant]:
    """The other recipients of an answer to `identity`, as they are to be written to, each once.

    Raises :class:`Refused` where the channel has no copies, an address is none, or there are too many. What has
    line breaks or control characters in it is no address: it would be a header of its own (RFC 5322, 2.2).
    """
    if not others:
        return []
    if not connect.features(channel).copies:
        raise Refused("This way has no copies.", field="copies")
    seen, kept = {identity.address.lower()}, []
    for one in others:
        if not is_address(one.address):
            raise Refused("“%(address)s” is no address.", field="copies", address=one_line(one.address, 100))
        if one.address.lower() not in seen:
            seen.add(one.address.lower())
            kept.append(base.Participant(one.address, one_line(one.name, 100), one.role))
    if len(kept) > MOST_COPIES:
        raise Refused("A message can go to at most %(limit)s more people.", field="copies", limit=MOST_COPIES)
    return kept


def note_refused(db: Session, message_id: int, refused: Mapping[str, str]) -> None:
    """Keep who did not get a message (address → why, in the server's words)."""
    if not refused:
        return
    source = db.get(MessageSource, message_id)
    if source is None:
        source = MessageSource(message_id=message_id, refused={})
        db.add(source)
    told = {clean(address)[:320]: clean(why)[:500] for address, why in refused.items()}
    source.refused = {**(source.refused or {}), **told}
    db.flush()
