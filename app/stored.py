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


def held(db: Session, key: str) -> dict[str, Any]:
    """:func:`stored`, read afresh and nobody else's until the transaction ends: for what is changed in part."""
    while (found := _locked(db, key)) is None:
        insert_if_new(db, Setting(key=key, value={}))
    return dict(found.value)


def store(db: Session, key: str, value: Mapping[str, Any]) -> bool:
    """Keep it; False where nothing changes. Two who save first at once meet in the row."""
    while (found := _locked(db, key)) is None:  # never there, or taken away while we waited
        if insert_if_new(db, Setting(key=key, value=dict(value))):
            return True
    if found.value == value:
        return False
    found.value = dict(value)
    db.flush()
    return True


def _locked(db: Session, key: str) -> Setting | None:
    return db.get(Setting, key, with_for_update=True, populate_existing=True)
