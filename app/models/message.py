"""One entry of the thread: what a customer or we said, a note, a call, a line of the system."""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, String, and_, cast, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Body, Id, Line, Made, Object, Ref, Word
from channels.events import QUIET

INBOUND, OUTBOUND, NOTE, SYSTEM, CALL, STORE = "inbound", "outbound", "note", "system", "call", "store"
PUBLIC = (INBOUND, OUTBOUND)  # the only kinds a customer may ever see
SHOWN = (*PUBLIC, CALL, STORE)  # the kinds a row of the list may quote
UNMET, TALKED = (
    "call",
    "talked",
)  # sorts of calls that ask nothing: nobody was reached, somebody has spoken with them
CODE = "code"  # `sort` of a message that is a code of ours and nothing else
SILENT = QUIET | {UNMET, TALKED, CODE}


class Message(Base):
    """Ordered by ``sent_at`` (the provider's time) with our id as tie-break; ``created_at`` is our time."""

    __tablename__ = "message"
    __table_args__ = (
        Index("uq_message_external", "channel_id", "external_id", unique=True),
        Index("uq_message_client", "conversation_id", "client_id", unique=True),
        Index("ix_message_thread", "conversation_id", "sent_at", "id"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Ref] = mapped_column(ForeignKey("conversation.id"))
    case_id: Mapped[Ref | None] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[Word]
    author: Mapped[Word]  # customer, bot, agent, system
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"))
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    external_id: Mapped[str | None] = mapped_column(String(512))
    client_id: Mapped[str | None] = mapped_column(
        String(64)
    )  # an agent's; two devices of a customer may agree
    text: Mapped[Body] = mapped_column(default="")
    html: Mapped[Body] = mapped_column(default="")
    subject: Mapped[Line] = mapped_column(default="")
    quick_replies: Mapped[Array]
    links: Mapped[Array]  # [{"label": …, "url": …}]
    context: Mapped[Object]  # the page the visitor was on; what a system line is about
    sent_at: Mapped[At]
    created_at: Mapped[Made]
    edited_at: Mapped[At | None]
    removed_at: Mapped[At | None]

    @property
    def dom_id(self) -> str:
        """The id of its element in the inbox: the agent's own id for it, so that the live copy replaces the first.

        Never a customer's: who chose theirs to be another message's could cover that one up.
        """
        return f"m-{self.client_id if self.author == 'agent' and self.client_id else self.id}"

    @property
    def quiet(self) -> bool:
        """Whether it asks nothing of anybody: an automatic answer, list mail, spam, a call that somebody took, a code
        that carries a chat here; or what was said long ago."""
        return self.context.get("sort") in SILENT or bool(self.context.get("history"))

    @property
    def lacking(self) -> bool:
        """Whether there is more in it than we could read, or were handed: reading or fetching it again may tell."""
        unread = self.context.get("sort") == "unreadable" or bool(self.context.get("lacking"))
        return unread and self.removed_at is None


def asks() -> ColumnElement[bool]:
    """Messages of a customer that are not :attr:`Message.quiet`: these count as unread, and open cases."""
    sort = func.coalesce(Message.context["sort"].as_string(), "")
    now = Message.context["history"].as_string().is_(None)
    return and_(Message.author == "customer", sort.not_in(sorted(SILENT)), now)


def in_turn() -> ColumnElement[bool]:
    """Messages that stood last when they came in.

    What was said earlier and only comes to light now (a mailbox read afterwards, folder by folder) neither answers
    what was asked after it, nor waits for what has been answered since: its context says ``out_of_turn``.
    """
    told: ColumnElement[bool] = Message.context["out_of_turn"].as_string().is_(None)
    return told


def begins() -> ColumnElement[bool]:
    """From which on somebody waits for a person: the customer's words, a handover, an answer that did not arrive
    (unless it did after all: the line that tells of it has ``undone``)."""
    what, stands = Message.context["what"].as_string(), Message.context["undone"].as_string().is_(None)
    ours = (Message.kind == SYSTEM) & what.in_(("handed_over", "undelivered")) & stands
    begun: ColumnElement[bool] = (asks() & in_turn()) | ours
    return begun


def settles() -> ColumnElement[bool]:
    """After which the customer waits no more: an answer (unless it did not arrive), a telephone call with them, the end
    of the matter (unless it was opened again: the line of that end has ``undone``)."""
    what, history = Message.context["what"].as_string(), Message.context["history"].as_string()
    stands = Message.context["undone"].as_string().is_(None)
    talked = (Message.kind == CALL) & (Message.context["sort"].as_string() == TALKED) & history.is_(None)
    over = (Message.kind == SYSTEM) & what.in_(("resolved", "handed_back")) & stands
    arrived = Message.context["undelivered"].as_string().is_(None)
    settled: ColumnElement[bool] = ((Message.kind == OUTBOUND) & in_turn() & arrived) | talked | over
    return settled


def settles_until() -> ColumnElement[int]:
    """The last message that one which :func:`settles` does so for: itself; where the customer had written what its
    writer had not seen, the last before that, whose id its context has as ``left``."""
    left = cast(Message.context["left"].as_string(), BigInteger)
    until: ColumnElement[int] = func.coalesce(left - 1, Message.id)
    return until
