"""Going on elsewhere: a short code shown in one place and typed (or photographed) in another.

Forty bits, ten minutes, once. The hash is keyed, so that a stolen table does not give the codes; guessing is
held back by the limits of the caller.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.config import settings
from app.db import now
from app.models import ResumeCode, Visitor

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
LENGTH = 8
LASTS = timedelta(minutes=10)
WRONG = "This code is not valid (any more). Codes hold for ten minutes and work once."
_ALONE = re.compile(rf"([{ALPHABET}]{{4}})[-‐‑–—−ー ]?([{ALPHABET}]{{4}})")


def issue(db: Session, visitor: Visitor) -> tuple[str, datetime]:
    """A fresh code for this visitor's thread ("ABCD-EFGH"), and until when it holds."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    until = now() + LASTS
    db.add(ResumeCode(code_hash=_hashed(code), visitor_id=visitor.id, expires_at=until))
    db.flush()
    return f"{code[:4]}-{code[4:]}", until


def use(db: Session, code: object) -> Visitor | None:
    """The visitor a code is of; it is used up by one conditional update, whoever else tries at once."""
    unused = (ResumeCode.used_at.is_(None), ResumeCode.expires_at > now())
    claimed = db.execute(
        update(ResumeCode)
        .where(ResumeCode.code_hash == _hashed(code), *unused)
        .values(used_at=now())
        .returning(ResumeCode.visitor_id),
        execution_options={"synchronize_session": False},
    ).first()
    source = db.get(Visitor, claimed[0]) if claimed else None
    return source if source is not None and source.revoked_at is None else None


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


def _hashed(code: object) -> str:
    plain = code.upper() if isinstance(code, str) and len(code) < 40 else ""
    bare = "".join(c for c in plain if c in ALPHABET)
    return hmac.new(settings().key("resume code"), bare.encode(), "sha256").hexdigest()
