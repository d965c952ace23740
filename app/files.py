"""Files that come with messages: looked into before they are believed, stored by content, served safely.

A file lies under ``files/`` in the data directory by the SHA-256 of its bytes; the row is the truth. What a
file is follows from its bytes, never from its name or from what the sender says.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import contents, sharing
from app.config import settings
from app.db import after_commit, remember, remembered
from app.inbox import Refused
from app.models import Agent, Attachment, Channel, Identity, Message
from channels import base

RESTING = 3600.0  # seconds a file's bytes are kept at least, so that one being stored again is not taken away


class Missing(Exception):
    """The row is there but its bytes are not; the text is a sentence for the agent."""


@dataclass(frozen=True)
class Kept:
    """A file whose bytes are on the disk, looked into, not yet in the database."""

    name: str
    content_type: str
    size: int
    sha256: str
    picture: tuple[int, int] | None
    thumb: bool


def take_in(data: bytes, name: str, *, limit: int, check: Callable[[str], None] = lambda _kind: None) -> Kept:
    """Look into a file, write it down and scale a picture; `limit` in bytes. Needs no transaction.

    `check` may refuse the content type it turns out to have, before anything is kept.

    That is the slow part (seconds for a large picture), and on SQLite a transaction keeps all others waiting.
    Raises :class:`app.inbox.Refused` with a sentence on an empty, too large or unsafe one.
    """
    name = contents.name_of(name)
    if not data:
        raise Refused("“%(name)s” is empty.", name=name)
    if len(data) > limit:
        raise Refused("“%(name)s” is larger than %(limit)s MB.", name=name, limit=limit // 1_000_000 or 1)
    kind, size = contents.look_into(data, name)
    check(kind)
    digest = hashlib.sha256(data).hexdigest()
    _write(digest, data)
    small = contents.scaled(data) if size else None
    if small:
        _put(_thumb(digest), small)
    return Kept(name, kind, len(data), digest, size, small is not None)


def store(
    db: Session,
    data: bytes | Kept,
    name: str = "",
    *,
    limit: int,
    channel: Channel | None = None,
    agent: Agent | None = None,
    identity: Identity | None = None,
) -> Attachment:
    """Keep a file (as :func:`take_in` does, if it was not taken in before) that is not part of a message yet."""
    kept = data if isinstance(data, Kept) else take_in(data, name, limit=limit)
    attachment = Attachment(
        channel_id=channel.id if channel else None,
        agent_id=agent.id if agent else None,
        identity_id=identity.id if identity else None,
        name=kept.name,
        content_type=kept.content_type,
        size=kept.size,
        sha256=kept.sha256,
        width=kept.picture[0] if kept.picture else None,
        height=kept.picture[1] if kept.picture else None,
        thumb=kept.thumb,
        key=secrets.token_urlsafe(24),
    )
    db.add(attachment)
    db.flush()
    return attachment


def path_of(attachment: Attachment, *, scaled: bool = False) -> Path:
    """Where the bytes lie; the scaled picture where there is one. Raises :class:`Missing`."""
    path = _place(attachment.sha256)
    small = _thumb(attachment.sha256)
    if scaled and attachment.thumb and small.exists():
        return small
    if not path.exists():
        raise Missing(f"The file “{attachment.name}” is missing from the storage.")
    return path


def of_message(db: Session, message_id: int) -> list[Attachment]:
    """The files of a message."""
    mine = select(Attachment).filter_by(message_id=message_id).order_by(Attachment.id)
    return remembered(db, ("files", message_id), lambda: list(db.scalars(mine)))


def look_up(db: Session, message_ids: Collection[int]) -> None:
    """Read the files of several messages at once, for :func:`of_message` to find in this session."""
    found: dict[Hashable, list[Attachment]] = {("files", id): [] for id in message_ids}
    theirs = select(Attachment).where(Attachment.message_id.in_(message_ids)).order_by(Attachment.id)
    for one in db.scalars(theirs):
        if one.message_id is not None:
            found["files", one.message_id].append(one)
    remember(db, found)


def forget(db: Session, attachments: Iterable[Attachment]) -> None:
    """Take rows away, and the bytes that no other row names (unless they were stored within the hour)."""
    gone = list(attachments)
    for one in gone:
        db.delete(one)
    db.flush()
    for digest in {one.sha256 for one in gone}:
        if db.scalars(select(Attachment.id).filter_by(sha256=digest).limit(1)).first() is None:
            after_commit(db, _unlink, digest)


def _unlink(digest: str) -> None:
    path = _place(digest)
    if path.exists() and path.stat().st_mtime < time.time() - RESTING:
        path.unlink(missing_ok=True)
        _thumb(digest).unlink(missing_ok=True)


def outgoing(db: Session, message: Message) -> tuple[base.Attachment, ...]:
    """The files of a message as a connector sends them, each with an address to fetch it from. Raises
    :class:`Missing`."""
    return tuple(as_sent(one, message.sent_at) for one in of_message(db, message.id))


def as_sent(one: Attachment, since: datetime) -> base.Attachment:
    """A file as it is sent with what was said at `since`. Raises :class:`Missing`."""
    return base.Attachment(
        one.name,
        one.content_type,
        data=path_of(one).read_bytes(),
        size=one.size,
        content_id=one.content_id,
        url=sharing.address(one.key, since, one.name),
        preview=sharing.preview(one.key, since) if has_preview(one) else "",
    )


def has_preview(attachment: Attachment) -> bool:
    """Whether there is a small picture of it: pictures have one, and films a sign that they are films."""
    return attachment.thumb or attachment.content_type.startswith("video/")


def preview(attachment: Attachment) -> bytes:
    """The small JPEG of a picture (960 pixels at most), or of what is none. Raises :class:`Missing`."""
    return contents.jpeg(path_of(attachment, scaled=True) if attachment.thumb else None)


def _place(digest: str) -> Path:
    return settings().data_dir / "files" / digest[:2] / digest


def _thumb(digest: str) -> Path:
    return _place(digest).with_name(f"{digest}.thumb.webp")


def _write(digest: str, data: bytes) -> None:
    path = _place(digest)
    if path.exists():
        os.utime(path)
    else:
        _put(path, data)


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all: written aside, made durable, then moved into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)  # a full disk is not kept full by what did not fit
