"""Going on elsewhere: a short code shown on one device and typed (or photographed) on another.

Forty bits, ten minutes, once. The hash is keyed, so that a stolen table does not give the codes; guessing is
held back by the limits of the caller.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.config import settings
from app.db import now
from app.inbox import links
from app.models import Channel, Customer, Identity, ResumeCode, Visitor
from app.visitors.sessions import begin, reset
from app.visitors.trouble import Trouble

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
LENGTH = 8
LASTS = timedelta(minutes=10)


def issue_code(db: Session, visitor: Visitor) -> tuple[str, datetime]:
    """A fresh code for this visitor's thread ("ABCD-EFGH"), and until when it holds. Raises :class:`Trouble`."""
    if visitor.identity_id is None and visitor.proved_identity_id is None:
        raise Trouble("code_empty", "There is nothing to continue yet. Send a message first.")
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    until = now() + LASTS
    db.add(ResumeCode(code_hash=_hashed(code), visitor_id=visitor.id, expires_at=until))
    db.flush()
    return f"{code[:4]}-{code[4:]}", until


def redeem(db: Session, channel: Channel, visitor: Visitor, code: object) -> tuple[Visitor, str]:
    """A new session in the thread the code is of, and its token; the present session ends.

    What this device wrote before is linked to that thread, so that agents see one. Raises :class:`Trouble`.
    """
    source = _use(db, channel, code)
    if visitor.proved_identity_id not in (None, source.proved_identity_id):
        raise Trouble(
            "code_other", "You are signed in as somebody else here. Sign out first, then use the code."
        )
    made, token = begin(db, channel, visitor.locale, visitor.page)
    made.identity_id, made.proved_identity_id = source.identity_id, source.proved_identity_id
    _join(db, visitor, made)
    reset(db, visitor)
    return made, token


def _use(db: Session, channel: Channel, code: object) -> Visitor:
    """The visitor a code is of; it is used up by one conditional update, whoever else tries at once."""
    claimed = db.execute(
        update(ResumeCode)
        .where(
            ResumeCode.code_hash == _hashed(code), ResumeCode.used_at.is_(None), ResumeCode.expires_at > now()
        )
        .values(used_at=now())
        .returning(ResumeCode.visitor_id),
        execution_options={"synchronize_session": False},
    ).first()
    source = db.get(Visitor, claimed[0]) if claimed else None
    if source is None or source.channel_id != channel.id or source.revoked_at is not None:
        raise Trouble(
            "code_wrong", "This code is not valid (any more). Codes hold for ten minutes and work once."
        )
    return source


def _join(db: Session, before: Visitor, after: Visitor) -> None:
    theirs = after.proved_identity_id or after.identity_id
    if before.identity_id is None or theirs is None or before.proved_identity_id is not None:
        return
    old, new = db.get_one(Identity, before.identity_id), db.get_one(Identity, theirs)
    if old.customer_id == new.customer_id:
        return
    child, parent = (db.get_one(Customer, one.customer_id) for one in (old, new))
    try:
        links.link(db, child, parent, evidence={"proof": "code", "visitor": after.id})
    except ValueError:
        return  # an agent has linked it elsewhere already; that stands


def _hashed(code: object) -> str:
    plain = code.upper() if isinstance(code, str) and len(code) < 40 else ""
    bare = "".join(c for c in plain if c in ALPHABET)
    return hmac.new(settings().key("resume code"), bare.encode(), "sha256").hexdigest()
