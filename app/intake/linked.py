"""A customer's chat and their account at the business become one: who signed in, said by the business's server, and
then by the platform that it was the person of the chat.

The business says it for a token that :mod:`app.linking` had of the platform, and gets a nonce; the platform brings
that back, once. Only then are the two one person, and never where each is proved to be somebody else.
"""

from __future__ import annotations

import secrets
import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family, inbox, linking
from app.db import now
from app.events import record
from app.inbox import Refused
from app.inbox.lines import line
from app.intake.outcome import Outcome
from app.intake.people import contradict, identity_for, known
from app.models import AccountLink, Channel, Conversation, Customer, Identity, Message
from app.models.conversation import BOT
from app.models.customer import SIGNED
from app.text import clean
from channels import base
from channels.webchat import WebChat
from channels.webchat_identity import audience

LINE = "account_link"  # the line in the thread that says what came of it
LINKED, FAILED, CONTRADICTS, STRANGER, LATE, USED, UNKNOWN = (
    "linked",
    "failed",
    "contradicts",
    "stranger",
    "late",
    "used",
    "unknown",
)
NOT_SIGNED = (
    "The token that says who signed in is not valid. Check the identity secret of the web chat and the clock."
)
NO_TOKEN = (
    "This link token is not one of ours, was used, or is over. The customer has to begin again in the chat."
)


def vouch(db: Session, chat: Channel, person: base.Person, token: str) -> str:
    """The business says that `person` (of `chat`) signed in where the platform's `token` led: where their browser
    goes now. Said again, the last one counts. Raises :class:`app.inbox.Refused`."""
    mine = select(AccountLink).where(AccountLink.token_hash == linking.digest(token)).with_for_update()
    row = db.scalars(mine).first()
    if row is None or row.used_at is not None or row.expires_at <= now():
        raise Refused(NO_TOKEN, status=409)
    connector = connect.connector(db.get_one(Channel, row.channel_id))
    if not isinstance(connector, base.Linking):
        raise Refused(NO_TOKEN, status=409)
    nonce = secrets.token_urlsafe(32)
    row.nonce_hash, row.expires_at = linking.digest(nonce), now() + linking.SIGN_IN
    row.proved_identity_id = identity_for(db, chat, person).id
    return connector.link_page(token, nonce)


def vouch_by_token(db: Session, jwt: str, token: str) -> str:
    """:func:`vouch` by a JWT as the chat on the business's pages takes it; its audience is the key of that chat.
    Raises :class:`app.inbox.Refused`."""
    found = chat_of(db, audience(jwt))
    if found is None:
        raise Refused(NOT_SIGNED, status=403)
    try:
        person = found[1].identify(now(), token=jwt)
    except base.BadSignature as wrong:
        raise Refused(NOT_SIGNED, status=403) from wrong
    return vouch(db, found[0], person, token)


def chat_of(db: Session, key: str) -> tuple[Channel, WebChat] | None:
    """The web chat with this key: that is where the business says who its customers are."""
    asked = select(Channel).where(Channel.key == key, Channel.enabled)
    channel = db.scalar(asked) if key and clean(key) == key else None  # a stranger says it
    connector = connect.connector(channel) if channel is not None else None
    return (channel, connector) if channel is not None and isinstance(connector, WebChat) else None


def wants(db: Session, channel: Channel, identity: Identity, head: Conversation, event: base.Inbound) -> bool:
    """Send the address to who asks for it in the words the admin chose; whether these were."""
    if not (connect.links_accounts(channel) and connect.bot_speaks(channel)) or head.owner != BOT:
        return False
    chosen = {_plain(one) for one in channel.settings.get("link_words") or ()}
    if not event.text or len(event.text) > 100 or _plain(event.text) not in chosen:
        return False
    linking.offer(db, channel, identity, head)
    return True


def settle(db: Session, channel: Channel, event: base.Linked) -> Outcome:
    """What the platform says: told in the thread, whatever it is. The same said again changes nothing."""
    mine = select(AccountLink).filter_by(channel_id=channel.id, nonce_hash=linking.digest(event.nonce))
    row = db.scalars(mine.with_for_update()).first()
    sender = known(db, channel, event.sender) if event.sender else None
    if row is None:
        return _unknown(db, sender, event)
    if row.used_at is not None and row.used_at == event.at:
        return {"excluded": "seen before"}
    whose = db.get_one(Identity, row.identity_id)
    outcome = _outcome(db, row, sender, event)
    if outcome == LINKED:
        outcome = _join(db, whose, db.get_one(Identity, row.proved_identity_id or 0))
    if row.used_at is None:
        row.used_at, row.outcome = event.at or now(), outcome
    account = db.get_one(Identity, row.proved_identity_id or row.identity_id).address
    return {**_told(db, whose, outcome, account=account), "of": whose.id}


def _outcome(db: Session, row: AccountLink, sender: Identity | None, event: base.Linked) -> str:
    if row.used_at is not None:
        return USED
    if not event.ok:
        return FAILED
    if min(event.at or now(), now()) > row.expires_at:
        return LATE
    return LINKED if sender is not None and sender.id == row.identity_id else STRANGER


def _join(db: Session, identity: Identity, proved: Identity) -> str:
    """They are one person now; unless each is signed in as somebody else."""
    child, parent = (family.conversation_of(db, one.customer_id) for one in (identity, proved))
    inbox.hold_all(db, [child, parent])  # what speaks against it may have come this moment
    if child.head_id != parent.head_id:
        if contradict(db, child, parent):
            return CONTRADICTS
        evidence = {"proof": "signed", "identity": identity.id, "account": proved.id}
        customers = [db.get_one(Customer, one.customer_id) for one in (child, parent)]
        inbox.link(db, customers[0], customers[1], evidence=evidence)
    identity.proof = SIGNED
    return LINKED


def _unknown(db: Session, sender: Identity | None, event: base.Linked) -> Outcome:
    """A nonce that we never gave, or of another channel, or forgotten since. Told once."""
    if sender is None:
        return {"excluded": "an account was linked that we know nothing of"}
    mark = linking.digest(event.nonce)
    own = family.conversation_of(db, sender.customer_id)
    before = select(Message.id).where(
        Message.conversation_id == own.id,
        Message.context["what"].as_string() == LINE,
        Message.context["mark"].as_string() == mark,
    )
    if db.scalar(before.limit(1)) is not None:
        return {"excluded": "seen before"}
    return _told(db, sender, UNKNOWN, mark=mark)


def _told(db: Session, identity: Identity, outcome: str, *, account: str = "", mark: str = "") -> Outcome:
    own = family.conversation_of(db, identity.customer_id)
    head = inbox.hold(db, own)
    said = line(db, own, LINE, outcome=outcome, account=account, mark=mark)
    record(
        db,
        "account_link",
        head,
        actor="customer",
        message=said,
        outcome=outcome,
        account=account,
        identity=identity.id,
    )
    return {"excluded": f"account link: {outcome}"}


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
