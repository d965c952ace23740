"""A person, the addresses they are reached at, and the links that say two records are one person."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now
from app.models.columns import At, Body, Id, Line, Made, Object, Ref, Word
from app.models.undoable import Undoable

CLAIMED, DEVICE, CODE, SIGNED = range(4)  # levels of proof of an identity


class Customer(Base):
    __tablename__ = "customer"
    __table_args__ = (Index("ix_customer_updated", "updated_at", "id"),)

    id: Mapped[Id]
    name: Mapped[Line] = mapped_column(default="")
    name_kana: Mapped[Line] = mapped_column(default="")
    locale: Mapped[Word] = mapped_column(default="")
    note: Mapped[Body] = mapped_column(default="")
    avatar: Mapped[Word] = mapped_column(
        default="", server_default=""
    )  # the key of their picture, if they have one
    attributes: Mapped[Object]  # name → {"value": …, "proved": bool, "at": ISO time}
    created_at: Mapped[Made]
    updated_at: Mapped[Made] = mapped_column(onupdate=now)


_ASKED = text("profile_due IS NOT NULL")


class Identity(Base):
    """One address of a customer. The database forbids a second row for the same address."""

    __tablename__ = "identity"
    __table_args__ = (
        Index("uq_identity_address", "kind", "scope", "address", unique=True),
        Index("ix_identity_lookup", "address", "kind"),
        Index("ix_identity_profile_due", "profile_due", sqlite_where=_ASKED, postgresql_where=_ASKED),
    )

    id: Mapped[Id]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[Word]
    scope: Mapped[str] = mapped_column(String(128), default="")
    address: Mapped[str] = mapped_column(String(320))
    display: Mapped[Line] = mapped_column(default="")
    proof: Mapped[int] = mapped_column(default=CLAIMED)
    unreachable: Mapped[Line] = mapped_column(default="")  # why nothing arrives there any more, in words
    unreachable_at: Mapped[At | None]
    wrote_at: Mapped[
        At | None
    ]  # when they last wrote by this address themselves: some may be answered for a while
    profile_at: Mapped[At | None]  # when their platform was last asked who they are
    profile_due: Mapped[At | None]  # when it is to be asked, if nobody has by then
    profile_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[Made]


class Avatar(Base):
    """The picture somebody shows of themselves, small and in our own form (WebP).

    A few kilobytes, so it lies in the database, and comes and goes with its row. `key` changes with the picture.
    """

    __tablename__ = "avatar"

    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    key: Mapped[Word] = mapped_column(unique=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class CustomerLink(Undoable, Base):
    """ "These are the same person": a link that can be undone, never a rewrite.

    It names the two records that it is about. Whoever is reached over links that hold is one person.
    """

    __tablename__ = "customer_link"
    __table_args__ = (
        Index(
            "uq_customer_link_pair",
            "child_id",
            "parent_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    child_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"))
    parent_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"), index=True)
