"""A claim without its condition: two workers that look at one delivery both send it."""

from __future__ import annotations

import time

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import deliver
from app.db import now
from app.models import Delivery
from app.models.delivery import SENDING


def _claim(db: Session, delivery_id: int, claim: str) -> bool:
    time.sleep(0.2)  # as after a look that found it waiting
    taken = update(Delivery).where(Delivery.id == delivery_id)
    db.execute(taken.values(state=SENDING, claim=claim, claimed_at=now(), attempts=Delivery.attempts + 1))
    return True


deliver._claim = _claim
