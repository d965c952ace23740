"""Going on with a chat on another device or channel (see :mod:`app.resuming`).

A code that the first device shows is typed on the second one, which is in the thread at once. Or an address leads
there, as a QR code or sent: whoever opens it asks to be let in, and is by the first device alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import family, guesses, inbox, intake, resuming
from app.events import record
from app.inbox.lines import line
from app.intake.resume import allowed, ask_there, join
from app.models import Channel, Identity, ResumeClaim, ResumeCode, ResumeInvitation, Visitor
from app.models.customer import CODE
from app.visitors.sending import text_of
from app.visitors.sessions import begin, identities, reset, sender, settle
from app.visitors.trouble import Frame, Trouble

LINE = "continued"  # the line in the thread, and the event
OTHER = "You are signed in as somebody else here. Sign out first, then use the code."


@dataclass(frozen=True)
class Codes:
    """`typed` is to be read here and typed there, `sent` goes into addresses."""

    typed: str
    sent: str
    until: datetime


def issue_code(db: Session, visitor: Visitor) -> Codes:
    """Fresh codes for this visitor's thread. Raises :class:`Trouble`."""
    if visitor.identity_id is None and visitor.proved_identity_id is None:
        raise Trouble("code_empty", "There is nothing to continue yet. Send a message first.")
    typed, until = resuming.issue(db, visitor)
    return Codes(typed, resuming.issue_link(db, visitor), until)


def redeem(
    db: Session, channel: Channel, visitor: Visitor, code: object
) -> tuple[Visitor, str | None] | ResumeClaim:
    """A new session in the thread the code is of, and its token; the present session ends. With the code of an address,
    or where too much is guessed, only the wish to be let in. Without a code: what the old chat has allowed.

    What this device wrote before is linked to that thread, so that agents see one. Raises :class:`Trouble`.
    """
    if code is None:
        return _let_in(db, channel, visitor)
    at_once = resuming.sure(db, code)
    found = resuming.find(db, code)
    source = db.get_one(Visitor, found.visitor_id) if found else None
    if found is None and resuming.is_typed(code):
        guesses.wrong()
    if found is None or source is None or source.channel_id != channel.id or source.revoked_at is not None:
        raise Trouble("code_wrong", resuming.WRONG)
    if (invitation := resuming.invited(db, found.code_hash)) is not None:
        return _knock(db, visitor, found, invitation)
    _fit(visitor, source)
    if source.id == visitor.id or set(identities(db, source)) <= set(identities(db, visitor)):
        raise Trouble("code_here", resuming.HERE)
    if at_once and not found.by_link:
        return _enter(db, channel, visitor, resuming.use(db, found), "typed")
    claim = resuming.claim(db, found, claimant=visitor)
    if claim is None:
        raise Trouble("code_wrong", resuming.WRONG)
    _tell(db, source, resuming.asked(db, claim, found))
    return claim


def allow(db: Session, visitor: Visitor, frame: Mapping[str, Any]) -> Frame:
    """The old chat says yes or no to who asks to be let in. The first answer counts. Raises :class:`Trouble`."""
    claim = db.get(ResumeClaim, text_of(frame, "claim", 64))
    code = db.get(ResumeCode, claim.code_hash) if claim else None
    source = db.get_one(Visitor, code.visitor_id) if code else None
    if claim is None or source is None or not set(identities(db, source)) & set(identities(db, visitor)):
        raise Trouble("code_wrong", resuming.WRONG)
    yes = frame.get("yes") is True
    if not resuming.answer(db, claim, yes):
        yes = bool(claim.allowed)
    elif claim.identity_id is not None:
        yes = allowed(db, claim) if yes else False
    elif claim.claimant_id is not None:
        resuming.tell(db, (), claim.claimant_id, {"t": "allowed", "yes": yes})
    told = {"t": "answered", "claim": claim.code_hash, "yes": yes}
    _tell(db, source, told)
    return told


def pending(db: Session, visitor: Visitor) -> list[Frame]:
    """Who asks to be let into this visitor's thread, and what came of asking to be let into another: for those who were
    not there when it was told."""
    own = identities(db, visitor)
    theirs = Visitor.identity_id.in_(own) | Visitor.proved_identity_id.in_(own)
    waiting = (
        select(ResumeClaim, ResumeCode)
        .join(ResumeCode, ResumeCode.code_hash == ResumeClaim.code_hash)
        .join(Visitor, Visitor.id == ResumeCode.visitor_id)
        .where(theirs, ResumeClaim.allowed.is_(None), *resuming.holds())
    )
    told = (
        [resuming.asked(db, *row) for row in db.execute(waiting.order_by(ResumeClaim.created_at))]
        if own
        else []
    )
    mine = resuming.claims_of(db, visitor)
    if mine is not None:
        told.append({"t": "allowed", "yes": True} if mine.allowed else waiting_frame(mine))
    return told


def waiting_frame(claim: ResumeClaim) -> Frame:
    """Told to who asks to be let in."""
    return {"t": "waiting", "mark": resuming.mark(claim)}


def _tell(db: Session, source: Visitor, frame: Frame) -> None:
    resuming.tell(db, identities(db, source), source.id, frame)


def _fit(visitor: Visitor, source: Visitor) -> None:
    if visitor.proved_identity_id not in (None, source.proved_identity_id):
        raise Trouble("code_other", OTHER)


def _let_in(db: Session, channel: Channel, visitor: Visitor) -> tuple[Visitor, str | None]:
    """Into the thread that said yes; once."""
    claim = resuming.claims_of(db, visitor)
    source = resuming.let_in(db, claim) if claim else None
    if claim is None or source is None:
        raise Trouble("code_wrong", resuming.WRONG)
    if (invitation := resuming.invited(db, claim.code_hash)) is not None:
        _met(db, channel, visitor, db.get_one(Identity, invitation.identity_id))
        return visitor, None
    _fit(visitor, source)
    return _enter(db, channel, visitor, source, "confirmed")


def _knock(db: Session, visitor: Visitor, code: ResumeCode, invitation: ResumeInvitation) -> ResumeClaim:
    """Ask, where the address was sent to, whether it is they who came."""
    before = db.get(ResumeClaim, code.code_hash)
    claim = resuming.claim(db, code, claimant=visitor)
    if claim is None or (before is None and not ask_there(db, claim, invitation)):
        raise Trouble("code_wrong", resuming.WRONG)
    return claim


def _met(db: Session, channel: Channel, visitor: Visitor, other: Identity) -> None:
    """The visitor is the customer of that address: one thread for agents. Of what was said there the chat shows
    nothing: it is a new way to go on, not a window into the old one."""
    own = intake.identity_for(db, channel, sender(db, channel, visitor))
    settle(db, channel, visitor)
    if not join(db, own, other, {"visitor": visitor.id, "identity": other.id}, confirmed=True):
        raise Trouble("code_other", OTHER)
    other.proof = max(other.proof, CODE)
    _note(db, visitor, "invited")


def _enter(
    db: Session, channel: Channel, visitor: Visitor, source: Visitor | None, how: str
) -> tuple[Visitor, str]:
    if source is None:
        raise Trouble("code_wrong", resuming.WRONG)
    made, token = begin(db, channel, visitor.locale, visitor.page)
    made.identity_id, made.proved_identity_id = source.identity_id, source.proved_identity_id
    _join(db, visitor, made)
    reset(db, visitor)
    _note(db, made, how)
    return made, token


def _note(db: Session, made: Visitor, how: str) -> None:
    """In the thread and the history: a further device reads along from now on, and why it may."""
    identity = db.get_one(Identity, made.proved_identity_id or made.identity_id or 0)
    own = family.conversation_of(db, identity.customer_id)
    head = inbox.hold(db, own)
    said = line(db, own, LINE, how=how)
    record(db, LINE, head, actor="customer", message=said, how=how, visitor=made.id)


def _join(db: Session, before: Visitor, after: Visitor) -> None:
    """What was written on this device before is theirs, unless it has been somebody else's: then it stays so."""
    theirs = after.proved_identity_id or after.identity_id
    if before.identity_id is None or theirs is None or before.proved_identity_id is not None:
        return
    old, new = db.get_one(Identity, before.identity_id), db.get_one(Identity, theirs)
    join(db, old, new, {"visitor": after.id})
