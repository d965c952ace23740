"""Going on with a chat on another device, by the code that the first one shows (see :mod:`app.resuming`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app import resuming
from app.inbox import links
from app.models import Channel, Customer, Identity, Visitor
from app.visitors.sessions import begin, reset
from app.visitors.trouble import Trouble


def issue_code(db: Session, visitor: Visitor) -> tuple[str, datetime]:
    """A fresh code for this visitor's thread ("ABCD-EFGH"), and until when it holds. Raises :class:`Trouble`."""
    if visitor.identity_id is None and visitor.proved_identity_id is None:
        raise Trouble("code_empty", "There is nothing to continue yet. Send a message first.")
    return resuming.issue(db, visitor)


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
    source = resuming.use(db, code)
    if source is None or source.channel_id != channel.id:
        raise Trouble("code_wrong", resuming.WRONG)
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
