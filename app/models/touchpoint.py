"""What customers do that is no message, and the figures that are kept of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.models.columns import Array, At, Id, Line, Made, Object, Ref, Word

PLACED, SHIPPED, RETURNED, CANCELLED = "order.placed", "order.shipped", "order.returned", "order.cancelled"
VISIT, EARNED, USED = "visit", "points.earned", "points.used"
PAGE, CAMPAIGN, GIVEN, WITHDRAWN = "page.viewed", "campaign.received", "consent.given", "consent.withdrawn"
CUSTOM = "custom"
KINDS = (
    PLACED,
    SHIPPED,
    RETURNED,
    CANCELLED,
    VISIT,
    EARNED,
    USED,
    PAGE,
    CAMPAIGN,
    GIVEN,
    WITHDRAWN,
    CUSTOM,
)
SALES = (PLACED, SHIPPED)
ORDER, POINTS = "order", "points"  # sorts: what stands before the point of a kind


class Touchpoint(Base):
    """It belongs to an identity, and so stands with whoever has that address: links, splits and their undoing move
    nothing here. ``identity_id`` is empty while nobody has one of the addresses it was told of
    (:class:`AwaitedTouchpoint`).

    ``at`` is when it happened and stays; ``told_at`` the time of what was told of it last (an order that was shipped
    since), ``steps`` what it was before: [{"kind": …, "at": ISO time, "amount": …}]. ``value`` is what it adds to what
    its customer has spent, and ``counted`` whether it adds an order, worked out over all touchpoints of the same order.
    Amounts are in the smallest unit of their currency (ISO 4217).
    """

    __tablename__ = "touchpoint"
    __table_args__ = (
        Index("uq_touchpoint_external", "source", "external_id", unique=True),
        Index("ix_touchpoint_time", "identity_id", "at", "id"),
        Index("ix_touchpoint_sort", "identity_id", "sort", "at", "id"),
        Index("ix_touchpoint_reference", "reference_key", "source"),
    )

    id: Mapped[Id]
    identity_id: Mapped[Ref | None] = mapped_column(ForeignKey("identity.id"))
    channel_id: Mapped[Ref | None] = mapped_column(ForeignKey("channel.id"))
    source: Mapped[Word]
    external_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[Word]
    sort: Mapped[Word]
    at: Mapped[At]
    told_at: Mapped[At]
    title: Mapped[Line] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(String(128), default="")
    reference_key: Mapped[str] = mapped_column(String(128), default="")  # as it is looked for
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3), default="")
    points: Mapped[int | None] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger, default=0)
    counted: Mapped[bool] = mapped_column(default=False)
    data: Mapped[Object]
    steps: Mapped[Array]
    created_at: Mapped[Made]


class AwaitedTouchpoint(Base):
    """An address that a touchpoint was told of and nobody has yet: the first of its addresses to come gets it."""

    __tablename__ = "awaited_touchpoint"
    __table_args__ = (Index("ix_awaited_touchpoint_address", "address", "kind", "scope"),)

    id: Mapped[Id]
    touchpoint_id: Mapped[Ref] = mapped_column(ForeignKey("touchpoint.id"), index=True)
    kind: Mapped[Word]
    scope: Mapped[str] = mapped_column(String(128), default="")
    address: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[Made] = mapped_column(index=True)


class Tally(Base):
    """What the touchpoints of an identity come to. Those of a person are added up over their identities."""

    __tablename__ = "tally"

    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    orders: Mapped[int] = mapped_column(
        BigInteger, default=0
    )  # placed and neither cancelled nor returned whole
    points: Mapped[int] = mapped_column(BigInteger, default=0)  # earned less used
    last_order_at: Mapped[At | None] = mapped_column(index=True)
    last_visit_at: Mapped[At | None]


class Spending(Base):
    """What was spent by an identity in a currency, in its smallest unit, less what was returned."""

    __tablename__ = "spending"

    identity_id: Mapped[Ref] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger, default=0)


class ShopAnswer(Base):
    """What a shop's own system said of a customer when it was last asked. It counts only for the addresses it was
    asked about (``asked_of``, a digest): who is somebody else by now is not shown it."""

    __tablename__ = "shop_answer"

    channel_id: Mapped[Ref] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    asked_of: Mapped[Word]
    cards: Mapped[Array]
    asked_at: Mapped[At]
