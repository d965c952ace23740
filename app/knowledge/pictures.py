"""Pictures below answers: files that stay, since what was published once may be brought back; each message that shows
one has a row of its own for the same bytes."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import files
from app.inbox import Refused
from app.knowledge.writing import save_entry
from app.models import Agent, Attachment, EntryImage, FaqEntry
from app.text import one_line

LARGEST = 5_000_000  # bytes; LINE takes 10 MB, Twilio 5
KINDS = ("image/jpeg", "image/png", "image/webp", "image/gif")


def look_into(data: bytes, name: str) -> files.Kept:
    """A picture whose bytes are on the disk. Needs no transaction. Raises :class:`app.inbox.Refused`."""
    return files.take_in(data, name, limit=LARGEST, check=_check)


def put(db: Session, agent: Agent, entry: FaqEntry, kept: files.Kept, text: str) -> None:
    """Show this picture below the answer; `text` says what it shows."""
    attachment = files.store(db, kept, limit=LARGEST, agent=agent)
    db.add(EntryImage(attachment_id=attachment.id))
    save_entry(db, agent, entry, {"image_id": attachment.id, "image_text": one_line(text, 200)})


def describe(db: Session, agent: Agent, entry: FaqEntry, text: str) -> None:
    """Say otherwise what it shows."""
    save_entry(db, agent, entry, {"image_text": one_line(text, 200)})


def take_away(db: Session, agent: Agent, entry: FaqEntry) -> None:
    """Show none."""
    save_entry(db, agent, entry, {"image_id": None, "image_text": ""})


def find(db: Session, id: int | None) -> Attachment | None:
    """The picture of that number; nothing else that is a file."""
    if id is None:
        return None
    mine = select(Attachment).join(EntryImage, EntryImage.attachment_id == Attachment.id)
    return db.scalars(mine.where(Attachment.id == id)).first()


def to_send(db: Session, id: int) -> list[Attachment]:
    """The picture for one more message; none where it is gone."""
    found = find(db, id)
    if found is None:
        return []
    same = ("name", "content_type", "size", "sha256", "width", "height", "thumb")
    copied = Attachment(
        **{name: getattr(found, name) for name in same}, key=secrets.token_urlsafe(24), content_id=""
    )
    db.add(copied)
    db.flush()
    return [copied]


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise Refused("A picture is expected: JPEG, PNG, WebP or GIF.")
