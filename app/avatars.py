"""Pictures of customers: fetched from their platform once, looked into, made small, and shown from here only."""

from __future__ import annotations

import io
import logging
import secrets

from PIL import Image, ImageOps
from sqlalchemy.orm import Session

from app import connect
from app.contents import BROKEN, IMAGES, MAX_PIXELS
from app.models import Avatar, Channel, Customer, Identity
from channels import base, calling

log = logging.getLogger(__name__)

LARGEST = 5_000_000  # bytes of what is fetched
SIDE = 128  # pixels of what is kept: twice the largest it is shown at, and more


def fetch(channel: Channel, url: str) -> bytes | None:
    """The picture at an address that the platform of `channel` told, made small; None where it cannot be had or is
    none."""
    try:
        answer = calling.asked(connect.http_of(channel), "GET", url, limit=LARGEST)
    except base.ChannelError as error:
        log.info("the picture of a customer could not be fetched: %s", error)
        return None
    return small(answer.body) if answer.status == 200 else None


def small(data: bytes) -> bytes | None:
    """A square WebP without metadata, by the bytes alone; None where they are no picture, or one too large."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(IMAGES)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (SIDE * 2, SIDE * 2))
            upright = ImageOps.exif_transpose(image).convert("RGBA" if "A" in image.getbands() else "RGB")
            out = io.BytesIO()
            ImageOps.fit(upright, (SIDE, SIDE)).save(out, "WEBP", quality=82)
    except (*BROKEN, MemoryError):
        return None
    return out.getvalue()


def keep(db: Session, identity: Identity, data: bytes | None) -> bool:
    """Let `data` be the picture of `identity` (None: they have none any more); whether that is another one."""
    known = db.get(Avatar, identity.id)
    if (known.data if known else None) == data:
        return False
    customer = db.get_one(Customer, identity.customer_id)
    before = known.key if known else ""
    key = secrets.token_urlsafe(24) if data else ""
    if known and data:
        known.key, known.data = key, data
    elif known:
        db.delete(known)
    elif data:
        db.add(Avatar(identity_id=identity.id, key=key, data=data))
    if data or customer.avatar == before:
        customer.avatar = key
    db.flush()
    return True
