"""Going on elsewhere: six digits shown in one place and typed in another, or a longer code carried there by an address.

Minutes, once. The hash is keyed, so that a stolen table does not give the codes; what guessing comes to is in
:mod:`app.guesses`. Who types a code stands before the screen that shows it. An address may be passed on: who comes with
its code only asks to be let in, the first alone, and sees nothing until the old chat says yes.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from app import connect, guesses, realtime
from app.config import settings
from app.db import after_commit, insert_if_new, now
from app.models import Channel, Identity, ResumeClaim, ResumeCode, ResumeInvitation, Visitor

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
LENGTH = 8
DIGITS = "0123456789"
TYPED = 6  # digits: read from one screen, typed on another
TYPED_LASTS = timedelta(minutes=5)
LASTS = timedelta(minutes=10)  # of the code of an address
SENT_LASTS = timedelta(hours=24)  # of an address that an agent sends: who gets it by mail reads it later
EXPECTED = timedelta(minutes=15)  # after a code was over, six digits may still be meant as one
KEPT = timedelta(days=1)  # after it is over; until then nobody else gets the same
HERE = "This is the chat itself. Use the code or the address on your other device."
WRONG = "This code is not valid (any more). Codes hold for a few minutes and work once."
TOO_MANY = "Too many codes were tried. Please wait an hour, or use the QR code."
_LETTERS = frozenset(ALPHABET + DIGITS)
_BETWEEN = r"[-‐‑‒–—―−ー\s]{0,3}"
_ALONE = re.compile(rf"([{ALPHABET}]{{4}}){_BETWEEN}([{ALPHABET}]{{4}})")
_SIX = re.compile(
    rf"([0-9]{{3}}){_BETWEEN}([0-9]{{3}})|([0-9]{{2}}) ([0-9]{{2}}) ([0-9]{{2}})|[0-9](?: [0-9]){{5}}"
)

_WORD = re.compile(
    r"(?:(?:はい|yes|y)|(?P<no>いいえ|no|n))?[\s、,.:「」()]*(?P<number>[1-9][0-9])[\s。.」)]*(?:です)?"
)


def issue(db: Session, visitor: Visitor, *, lasts: timedelta = TYPED_LASTS) -> tuple[str, datetime]:
    """Six fresh digits for this visitor's thread ("123 456"), and until when they hold. Those shown before are over:
    a browser has one code at a time."""
    mine = update(ResumeCode).where(ResumeCode.visitor_id == visitor.id, ~ResumeCode.by_link, *holds())
    db.execute(mine.values(expires_at=now()), execution_options={"synchronize_session": "fetch"})
    code = _store(db, visitor, DIGITS, TYPED, by_link=False, until=now() + lasts)
    return f"{code[:3]} {code[3:]}", now() + lasts


def issue_link(
    db: Session,
    visitor: Visitor,
    *,
    lasts: timedelta = LASTS,
    sent_to: tuple[Identity, Channel] | None = None,
) -> str:
    """A fresh code for an address that leads to this visitor's thread ("ABCD-EFGH"); `sent_to`: from there into the
    chat, whose first page this visitor is."""
    code = _store(db, visitor, ALPHABET, LENGTH, by_link=True, until=now() + lasts)
    if sent_to is not None:
        identity, channel = sent_to
        db.add(ResumeInvitation(code_hash=_hashed(code), identity_id=identity.id, channel_id=channel.id))
    return f"{code[:4]}-{code[4:]}"


def _store(
    db: Session, visitor: Visitor, letters: str, length: int, *, by_link: bool, until: datetime
) -> str:
    """One that nobody has, or had a short time ago."""
    while True:
        code = "".join(secrets.choice(letters) for _ in range(length))
        row = ResumeCode(code_hash=_hashed(code), visitor_id=visitor.id, expires_at=until, by_link=by_link)
        if insert_if_new(db, row):
            return code


def find(db: Session, code: object) -> ResumeCode | None:
    """The code, if it holds and was not used."""
    return db.scalar(select(ResumeCode).where(ResumeCode.code_hash == _hashed(code), *holds()))


def sure(db: Session, code: object) -> bool:
    """Whether this code may let in at once, if it is right: it is one that is typed, and guessing is hopeless now.
    To be asked before it is looked for; every time counts."""
    if not is_typed(code) or not guesses.quiet():
        return False
    few = select(ResumeCode.code_hash).where(~ResumeCode.by_link, *holds()).limit(guesses.LIVE + 1)
    return (db.scalar(select(func.count()).select_from(few.subquery())) or 0) <= guesses.LIVE


def expected(db: Session, code: str) -> bool:
    """Whether somebody may mean a code by this. Six digits are many things; only where a code was shown just now are
    they taken for one."""
    if not is_typed(code):
        return True
    lately = select(ResumeCode.code_hash).where(~ResumeCode.by_link, ResumeCode.expires_at > now() - EXPECTED)
    return db.scalar(lately.limit(1)) is not None


def is_typed(code: object) -> bool:
    """Whether it has the form of those that are typed."""
    bare = _bare(code)
    return len(bare) == TYPED and bare.isdecimal()


def use(db: Session, code: ResumeCode) -> Visitor | None:
    """The visitor a typed code is of; it is used up by one conditional update, whoever else tries at once."""
    return _use_up(db, ResumeCode.code_hash == code.code_hash, ~ResumeCode.by_link)


def claim(
    db: Session, code: ResumeCode, *, claimant: Visitor | None = None, identity: Identity | None = None
) -> ResumeClaim | None:
    """Ask to be let in with the code of an address; None where somebody else has asked before, or was refused."""
    made = ResumeClaim(
        code_hash=code.code_hash,
        claimant_id=claimant.id if claimant else None,
        identity_id=identity.id if identity else None,
    )
    if db.get(ResumeClaim, code.code_hash) is None and insert_if_new(db, made):
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


def invited(db: Session, code_hash: str) -> ResumeInvitation | None:
    """To whom the address was sent, where it leads from another channel into the chat."""
    return db.get(ResumeInvitation, code_hash)


def unanswered(db: Session, identity: Identity, number: str) -> ResumeClaim | None:
    """Who came with an address that was sent to this customer, and has this number on their screen."""
    mine = (
        select(ResumeClaim)
        .join(ResumeCode, ResumeCode.code_hash == ResumeClaim.code_hash)
        .join(ResumeInvitation, ResumeInvitation.code_hash == ResumeClaim.code_hash)
        .where(ResumeInvitation.identity_id == identity.id, ResumeClaim.allowed.is_(None), *holds())
    )
    return next((one for one in db.scalars(mine) if mark(one) == number), None)


def word_in(text: str) -> tuple[bool, str]:
    """(yes or no, the number) of an answer to who wants to be let in ("42", 「はい 42」, "no 42"); (False, "") for
    anything else. The number has to be there: a mere yes may be the answer to something else."""
    found = (
        _WORD.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold()) if len(text) <= 40 else None
    )
    return (found["no"] is None, found["number"]) if found else (False, "")


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
    """The code that is all of a message ("123 456", 「１２３－４５６」, "abcd-efgh"), "" if it is something else.

    Eight letters written in one piece have to have a digit: they may be a word.
    """
    if len(text) > 40:
        return ""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if _SIX.fullmatch(plain):
        return _bare(plain)
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


def lapsed(db: Session) -> bool:
    """Whether some are to be forgotten."""
    return db.scalar(select(ResumeCode.code_hash).where(_old()).limit(1)) is not None


def tidy(db: Session) -> None:
    """Forget codes that were over a day ago, and who came with them."""
    old = select(ResumeCode.code_hash).where(_old())
    for table in (ResumeInvitation, ResumeClaim, ResumeCode):
        db.execute(
            delete(table).where(table.code_hash.in_(old)), execution_options={"synchronize_session": "fetch"}
        )


def _old() -> ColumnElement[bool]:
    return ResumeCode.expires_at < now() - KEPT


def _bare(code: object) -> str:
    """Its letters and digits, however it was written; "" where it is too long for one."""
    if not isinstance(code, str) or len(code) >= 40:
        return ""
    return "".join(one for one in unicodedata.normalize("NFKC", code).upper() if one in _LETTERS)


def _hashed(code: object) -> str:
    return hmac.new(settings().key("resume code"), _bare(code).encode(), "sha256").hexdigest()
