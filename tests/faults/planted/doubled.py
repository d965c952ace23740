"""A claim without its condition: two workers that look at one delivery both send it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import deliver
from app.db import now
from app.models import Delivery
from app.models.delivery import SENDING


def _claim(db: Session, delivery_ids: Sequence[int], word: str) -> Sequence[int]:
    time.sleep(0.2)  # as after a look that found them waiting
    taken = update(Delivery).where(Delivery.id.in_(delivery_ids))
    db.execute(taken.values(state=SENDING, claim=word, claimed_at=now(), attempts=Delivery.attempts + 1))
    return delivery_ids


deliver._claim = _claim
