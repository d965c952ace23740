"""A customer who types, on another channel, the code that their web chat shows: both are one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family, guesses, inbox, resuming
from app.config import settings
from app.i18n import gettext
from app.inbox import ways
from app.inbox.contradicting import separated
from app.intake.people import contradict
from app.models import (
    Channel,
    Conversation,
    Customer,
    Identity,
    Message,
    ResumeClaim,
    ResumeCode,
    ResumeInvitation,
    Visitor,
)
from app.models.conversation import BOT
from app.models.customer import CODE
from app.models.message import INBOUND
from channels import base

CONFIRM = (
    "Please confirm this in the chat on our site: it asks whether you are the one with the number %(mark)s."
)
IS_IT_YOU = (
    "Somebody wants to go on with this conversation in the chat on our site; their screen shows the number %(mark)s. "
    "If it is you, answer “%(yes)s”, otherwise “%(no)s”."
)
YES, NO = "Yes %(mark)s", "No %(mark)s"
LET_IN = "Thank you. Please go on in the chat on our site."
KEPT_OUT = "Thank you. Nobody was let in."
JOINED = "This is now the same conversation as the chat on our site. You can go on here."


@dataclass(frozen=True)
class Tried:
    """A message that is a code: the one it is of, if it holds; `at_once`: it lets in without asking the old chat.
    `too_often`: it was not even looked for. Or it answers `claim`, who came with an address that was sent here."""

    claim: ResumeClaim | None = None
    yes: bool = False
    found: ResumeCode | None = None
    at_once: bool = False
    too_often: bool = False


def tried(db: Session, channel: Channel, identity: Identity, event: base.Inbound) -> Tried | None:
    """What a message is as a code; None where it is something else: nobody was shown a code lately, a form waits for
    an answer, or it is none and a person has the thread. Asked before the message is stored: a code asks nothing of
    anybody, so no case is opened for it.

    Not for a sender that is merely claimed: whoever forges an address would be joined with its owner.
    """
    if event.kind != INBOUND or event.auto or event.history or event.sort in base.QUIET:
        return None
    if event.sender.proof == "claimed":
        return None
    yes, number = resuming.word_in(event.text)
    if number and (claim := resuming.unanswered(db, identity, number)) is not None:
        return Tried(claim=claim, yes=yes)
    code = resuming.code_in(event.text)
    if not code or not resuming.expected(db, code):
        return None
    head = family.head_of(db, family.conversation_of(db, identity.customer_id))
    waits = bool(head.bot_flow)
    told = connect.bot_speaks(channel) and head.owner == BOT and not waits
    typed = resuming.is_typed(code)
    if guesses.of_sender(identity.id) or (typed and guesses.on_channel(channel.key)):
        return Tried(too_often=True) if told else None
    at_once = resuming.sure(db, code) and not waits  # an order number may be somebody's code
    found = resuming.find(db, code)
    if found is None and typed:
        guesses.wrong()
    if found is not None and resuming.invited(db, found.code_hash) is not None:
        found = None  # it leads into the chat, not out of it
    return Tried(found=found, at_once=at_once) if found is not None or told else None


def resume(db: Session, channel: Channel, identity: Identity, head: Conversation, code: Tried) -> None:
    """Join the thread that a code is of, or ask the old chat; where the bot may speak it says what came of it."""
    if code.claim is not None:
        return _answer(db, channel, identity, code.claim, code.yes)
    if code.too_often:
        sentence = resuming.TOO_MANY
    elif code.found is not None and _shows(db, identity, code.found):
        sentence = resuming.HERE
    elif code.found is not None and not code.at_once:
        claim, sentence = resuming.claim(db, code.found, identity=identity), resuming.WRONG
        if claim is not None:
            _ask(db, code.found, claim, identity)
            sentence = gettext(_language(head), CONFIRM, mark=resuming.mark(claim))
    else:
        source = resuming.use(db, code.found) if code.found is not None else None
        sentence = JOINED if source is not None and _join(db, identity, source) else resuming.WRONG
    if connect.bot_speaks(channel):
        _say(db, channel, identity, head, sentence)


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


def ask_there(db: Session, claim: ResumeClaim, invitation: ResumeInvitation) -> bool:
    """Ask the customer an address was sent to, where it was sent, whether it is they who opened it; whether they could
    be asked."""
    identity, channel = (
        db.get_one(Identity, invitation.identity_id),
        db.get_one(Channel, invitation.channel_id),
    )
    head = inbox.hold(db, family.conversation_of(db, identity.customer_id))
    if not channel.enabled or identity.unreachable or ways.is_closed(db, identity, channel):
        return False
    locale, number = _language(head), resuming.mark(claim)
    answers = [gettext(locale, one, mark=number) for one in (YES, NO)]
    words = gettext(locale, IS_IT_YOU, mark=number, yes=answers[0], no=answers[1])
    return inbox.bot_reply(db, head, identity, channel, None, words, quick_replies=answers) is not None


def _answer(db: Session, channel: Channel, identity: Identity, claim: ResumeClaim, yes: bool) -> None:
    """They have said whether it is they who wait in the chat."""
    done = resuming.answer(db, claim, yes)
    if done and claim.claimant_id is not None:
        resuming.tell(db, (), claim.claimant_id, {"t": "allowed", "yes": yes})
    head = inbox.hold(db, family.conversation_of(db, identity.customer_id))
    sentence = (LET_IN if yes else KEPT_OUT) if done else resuming.WRONG
    inbox.bot_reply(db, head, identity, channel, None, gettext(_language(head), sentence))


def _ask(db: Session, code: ResumeCode, claim: ResumeClaim, identity: Identity) -> None:
    """Let the old chat say whether it is they: the code came by an address, which may have been passed on."""
    source = db.get_one(Visitor, code.visitor_id)
    own = [id for id in (source.identity_id, source.proved_identity_id) if id is not None]
    resuming.tell(db, own, source.id, resuming.asked(db, claim, code))


def join(
    db: Session, one: Identity, other: Identity, evidence: Mapping[str, int], *, confirmed: bool = False
) -> bool:
    """Whether the two are one person now, in the thread of `other`, as a code says. Not those of whom contradicting
    things are proved, nor those whom somebody of the house has taken apart."""
    child, parent = (family.conversation_of(db, each.customer_id) for each in (one, other))
    low, top = inbox.hold_all(db, [child, parent])  # what speaks against it may have come this moment
    if low.id == top.id:
        return True
    if contradict(db, child, parent) or separated(db, child, parent):
        return False
    sure = {"confirmed": True} if confirmed else {}
    customers = [db.get_one(Customer, each.customer_id) for each in (child, parent)]
    inbox.link(db, customers[0], customers[1], evidence={"proof": "code", **evidence, **sure})
    return True


def _join(db: Session, identity: Identity, source: Visitor, *, confirmed: bool = False) -> bool:
    """Whether the sender is one person now with the visitor whose code they sent."""
    theirs = db.get(Identity, source.proved_identity_id or source.identity_id or 0)
    about = {"visitor": source.id, "identity": identity.id}
    if theirs is None or not join(db, identity, theirs, about, confirmed=confirmed):
        return False
    identity.proof = max(identity.proof, CODE)
    return True


def _shows(db: Session, identity: Identity, code: ResumeCode) -> bool:
    """Whether it was sent in the very chat that shows it: that proves nothing, and uses nothing up."""
    source = db.get_one(Visitor, code.visitor_id)
    return identity.id in (source.identity_id, source.proved_identity_id)


def _say(db: Session, channel: Channel, identity: Identity, head: Conversation, sentence: str) -> None:
    """Where a person has the thread, the bot is silent; the thread shows that the two were joined."""
    own = family.conversation_of(db, identity.customer_id)
    here = inbox.hold(db, own)
    if here.owner == BOT:
        words = gettext(_language(here, head), sentence)
        inbox.bot_reply(db, here, identity, channel, here.owner_epoch, words)


def _language(*threads: Conversation) -> str:
    return next((one.locale for one in threads if one.locale), settings().locale)
