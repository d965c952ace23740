"""Going on elsewhere: a short code shown in one place and typed in another, or carried there by an address.

Forty bits, minutes, once. The hash is keyed, so that a stolen table does not give the codes; guessing is held back by
the limits of the caller. Who types a code stands before the screen that shows it. An address may be passed on: who
comes with its code only asks to be let in, the first alone, and sees nothing until the old chat says yes.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app import connect, realtime
from app.config import settings
from app.db import after_commit, insert_if_new, now
from app.models import Identity, ResumeClaim, ResumeCode, Visitor

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
LENGTH = 8
LASTS = timedelta(minutes=10)
SENT_LASTS = timedelta(hours=24)  # of an address that an agent sends: who gets it by mail reads it later
WRONG = "This code is not valid (any more). Codes hold for ten minutes and work once."
_ALONE = re.compile(rf"([{ALPHABET}]{{4}})[-‐‑–—−ー ]?([{ALPHABET}]{{4}})")


def issue(
    db: Session, visitor: Visitor, *, by_link: bool = False, lasts: timedelta = LASTS
) -> tuple[str, datetime]:
    """A fresh code for this visitor's thread ("ABCD-EFGH"), and until when it holds."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    until = now() + lasts
    db.add(ResumeCode(code_hash=_hashed(code), visitor_id=visitor.id, expires_at=until, by_link=by_link))
    db.flush()
    return f"{code[:4]}-{code[4:]}", until


def find(db: Session, code: object) -> ResumeCode | None:
    """The code, if it holds and was not used."""
    return db.scalar(select(ResumeCode).where(ResumeCode.code_hash == _hashed(code), *holds()))


def use(db: Session, code: object) -> Visitor | None:
    """The visitor a typed code is of; it is used up by one conditional update, whoever else tries at once."""
    return _use_up(db, ResumeCode.code_hash == _hashed(code), ~ResumeCode.by_link)


def claim(
    db: Session, code: ResumeCode, *, claimant: Visitor | None = None, identity: Identity | None = None
) -> ResumeClaim | None:
    """Ask to be let in with the code of an address; None where somebody else has asked before, or was refused."""
    made = ResumeClaim(
        code_hash=code.code_hash,
        claimant_id=claimant.id if claimant else None,
        identity_id=identity.id if identity else None,
    )
    if insert_if_new(db, made):
        return made
    first = db.get_one(ResumeClaim, code.code_hash)
    mine = (first.claimant_id, first.identity_id) == (made.claimant_id, made.identity_id)
    return first if mine and first.allowed is not False else None


def answer(db: Session, claim: ResumeClaim, yes: bool) -> bool:
    """What the old chat says to it; False where it was answered before, or the code is over. No ends the code."""
    open_codes = select(ResumeCode.code_hash).where(*holds())
    said = update(ResumeClaim).where(
        ResumeClaim.code_hash == claim.code_hash,
        ResumeClaim.allowed.is_(None),
        ResumeClaim.code_hash.in_(open_codes),
    )
    done = db.execute(
        said.values(allowed=yes, answered_at=now()).returning(ResumeClaim.code_hash),
        execution_options={"synchronize_session": False},
    ).first()
    db.refresh(claim)
    if done is not None and not yes:
        _use_up(db, ResumeCode.code_hash == claim.code_hash)
    return done is not None


def let_in(db: Session, claim: ResumeClaim) -> Visitor | None:
    """The visitor whose thread it was let into; once."""
    return _use_up(db, ResumeCode.code_hash == claim.code_hash) if claim.allowed else None


def claims_of(db: Session, claimant: Visitor) -> ResumeClaim | None:
    """What this browser asks for last, as long as it may come of it."""
    mine = select(ResumeClaim).join(ResumeCode, ResumeCode.code_hash == ResumeClaim.code_hash)
    mine = mine.where(ResumeClaim.claimant_id == claimant.id, *holds())
    return db.scalars(mine.order_by(ResumeClaim.created_at.desc()).limit(1)).first()


def asked(db: Session, claim: ResumeClaim, code: ResumeCode) -> dict[str, Any]:
    """What the old chat is asked: whether this is they. `who` is how they are known there, "" for another browser."""
    identity = db.get(Identity, claim.identity_id) if claim.identity_id else None
    return {
        "t": "claim",
        "claim": claim.code_hash,
        "mark": mark(claim),
        "who": connect.spelled(identity) if identity else "",
        "expires_at": code.expires_at.isoformat(),
    }


def tell(db: Session, identities: Iterable[int], visitor_id: int, frame: Mapping[str, Any]) -> None:
    """Tell the open chats of these identities, and those of one visitor; who is not there is told when they come."""
    after_commit(db, realtime.whisper, "continuing", list(identities), visitor_id, dict(frame))


def mark(claim: ResumeClaim) -> str:
    """Two digits, shown in both places: whoever says yes can see that it is their own other device."""
    return str(int(claim.code_hash[-8:], 16) % 90 + 10)


def code_in(text: str) -> str:
    """The code that is all of a message ("abcd-efgh", 「ＡＢＣＤ－ＥＦＧＨ」), "" if it is something else.

    Written in one piece it has to have a digit: eight letters may be a word.
    """
    if len(text) > 40:
        return ""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    found = _ALONE.fullmatch(plain)
    if found is None or (len(plain) == LENGTH and not any(one.isdigit() for one in plain)):
        return ""
    return found[1] + found[2]


def holds() -> tuple[ColumnElement[bool], ...]:
    """Codes that hold and were not used."""
    return ResumeCode.used_at.is_(None), ResumeCode.expires_at > now()


def _use_up(db: Session, *which: ColumnElement[bool]) -> Visitor | None:
    used = db.execute(
        update(ResumeCode).where(*which, *holds()).values(used_at=now()).returning(ResumeCode.visitor_id),
        execution_options={"synchronize_session": False},
    ).first()
    source = db.get(Visitor, used[0]) if used else None
    return source if source is not None and source.revoked_at is None else None


def _hashed(code: object) -> str:
    plain = code.upper() if isinstance(code, str) and len(code) < 40 else ""
    bare = "".join(c for c in plain if c in ALPHABET)
    return hmac.new(settings().key("resume code"), bare.encode(), "sha256").hexdigest()
