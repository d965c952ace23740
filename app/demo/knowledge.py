"""What the shop's bot knows: FAQ entries in both languages, and rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.config import settings
from app.db import as_of
from app.demo.shop import told
from app.models import BotRule, FaqEntry, Revision

LANGUAGES = ("ja", "en")


def make(db: Session, begun: datetime) -> None:
    """Write every entry and rule, each with the revision that makes it part of the bot's version."""
    with as_of(begun - timedelta(days=20)):
        for language in LANGUAGES:
            for about in told(f"faq.{language}")["entry"]:
                _entry(db, language, about)
        for position, about in enumerate(told("rules")["rule"], start=1):
            _rule(db, position, about)


def _entry(db: Session, language: str, about: dict[str, Any]) -> None:
    base = settings().public_url
    links = [{"label": label, "url": base + path} for label, path in about.get("links", {}).items()]
    data = {"quick_replies": [], "tags": [], "enabled": True, **about, "language": language, "links": links}
    _keep(db, "faq_entry", FaqEntry(**data), data)


def _rule(db: Session, position: int, about: dict[str, Any]) -> None:
    data = {
        "language": "",
        "keywords": [],
        "pattern": "",
        "params": {},
        "enabled": True,
        **about,
        "position": position,
    }
    _keep(db, "bot_rule", BotRule(**data), data)


def _keep(db: Session, noun: str, row: FaqEntry | BotRule, data: dict[str, Any]) -> None:
    db.add(row)
    db.flush()
    db.add(Revision(noun=noun, noun_id=row.id, data=data))
    db.flush()
