"""Files that come with messages: looked into before they are believed, stored by content, served safely.

A file lies under ``files/`` in the data directory by the SHA-256 of its bytes; the row is the truth. What a
file is follows from its bytes, never from its name or from what the sender says.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import puremagic
from PIL import Image, ImageDraw, ImageOps
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, sharing
from app.config import settings
from app.db import after_commit, now, remember, remembered
from app.family import conversation_of
from app.inbox import Refused
from app.models import Agent, Attachment, Channel, Identity, Message, RemoteFile
from app.text import clean, one_line
from channels import base

IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
SAFE = {  # what may be stored besides images, text and Office documents
    "application/pdf",
    "application/zip",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "audio/webm",
    "video/mp4",
    "video/quicktime",
    "video/webm",
}
OFFICE = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")
TEXT = {".txt": "text/plain", ".csv": "text/csv", ".md": "text/plain", ".log": "text/plain"}
COMING = "coming"  # of a file that is being brought over
THUMB = 960  # pixels, the longer side of the scaled picture
MAX_PIXELS = 60_000_000
RESTING = 3600.0  # seconds a file's bytes are kept at least, so that one being stored again is not taken away
Image.MAX_IMAGE_PIXELS = None  # we look at the size ourselves, before anything is decoded
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_decoding = threading.BoundedSemaphore(
    2
)  # pictures unpacked at once: the largest takes a quarter of a gigabyte
# What Pillow raises over a file that is no picture, or a damaged one.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, struct.error, zlib.error)


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
    name = _name(name)
    if not data:
        raise Refused("“%(name)s” is empty.", name=name)
    if len(data) > limit:
        raise Refused("“%(name)s” is larger than %(limit)s MB.", name=name, limit=limit // 1_000_000 or 1)
    kind, size = look_into(data, name)
    check(kind)
    digest = hashlib.sha256(data).hexdigest()
    _write(digest, data)
    return Kept(name, kind, len(data), digest, size, bool(size) and _scale(digest, data))


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


def look_into(data: bytes, name: str) -> tuple[str, tuple[int, int] | None]:
    """(content type, picture size) by the bytes alone. Raises :class:`app.inbox.Refused` on what is not safe."""
    if found := _picture(data):
        return found
    ending = Path(name).suffix.lower()
    if ending in TEXT and _is_text(data):
        return TEXT[ending], None
    sniffed = _sniff(data)
    if (
        (sniffed == "application/zip" and ending in OFFICE)
        or "officedocument" in sniffed
        or "opendocument" in sniffed
    ):
        return (sniffed if sniffed != "application/zip" else "application/octet-stream"), None
    if sniffed in SAFE:
        return sniffed, None
    raise Refused(
        "“%(name)s” cannot be accepted: only pictures, PDF, Office documents, text, sound, video and ZIP files.",
        name=name,
    )


def path_of(attachment: Attachment, *, scaled: bool = False) -> Path:
    """Where the bytes lie; the scaled picture where there is one. Raises :class:`Missing`."""
    path = _place(attachment.sha256)
    small = path.with_name(path.name + ".thumb.webp")
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
        path.with_name(f"{digest}.thumb.webp").unlink(missing_ok=True)


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
    out = io.BytesIO()
    if attachment.thumb:
        with _decoding, Image.open(path_of(attachment, scaled=True)) as image:
            _on_white(image).save(out, "JPEG", quality=82)
    else:
        _film().save(out, "JPEG", quality=82)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG has no transparency."""
    drawn = image.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(ground, drawn).convert("RGB")


def _film() -> Image.Image:
    """A dark frame with a sign to play it."""
    frame = Image.new("RGB", (640, 360), "#26292e")
    ImageDraw.Draw(frame).regular_polygon((320, 180, 60), 3, rotation=270, fill="#ffffff")
    return frame


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
            told.append({"name": _name(file.name), "refused": str(refused)})
    if told:
        message.context = {**message.context, "files": told}


def _elsewhere(db: Session, channel: Channel, message: Message, file: base.Attachment) -> dict[str, Any]:
    name = _name(file.name)
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


def tell_of(message: Message, row: RemoteFile, state: str | None) -> None:
    """What is said in the message of a file that lies elsewhere: `COMING`, why it cannot be had, or nothing more."""
    told = [one for one in message.context.get("files", ()) if one.get("remote") != row.id]
    if state is not None:
        told.append({"name": row.name, "remote": row.id, "state": state})
    rest = {name: value for name, value in message.context.items() if name != "files"}
    message.context = {**rest, "files": told} if told else rest


def _one(db: Session, channel: Channel, message: Message, identity: Identity, file: base.Attachment) -> bool:
    """True if the file's bytes are ours now; False if it stays where the sender has it."""
    if file.data is not None:
        kept = store(
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


def _picture(data: bytes) -> tuple[str, tuple[int, int]] | None:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(IMAGES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Refused("This picture has too many pixels to be shown.")
            image.verify()
            return IMAGES[str(image.format)], image.size
    except Refused:
        raise
    except BROKEN:
        return None


def _scale(digest: str, data: bytes) -> bool:
    """Write the scaled picture, without its metadata (where and when it was taken is nobody's business)."""
    try:
        with _decoding, Image.open(io.BytesIO(data), formats=tuple(IMAGES)) as image:
            small = ImageOps.exif_transpose(image).convert("RGBA" if "A" in image.getbands() else "RGB")
            small.thumbnail((THUMB, THUMB))
            out = io.BytesIO()
            small.save(out, "WEBP", quality=82)
    except (*BROKEN, MemoryError):
        return False
    _put(_place(digest).with_name(f"{digest}.thumb.webp"), out.getvalue())
    return True


def _sniff(data: bytes) -> str:
    try:
        found = puremagic.magic_string(data)
    except (puremagic.PureError, ValueError):
        return ""
    best = [match.mime_type for match in found if match.mime_type]
    return best[0] if best else ""


def _is_text(data: bytes) -> bool:
    if b"\x00" in data[:4096]:
        return False
    for encoding in ("utf-8", "cp932"):
        try:
            data.decode(encoding)
            return True
        except UnicodeDecodeError:
            continue
    return False


def _name(name: str) -> str:
    """Only the last part, on one line, short enough for every file system.

    Without marks of writing direction: with them a program can be shown as "…exe.png".
    """
    return one_line(_DIRECTIONS.sub("", os.path.basename(name.replace("\\", "/"))), 120) or "file"


def _place(digest: str) -> Path:
    return settings().data_dir / "files" / digest[:2] / digest


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
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
