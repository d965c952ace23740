"""A customer who types, on another channel, the code that their web chat shows: both are one person."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family, inbox, rates, resuming
from app.config import settings
from app.i18n import gettext
from app.intake.people import contradict
from app.models import Channel, Conversation, Customer, Identity, Message, ResumeClaim, ResumeCode, Visitor
from app.models.conversation import BOT
from app.models.customer import CODE
from app.models.message import INBOUND
from channels import base

TRIES, WITHIN = 8, 3600.0  # codes one address may try, in seconds
CONFIRM = (
    "Please confirm this in the chat on our site: it asks whether you are the one with the number %(mark)s."
)
JOINED = "This is now the same conversation as the chat on our site. You can go on here."


def resume(
    db: Session, channel: Channel, identity: Identity, head: Conversation, event: base.Inbound
) -> bool:
    """Join the thread that a code is of; whether these words were a code, with nothing else to answer.

    Not for a sender that is merely claimed: whoever forges an address would be joined with its owner. Where the bot
    may not speak nothing is said, and a code that is none is for a person to look at.
    """
    code = resuming.code_in(event.text) if event.sender.proof != "claimed" else ""
    if not code or rates.hit(f"resume:{identity.id}", TRIES, WITHIN):
        return False
    found = resuming.find(db, code)
    if found is not None and found.by_link:
        claim = resuming.claim(db, found, identity=identity)
        known, sentence = claim is not None, resuming.WRONG
        if claim is not None:
            _ask(db, found, claim, identity)
            sentence = gettext(_language(head), CONFIRM, mark=resuming.mark(claim))
    else:
        source = resuming.use(db, code)
        known = source is not None and _join(db, identity, source)
        sentence = JOINED if known else resuming.WRONG
    if not connect.bot_speaks(channel):
        return known
    _say(db, channel, identity, head, sentence)
    return True


def allowed(db: Session, claim: ResumeClaim) -> bool:
    """The old chat has said that whoever sent its code from another channel is the same person: they are joined, unless
    what is proved of them contradicts; whether they are."""
    identity, source = db.get_one(Identity, claim.identity_id or 0), resuming.let_in(db, claim)
    joined = source is not None and _join(db, identity, source, confirmed=True)
    last = select(Message.channel_id).where(Message.identity_id == identity.id, Message.kind == INBOUND)
    channel_id = db.scalar(last.order_by(Message.id.desc()).limit(1))
    channel = db.get(Channel, channel_id) if channel_id else None
    if joined and channel is not None and connect.bot_speaks(channel):
        _say(db, channel, identity, family.conversation_of(db, identity.customer_id), JOINED)
    return joined


def _ask(db: Session, code: ResumeCode, claim: ResumeClaim, identity: Identity) -> None:
    """Let the old chat say whether it is they: the code came by an address, which may have been passed on."""
    source = db.get_one(Visitor, code.visitor_id)
    own = [id for id in (source.identity_id, source.proved_identity_id) if id is not None]
    resuming.tell(db, own, source.id, resuming.asked(db, claim, code))


def _join(db: Session, identity: Identity, source: Visitor, *, confirmed: bool = False) -> bool:
    """Whether the two are one person now. Two who are signed in as different people are not."""
    theirs = db.get(Identity, source.proved_identity_id or source.identity_id or 0)
    if theirs is None:
        return False
    child, parent = (family.conversation_of(db, one.customer_id) for one in (identity, theirs))
    if child.head_id != parent.head_id:
        if contradict(db, child, parent):
            return False
        sure = {"confirmed": True} if confirmed else {}
        evidence = {"proof": "code", "visitor": source.id, "identity": identity.id, **sure}
        customers = [db.get_one(Customer, one.customer_id) for one in (child, parent)]
        try:
            inbox.link(db, customers[0], customers[1], evidence=evidence)
        except ValueError:
            return False  # an agent has linked it elsewhere already; that stands
    identity.proof = max(identity.proof, CODE)
    return True


def _say(db: Session, channel: Channel, identity: Identity, head: Conversation, sentence: str) -> None:
    """Where a person has the thread, the bot is silent; the thread shows that the two were joined."""
    own = family.conversation_of(db, identity.customer_id)
    here = inbox.hold(db, own)
    if here.owner == BOT:
        words = gettext(_language(here, head), sentence)
        inbox.bot_reply(db, here, identity, channel, here.owner_epoch, words)


def _language(*threads: Conversation) -> str:
    return next((one.locale for one in threads if one.locale), settings().locale)
