"""A telephone call: what its system and we tell of it. Its place in the thread, and its words, are its message's."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import At, Body, Id, Line, Made, Object, Ref, Word

RINGING, ANSWERED, ENDED = "ringing", "answered", "ended"
STATES = (RINGING, ANSWERED, ENDED)
TALKED = ("answered", "transferred")  # results after which somebody has spoken with the customer


class Call(Base):
    """``known`` is everything that was told, each thing with who told it and when (:mod:`app.calls.known`); the other
    columns say what that comes to. Seconds are whole. ``external_id`` is None for a call that only we noted."""

    __tablename__ = "call"
    __table_args__ = (Index("uq_call_external", "channel_id", "external_id", unique=True),)

    id: Mapped[Id]
    message_id: Mapped[Ref] = mapped_column(ForeignKey("message.id"), unique=True)
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    external_id: Mapped[str | None] = mapped_column(String(512))
    direction: Mapped[Word] = mapped_column(default="in")
    number: Mapped[str] = mapped_column(String(320), default="")  # the customer's, as it was told
    withheld: Mapped[Line] = mapped_column(default="")  # why there is no number, in the system's own words
    state: Mapped[Word] = mapped_column(default=RINGING, index=True)
    result: Mapped[Word] = mapped_column(default="")
    line: Mapped[Line] = mapped_column(default="")
    queue: Mapped[Line] = mapped_column(default="")
    agent: Mapped[Line] = mapped_column(default="")  # who took it, as it was told
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    started_at: Mapped[At | None]
    answered_at: Mapped[At | None]
    ended_at: Mapped[At | None]
    ring_seconds: Mapped[int | None]
    talk_seconds: Mapped[int | None]
    hold_seconds: Mapped[int | None]
    wrap_seconds: Mapped[int | None]
    transferred_to: Mapped[Line] = mapped_column(default="")
    disposition: Mapped[Line] = mapped_column(default="")
    category: Mapped[Line] = mapped_column(default="")
    recording_url: Mapped[Body] = mapped_column(default="")
    callback_due: Mapped[At | None]
    noted_by: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    noted_at: Mapped[At | None]
    known: Mapped[Object]
    created_at: Mapped[Made]

    @property
    def talked(self) -> bool:
        """Whether somebody has spoken with them, or is doing so."""
        return self.result in TALKED if self.state == ENDED else self.state == ANSWERED

    @property
    def summary(self) -> str:
        """What a machine says it was about, "" where none did."""
        return self._word("summary")

    @property
    def transcript(self) -> str:
        """What was said, as a machine heard it."""
        return self._word("transcript")

    def _word(self, name: str) -> str:
        claim = self.known.get("words", {}).get(name)
        return str(claim[2]) if claim else ""
