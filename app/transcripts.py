"""A copy of the conversation by mail, because the customer asked an agent for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import afterwards, family, formats, general, inbox, rich
from app.afterwards import Letter
from app.config import settings
from app.i18n import gettext
from app.inbox import Refused, consents, participants
from app.inbox.messages import by_client_id
from app.inbox.receiving import MAX_TEXT
from app.models import Agent, Channel, Conversation, Identity, Message
from app.models.consent import SERVICE
from app.models.customer import CODE
from app.models.message import INBOUND, PUBLIC
from app.visitors.presence import address_of

MOST = 500  # messages; of them the newest that fit into a mail


def send_transcript(db: Session, agent: Agent, conversation: Conversation, client_id: str) -> Message:
    """Mail the customer what was said. The same `client_id` again changes nothing.

    To an address that is merely claimed goes only what stands in the conversation of who claimed it: what agents
    linked with it may be another person's. Raises :class:`app.inbox.Refused`.
    """
    head = inbox.hold(db, conversation)
    if stored := by_client_id(db, head, client_id):
        return stored
    channel = afterwards.mailbox(db)
    if channel is None:
        raise Refused("There is no mailbox to send it with.")
    own, to = _recipient(db, channel, head)
    proved = to.proof >= CODE and to.customer_id in {one.customer_id for one in family.family(db, head)}
    said, more = _said(db, family.family_ids(db, head) if proved else [own.id])
    if not said:
        raise Refused("There is nothing to send yet.")
    locale = head.locale or settings().locale
    told = Letter(
        _text(db, said, locale, more), _subject(db, locale), agent.id, None, {"transcript": True}, client_id
    )
    return afterwards.write(db, channel, to, own, told)


def _recipient(db: Session, channel: Channel, head: Conversation) -> tuple[Conversation, Identity]:
    """Where it goes, and the conversation of whose address that is: the best proved one of the thread."""
    given = [(one, address_of(db, one.customer_id)) for one in family.family(db, head)]
    found = [
        (one, afterwards.recipient(db, channel, address))
        for one, address in given
        if participants.is_address(address)
    ]
    if not found:
        raise Refused("This customer has left no email address.")
    own, to = max(found, key=lambda each: (not each[1].unreachable, each[1].proof))
    if to.unreachable:
        raise Refused("Nothing arrives at %(address)s any more.", address=to.address)
    consents.refuse_unwilling(db, to, channel, SERVICE)
    return own, to


def _said(db: Session, conversations: Sequence[int]) -> tuple[list[Message], bool]:
    """The newest messages in order, and whether there were others before them."""
    public = select(Message).where(
        Message.conversation_id.in_(conversations), Message.kind.in_(PUBLIC), Message.removed_at.is_(None)
    )
    newest = db.scalars(public.order_by(Message.sent_at.desc(), Message.id.desc()).limit(MOST + 1)).all()
    said = [one for one in newest[:MOST] if not (one.quiet or {"after", "transcript"} & one.context.keys())]
    return said[::-1], len(newest) > MOST


def _text(db: Session, said: Sequence[Message], locale: str, more: bool) -> str:
    """The messages with who said each and when, the newest that fit, in order; `more`: there were others before."""
    left_out = gettext(locale, "What was said before is left out.")
    kept: list[str] = []
    room = MAX_TEXT - len(left_out) - 2
    for entry in _entries(db, reversed(said), locale):
        room -= len(entry) + 2
        if room < 0:
            more = True
            break
        kept.append(entry)
    return "\n\n".join([*([left_out] if more else []), *reversed(kept)])


def _entries(db: Session, said: Iterable[Message], locale: str) -> Iterable[str]:
    zone = ZoneInfo(settings().timezone)
    for one in said:
        words = (rich.plain(one.text) if one.html else one.text) or gettext(locale, "(a file)")
        yield f"{_who(db, one, locale)}  {formats.exact(one.sent_at, locale, zone)}\n{_with_links(words, one)}"


def _with_links(words: str, message: Message) -> str:
    return "\n".join([words, *(f"{one['label']}\n{one['url']}" for one in message.links)])


def _who(db: Session, message: Message, locale: str) -> str:
    if message.kind == INBOUND:
        identity = db.get(Identity, message.identity_id)
        named = identity is not None and identity.display and identity.display != identity.address
        return identity.display if identity is not None and named else gettext(locale, "Customer")
    agent = db.get(Agent, message.agent_id) if message.agent_id else None
    if agent is not None:
        return agent.name
    return gettext(locale, "Bot") if message.author == "bot" else gettext(locale, "Us")


def _subject(db: Session, locale: str) -> str:
    shop = general.shop_name(db)
    if shop:
        return gettext(locale, "Copy of your conversation with %(shop)s", shop=shop)
    return gettext(locale, "Copy of your conversation with us")
