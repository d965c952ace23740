"""A customer who types, on another channel, the code that their web chat shows: both are one person."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import connect, family, inbox, rates, resuming
from app.i18n import gettext
from app.intake.people import contradict
from app.models import Channel, Conversation, Customer, Identity, Visitor
from app.models.conversation import BOT
from app.models.customer import CODE
from channels import base

TRIES, WITHIN = 8, 3600.0  # codes one address may try, in seconds
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
    source = resuming.use(db, code)
    joined = source is not None and _join(db, identity, source)
    if not connect.bot_speaks(channel):
        return joined
    _say(db, channel, identity, head, JOINED if joined else resuming.WRONG)
    return True


def _join(db: Session, identity: Identity, source: Visitor) -> bool:
    """Whether the two are one person now. Two who are signed in as different people are not."""
    theirs = db.get(Identity, source.proved_identity_id or source.identity_id or 0)
    if theirs is None:
        return False
    child, parent = (family.conversation_of(db, one.customer_id) for one in (identity, theirs))
    if child.head_id != parent.head_id:
        if contradict(db, child, parent):
            return False
        evidence = {"proof": "code", "visitor": source.id, "identity": identity.id}
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
        words = gettext(here.locale or head.locale or "ja", sentence)
        inbox.bot_reply(db, here, identity, channel, here.owner_epoch, words)
