"""An address, or a message, that stands with another customer than it came to; and can be put back."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, Id, Ref
from app.models.undoable import Undoable


class Relocation(Undoable, Base):
    """Either `identity_id` (split off, with what was said by it) or `message_id` (moved to its right owner).

    The newest one that is not undone tells where it stands; where none is left it stands where it came to. A message
    that `follows` came to its sender, and stands with whoever has that address by then. `cases` are pairs: the case it
    was in, and the one it is in since (the same twice: that case went along).
    """

    __tablename__ = "relocation"

    id: Mapped[Id]
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"), index=True)
    message_id: Mapped[Ref | None] = mapped_column(ForeignKey("message.id"), index=True)
    from_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"), index=True)
    to_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"), index=True)
    follows: Mapped[bool] = mapped_column(default=False)
    cases: Mapped[Array]
