"""What a visitor may see of the thread, as the frames that show it.

Only messages said to the customer or by them, and only those of their own identities: never a note, a line of
the system, or anything of another channel's address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.bot import ratings
from app.models import Agent, Attachment, Conversation, Delivery, Identity, Message
from app.models.delivery import READ
from app.models.message import OUTBOUND, PUBLIC
from app.visitors import links
from app.visitors.trouble import Frame

PAGE = 30
OVERLAP = 20  # messages sent again on resuming: two that committed out of order cannot fall into the gap


def page(db: Session, identities: Sequence[int], *, before: int | None = None) -> tuple[list[Message], bool]:
    """The newest messages, or those before the message `before`, in order; and whether there are older ones."""
    wanted = _visible(db, identities).order_by(Message.sent_at.desc(), Message.id.desc()).limit(PAGE + 1)
    if before is not None:
        mark = db.get(Message, before)
        if mark is None or mark.identity_id not in identities:
            return [], False
        earlier = (Message.sent_at < mark.sent_at) | (
            (Message.sent_at == mark.sent_at) & (Message.id < mark.id)
        )
        wanted = wanted.where(earlier)
    found = list(db.scalars(wanted))
    return found[:PAGE][::-1], len(found) > PAGE


def catch_up(db: Session, identities: Sequence[int], after: int) -> tuple[list[Message], bool]:
    """What came after the message id `after`, oldest first, with a few before it; and whether there is more."""
    visible = _visible(db, identities)
    newer = list(db.scalars(visible.where(Message.id > after).order_by(Message.id).limit(PAGE + 1)))
    known = db.scalars(visible.where(Message.id <= after).order_by(Message.id.desc()).limit(OVERLAP))
    return list(known)[::-1] + newer[:PAGE], len(newer) > PAGE


def message_frames(db: Session, messages: Sequence[Message]) -> list[Frame]:
    """Messages as frames, with their files and authors, in few queries."""
    ids = [message.id for message in messages]
    held: dict[int | None, list[Frame]] = {}
    for file in db.scalars(select(Attachment).where(Attachment.message_id.in_(ids)).order_by(Attachment.id)):
        held.setdefault(file.message_id, []).append(file_frame(file))
    writers = {message.agent_id for message in messages if message.agent_id}
    wanted = select(Agent).where(Agent.id.in_(writers))
    names = {agent.id: agent.name for agent in db.scalars(wanted)} if writers else {}
    asked = [message.id for message in messages if ratings.labels(message)]
    said = ratings.of(db, asked)
    helped = {id: said.get(id) for id in asked}
    return [_frame(message, names, held.get(message.id, []), helped) for message in messages]


def file_frame(file: Attachment) -> Frame:
    """A file as a frame shows it; its address works for a while and for nothing else."""
    told: Frame = {"id": file.key, "name": file.name, "type": file.content_type, "size": file.size}
    told["url"] = links.url(file)
    if file.is_image:
        told |= {"width": file.width, "height": file.height}
        if file.thumb:
            told["thumb"] = links.url(file, scaled=True)
    return told


def previous(db: Session, message: Message) -> int:
    """The id of the message before this one of the same identity, 0 if it is the first."""
    before = select(Message.id).where(
        Message.conversation_id == message.conversation_id,
        Message.identity_id == message.identity_id,
        Message.kind.in_(PUBLIC),
        Message.id < message.id,
    )
    return db.scalars(before.order_by(Message.id.desc()).limit(1)).first() or 0


def unread(db: Session, messages: Iterable[Message]) -> int:
    """How many of these were said to them and not yet seen."""
    ids = [message.id for message in messages if message.kind == OUTBOUND]
    waiting = select(Delivery.id).where(Delivery.message_id.in_(ids), Delivery.state != READ)
    return len(list(db.scalars(waiting)))


def _visible(db: Session, identities: Sequence[int]) -> Select[Message]:
    owners = select(Identity.customer_id).where(Identity.id.in_(identities))
    threads = list(db.scalars(select(Conversation.id).where(Conversation.customer_id.in_(owners))))
    return select(Message).where(
        Message.conversation_id.in_(threads), Message.identity_id.in_(identities), Message.kind.in_(PUBLIC)
    )


def _frame(
    message: Message, names: dict[int, str], held: list[Frame], helped: Mapping[int, bool | None]
) -> Frame:
    told: Frame = {
        "t": "message",
        "id": message.id,
        "author": {"kind": message.author, "name": names.get(message.agent_id or 0, "")},
        "text": message.text,
        "at": message.sent_at.isoformat(),
    }
    if message.author == "customer" and message.context.get("client_id"):
        told["client_id"] = message.context["client_id"]
    if message.removed_at is not None:
        return told | {"removed": True}
    for name, value in (
        ("attachments", held),
        ("links", message.links),
        ("quick_replies", message.quick_replies),
    ):
        if value:
            told[name] = value
    if message.id in helped:
        told["helped"] = helped[message.id]
    return told
