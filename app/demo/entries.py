"""More of the FAQ: twins, what follows, a campaign with its days and picture, and what only members are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import knowledge
from app.db import now
from app.demo.shop import HERE, told
from app.knowledge import pictures, relations
from app.models import Agent, FaqEntry


def make(db: Session, admin: Agent, days_ago: int) -> None:
    """All that `entries.toml` tells, written so many days before today."""
    about = told("entries")
    for title, twin in about["twins"].items():
        entry = db.scalars(select(FaqEntry).filter_by(title=twin, language="en")).one()
        _relate(db, admin, entry, {"twin": title})
    today = now().date() + timedelta(days=days_ago)
    for one in about["entry"]:
        _relate(db, admin, _write(db, admin, one, today), one)


def _write(db: Session, admin: Agent, one: Mapping[str, Any], today: date) -> FaqEntry:
    since, until = one.get("days", ("", ""))
    days = {
        name: (today + timedelta(days=away)).isoformat() if one.get("days") else ""
        for name, away in (("valid_from", since), ("valid_until", until))
    }
    plain = {name: one[name] for name in ("language", "title", "questions", "answer", "tags")}
    entry = knowledge.save_entry(db, admin, None, {**plain, **days, "signed_in": one.get("signed_in", False)})
    if "image" in one:
        file = HERE / one["image"]
        kept = pictures.look_into(file.read_bytes(), file.name)
        pictures.put(db, admin, entry, kept, one["image_text"])
    return entry


def _relate(db: Session, admin: Agent, entry: FaqEntry, one: Mapping[str, Any]) -> None:
    following = "\n".join(one.get("follow_ups", ()))
    named = relations.resolved(db, entry.id, entry.language, following, one.get("twin", ""))
    knowledge.save_entry(db, admin, entry, named)
