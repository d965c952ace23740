"""What is kept once for the whole house: one row of settings a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.db import insert_if_new
from app.models import Setting


def stored(db: Session, key: str) -> dict[str, Any]:
    """What is kept under `key`; nothing where nothing was ever."""
    found = db.get(Setting, key)
    return dict(found.value) if found else {}


def store(db: Session, key: str, value: Mapping[str, Any]) -> bool:
    """Keep it; False where nothing changes. Two who save first at once meet in the row."""
    if db.get(Setting, key) is None and insert_if_new(db, Setting(key=key, value=dict(value))):
        return True
    found = db.get_one(Setting, key, with_for_update=True, populate_existing=True)
    if found.value == value:
        return False
    found.value = dict(value)
    db.flush()
    return True
