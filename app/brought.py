"""Files that come with what customers say: ours at once, or brought over from where they lie (:mod:`app.remote`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, files
from app.config import settings
from app.contents import name_of
from app.db import now
from app.family import conversation_of
from app.inbox import Refused
from app.models import Attachment, Channel, Identity, Message, RemoteFile
from app.text import clean
from channels import base

COMING = "coming"  # of a file that is being brought over
TRANSCRIPT = "madoguchi/transcript"  # the type of one that tells what was said in a call and is no attachment


def bring(
    db: Session, channel: Channel, message: Message, identity: Identity, files: Iterable[base.Attachment]
) -> None:
    """Attach what came with an inbound message. A file that is refused is named in the message, not lost silently.

    One that lies with a provider whose files can be fetched is left to :mod:`app.remote`.
    """
    told: list[dict[str, Any]] = []
    for file in files:
        try:
            if not _one(db, channel, message, identity, file):
                told.append(_elsewhere(db, channel, message, file))
        except Refused as refused:
            told.append({"name": name_of(file.name), "refused": str(refused)})
    if told:
        message.context = {**message.context, "files": [*message.context.get("files", ()), *told]}


def bring_transcript(db: Session, channel: Channel, message: Message, file: base.Attachment) -> None:
    """Have what was said in a call brought over from where it lies; what is on its way already is not asked for
    twice."""
    ref = clean(file.ref)[:512]
    waits = select(RemoteFile.id).where(RemoteFile.message_id == message.id, RemoteFile.ref == ref)
    if connect.fetches(channel) and db.scalar(waits.limit(1)) is None:
        told = _elsewhere(db, channel, message, replace(file, content_type=TRANSCRIPT))
        message.context = {**message.context, "files": [*message.context.get("files", ()), told]}


def _elsewhere(db: Session, channel: Channel, message: Message, file: base.Attachment) -> dict[str, Any]:
    name = name_of(file.name)
    if not connect.fetches(channel):
        return {"name": name, "url": file.url}
    row = RemoteFile(
        message_id=message.id,
        channel_id=channel.id,
        name=name,
        content_type=clean(file.content_type)[:128],
        url=clean(file.url)[:4000],
        ref=clean(file.ref)[:512],
        size=file.size,
        next_at=now(),
    )
    db.add(row)
    db.flush()
    return {"name": name, "remote": row.id, "state": COMING}


def tell_of(
    message: Message, row: RemoteFile, state: str | None, values: Mapping[str, Any] | None = None
) -> None:
    """What is said in the message of a file that lies elsewhere: `COMING`, why it cannot be had (an English msgid;
    `values` fill it in), or nothing more."""
    told = [one for one in message.context.get("files", ()) if one.get("remote") != row.id]
    if state is not None:
        why = {"told": dict(values)} if values else {}
        told.append({"name": row.name, "remote": row.id, "state": state, **why})
    rest = {name: value for name, value in message.context.items() if name != "files"}
    message.context = {**rest, "files": told} if told else rest


def _one(db: Session, channel: Channel, message: Message, identity: Identity, file: base.Attachment) -> bool:
    """True if the file's bytes are ours now; False if it stays where the sender has it."""
    if file.data is not None:
        kept = files.store(
            db, file.data, file.name, limit=settings().max_upload_bytes, channel=channel, identity=identity
        )
        kept.message_id, kept.content_id = message.id, clean(file.content_id)[:500]
        return True
    uploaded = (
        db.scalar(select(Attachment).filter_by(key=file.ref, channel_id=channel.id)) if file.ref else None
    )
    if uploaded is None:
        return False
    if uploaded.message_id is not None or not _same_person(db, uploaded, identity):
        raise Refused("This file belongs to another message.")
    uploaded.message_id = message.id
    return True


def _same_person(db: Session, uploaded: Attachment, identity: Identity) -> bool:
    """Uploaded by this very identity, or by the same browser before it signed in."""
    if uploaded.identity_id == identity.id:
        return True
    owner = db.get(Identity, uploaded.identity_id) if uploaded.identity_id else None
    if owner is None:
        return False
    heads = {conversation_of(db, one.customer_id).head_id for one in (owner, identity)}
    return len(heads) == 1
