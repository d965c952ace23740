"""An answer that did not arrive answers nobody: whoever waited for it waits again, and a person is to look."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.events import record
from app.family import family_ids
from app.inbox.cases import reopen, wake
from app.inbox.current import current_case, latest_case
from app.inbox.holding import hold
from app.inbox.lines import line
from app.inbox.ownership import hand_over
from app.inbox.summary import plain, waiting_since
from app.models import Conversation, Message
from app.models.conversation import BOT, RESOLVED
from app.models.delivery import FAILED
from app.models.message import SYSTEM, settles
from app.text import one_line

LINE = "undelivered"  # the line in the thread, its event, and the reason of the handover


def arrived(db: Session, conversation: Conversation, message: Message, state: str) -> None:
    """Note what the `state` of its delivery, new or told again, means for the thread of an answer."""
    failed = state == FAILED
    if failed == ("undelivered" in message.context) or "out_of_turn" in message.context or message.removed_at:
        return  # the product's own questions answer nobody, nor does what was taken back
    head = hold(db, conversation)
    others = {key: value for key, value in message.context.items() if key != "undelivered"}
    message.context = {**others, "undelivered": True} if failed else others
    db.flush()
    if not failed:
        _take_back(db, head, message)
    elif message.author == "agent":
        _tell(db, head, message)
    if head.status == RESOLVED:
        return
    head.waiting_since = waiting_since(db, head)
    if failed and message.author == "bot" and head.owner == BOT and head.waiting_since:
        hand_over(db, head, LINE, actor="system")


def _tell(db: Session, head: Conversation, message: Message) -> None:
    """A line, after which a person is waited for; what was put aside or ended with that answer is open again."""
    if head.status == RESOLVED:
        if not _ended_with(db, head, message):
            return
        reopen(db, None, head)
    wake(db, head)
    said = line(db, head, LINE, of=message.id, words=one_line(plain(message), 60) or "📎")
    record(db, LINE, head, actor="system", message=said)


def _ended_with(db: Session, head: Conversation, message: Message) -> bool:
    """Whether it was the last answer in the matter that was resolved last."""
    last = latest_case(db, head)
    if current_case(db, head) is not None or last is None or last.id != message.case_id:
        return False
    mine = Message.conversation_id.in_(family_ids(db, head))
    later = select(Message.id).where(mine, settles(), Message.kind != SYSTEM, Message.id > message.id)
    return db.scalar(later.limit(1)) is None


def _take_back(db: Session, head: Conversation, message: Message) -> None:
    """The lines that tell of it begin no waiting any more: it is on its way again, or arrived after all."""
    mine = Message.conversation_id.in_(family_ids(db, head))
    what, of = Message.context["what"].as_string(), Message.context["of"].as_integer()
    told = select(Message).where(mine, Message.kind == SYSTEM, what == LINE, of == message.id)
    for said in db.scalars(told):
        said.context = {**said.context, "undone": True}
    db.flush()
