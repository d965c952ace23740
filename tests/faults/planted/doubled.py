"""A claim without its condition: two workers that look at one delivery both send it."""

from __future__ import annotations

import time

from sqlalchemy import select, update

from app import deliver
from app.db import now, reading, transaction
from app.deliver import claiming
from app.models import Delivery
from app.models.delivery import SENDING


def take(channel_id: int, room: int, most: int | None = None) -> dict[int, str]:
    with reading() as db:
        due = select(Delivery.id).where(
            Delivery.channel_id == channel_id, deliver.ready(), deliver.channel_is_open()
        )
        ids = db.scalars(due.order_by(Delivery.id).limit(room)).all()
    if not ids:
        return {}
    time.sleep(0.5)  # as after a look that found them waiting
    with transaction() as db:
        taken = update(Delivery).where(Delivery.id.in_(ids))
        db.execute(
            taken.values(state=SENDING, claim="mine", claimed_at=now(), attempts=Delivery.attempts + 1)
        )
    return dict.fromkeys(ids, "mine")


claiming.take = take
