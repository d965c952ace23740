"""A write that is sent again must not be done again: the answers to requests that carry an `Idempotency-Key`.

The key is claimed and the answer kept in the very transaction of the write, so there is no moment at which one
of them is there without the other. Of two requests at once with one key the database lets the second wait for
the first; then it finds the answer, or, if the first was refused or died, does the work itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app import vault
from app.db import insert_if_new, now
from app.models import KeptAnswer

KEPT = timedelta(hours=24)
MAX_KEY = 200


class Mismatch(Exception):
    """The key was used before, for another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer. `headers` are those that belong to it (ETag, Location)."""

    status: int
    headers: dict[str, str]
    body: bytes


def fingerprint(*parts: bytes) -> str:
    """What tells one request from another: method, address and body."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def claim(db: Session, token_id: int, key: str, request: str) -> KeptAnswer | Answer:
    """The row to keep the answer in, or the answer the same request got before. Raises :class:`Mismatch`."""
    db.execute(delete(KeptAnswer).filter_by(token_id=token_id, key=key).where(_old()))
    row = KeptAnswer(token_id=token_id, key=key, fingerprint=request, headers={})
    if insert_if_new(db, row):
        return row
    return _of(db.scalars(select(KeptAnswer).filter_by(token_id=token_id, key=key)).one(), request)


def answered(db: Session, token_id: int, key: str, request: str) -> Answer | None:
    """The answer the same request got before, without claiming anything. Raises :class:`Mismatch`."""
    kept = select(KeptAnswer).filter_by(token_id=token_id, key=key).where(~_old())
    seen = db.scalars(kept).one_or_none()
    return _of(seen, request) if seen is not None else None


def _of(seen: KeptAnswer, request: str) -> Answer:
    if seen.fingerprint != request:
        raise Mismatch(seen.key)
    return Answer(seen.status, dict(seen.headers), vault.unseal(seen.body).get("body", "").encode())


def keep(row: KeptAnswer, answer: Answer) -> None:
    """Keep what the write is answered; it is there once the transaction commits.

    Sealed, for an answer may hold a secret that is told only once. `body` is text (JSON).
    """
    row.status, row.headers, row.body = (
        answer.status,
        answer.headers,
        vault.seal({"body": answer.body.decode()}),
    )


def tidy(db: Session) -> int:
    """Forget the answers older than a day; returns how many. The clock calls this."""
    return len(db.scalars(delete(KeptAnswer).where(_old()).returning(KeptAnswer.id)).all())


def lapsed(db: Session) -> bool:
    """Whether there is anything to tidy."""
    return db.scalar(select(KeptAnswer.id).where(_old()).limit(1)) is not None


def _old() -> ColumnElement[bool]:
    return KeptAnswer.made_at < now() - KEPT
