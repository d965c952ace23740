"""What the shop's bot knows: FAQ entries in both languages, and rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import knowledge
from app.config import settings
from app.db import as_of
from app.demo import entries
from app.demo.shop import HERE, told
from app.knowledge import flows, questions, versions
from app.models import Agent

LANGUAGES = ("ja", "en")
REASON = "お店でよく聞かれる質問から始めました"


def make(db: Session, admin: Agent, begun: datetime) -> None:
    """Write every entry and rule, three weeks ago."""
    with as_of(begun - timedelta(days=20)):
        for language in LANGUAGES:
            for about in told(f"faq.{language}")["entry"]:
                _entry(db, admin, language, about)
        for about in told("rules")["rule"]:
            plain = {"language": "", "keywords": [], "pattern": "", "params": {}, "enabled": True}
            knowledge.save_rule(db, admin, None, {**plain, **about})
        for data in flows.from_toml(db, (HERE / "flows.toml").read_text("utf-8")):
            flows.save_flow(db, admin, None, data)
        entries.make(db, admin, 20)
        versions.publish_all(db, admin, REASON)
        lines = [f"{asked}\t{title}" for language in LANGUAGES for asked, title in told("measured")[language]]
        questions.read(db, admin, "\n".join(lines))


def _entry(db: Session, admin: Agent, language: str, about: dict[str, Any]) -> None:
    base = settings().public_url
    links = [{"label": label, "url": base + path} for label, path in about.get("links", {}).items()]
    plain = {"quick_replies": [], "tags": [], "enabled": True, **about}
    knowledge.save_entry(db, admin, None, {**plain, "language": language, "links": links})
