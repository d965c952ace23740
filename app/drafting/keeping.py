"""Whether drafts are made, by which endpoint, and how it was the last time. Its key stands in the vault."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app import vault
from app.db import now
from app.events import record
from app.formats import iso
from app.models import Agent
from app.stored import held, store, stored
from app.text import one_line

KEPT_IN, HEALTH = "drafting", "drafting_health"
SECONDS = (5, 10, 20, 40)
USUAL_SECONDS = 20
LONGEST_URL, LONGEST_MODEL, LONGEST_KEY = 300, 120, 400


class Wrong(Exception):
    """What was typed cannot be kept: field → English sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Manner:
    """How drafts are made. `url` is where the API begins (…/v1), `seconds` is what a draft may take in all."""

    on: bool = False
    url: str = ""
    model: str = ""
    seconds: int = USUAL_SECONDS
    key: str = field(default="", repr=False)

    @property
    def ready(self) -> bool:
        """Whether there is somebody to ask."""
        return bool(self.url and self.model)


@dataclass(frozen=True, slots=True)
class Health:
    """How it was the last time; `error` is an English sentence, "" if all was well."""

    at: datetime
    error: str
    duration_ms: int


def manner(db: Session) -> Manner:
    """As it is kept. Raises `vault.Unreadable` where the key was sealed under another master secret."""
    sealed = base64.b64decode(str(stored(db, KEPT_IN).get("sealed", "")))
    return replace(without_key(db), key=str(vault.unseal(sealed).get("key", "")))


def without_key(db: Session) -> Manner:
    """As it is kept, its key left in the vault."""
    told = stored(db, KEPT_IN)
    seconds = told.get("seconds", USUAL_SECONDS)
    return Manner(
        bool(told.get("on")),
        str(told.get("url", "")),
        str(told.get("model", "")),
        seconds if seconds in SECONDS else USUAL_SECONDS,
    )


def change(db: Session, agent: Agent, wanted: Manner, *, new_key: str | None = None) -> None:
    """Keep it; `new_key` None: the key stays as it is. Raises :class:`Wrong`."""
    before = held(db, KEPT_IN)
    url = wanted.url.strip().rstrip("/").removesuffix("/chat/completions")
    told: dict[str, Any] = {
        "on": wanted.on,
        "url": url,
        "model": one_line(wanted.model, LONGEST_MODEL),
        "seconds": wanted.seconds,
    }
    if errors := _errors(url, wanted):
        raise Wrong(errors)
    sealed = before.get("sealed", "")
    if new_key is not None:
        sealed = base64.b64encode(vault.seal({"key": new_key} if new_key else {})).decode()
    elif before.get("url", "") and urlsplit(str(before["url"])).netloc != urlsplit(url).netloc:
        sealed = ""  # the key of one house is not shown to another
    if store(db, KEPT_IN, {**told, "sealed": sealed}):
        record(db, "audit.drafting_changed", agent=agent, **told)


def _errors(url: str, wanted: Manner) -> dict[str, str]:
    errors: dict[str, str] = {}
    parts = urlsplit(url)
    if url and (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or len(url) > LONGEST_URL
        or parts.username
    ):
        errors["url"] = "Write an address like https://api.example.com/v1."
    if wanted.on and not url:
        errors["url"] = "Write where the model answers."
    if wanted.on and not wanted.model.strip():
        errors["model"] = "Write the name of the model."
    if wanted.seconds not in SECONDS:
        errors["seconds"] = "Choose one of these times."
    return errors


def health(db: Session) -> Health | None:
    """How it was the last time; None: never asked yet."""
    told = stored(db, HEALTH)
    if not told:
        return None
    return Health(datetime.fromisoformat(told["at"]), str(told["error"]), int(told["duration_ms"]))


def told_health(db: Session, error: str, duration_ms: int) -> None:
    """Note how it was."""
    store(db, HEALTH, {"at": iso(now()), "error": error, "duration_ms": duration_ms})
