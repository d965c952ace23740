"""What customers do that is no message, as shapes, and the bodies it is told with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from app.api import shapes
from app.api.kinds import Given, Shape, Time
from app.models import Touchpoint
from app.touchpoints.reading import Figures
from app.touchpoints.recording import BIGGEST_AMOUNT, Result
from channels import base

MOST = 500  # in one batch

Kind = Literal[
    "order.placed",
    "order.shipped",
    "order.returned",
    "order.cancelled",
    "visit",
    "points.earned",
    "points.used",
    "page.viewed",
    "campaign.received",
    "consent.given",
    "consent.withdrawn",
    "custom",
]
Sort = Literal["order", "visit", "points", "page", "campaign", "consent", "custom"]
Code = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern="[^\\s]")]
Address = Annotated[str, Meta(min_length=1, max_length=320)]


class TouchpointStepShape(Shape):
    """What it was before, since when, and the amount that was told then."""

    kind: str
    at: Time
    amount: int | None


class TouchpointShape(Shape):
    """Something a customer did. `id` is ours, `external_id` that of its `source`. `at` is when it happened, `told_at`
    the time of what was told of it last. `identity_id` is null while nobody has one of its addresses. Amounts are in
    the smallest unit of `currency`."""

    id: int
    source: str
    external_id: str
    kind: str
    identity_id: int | None
    at: Time
    told_at: Time
    title: str
    reference: str
    amount: int | None
    currency: str
    points: int | None
    data: dict[str, Any]
    steps: list[TouchpointStepShape]
    created_at: Time


class TouchpointIn(Given):
    """Something a customer did. `id` is your own, unique within `source`: told again it is the same touchpoint.

    `customer` are addresses of theirs, kind → address in any spelling: `email`, `phone`, `card`, `crm`, `line` …; the
    first that somebody has counts. With `create` a new customer begins where nobody has any; else it waits for them.
    """

    id: Annotated[str, Meta(min_length=1, max_length=200, pattern="[^\\s]")]
    kind: Kind
    customer: Annotated[dict[Word, Address], Meta(min_length=1, max_length=10)]
    customer_name: Annotated[str, Meta(max_length=200)] = ""
    source: Word = "api"
    at: Time | None = None
    title: Annotated[str, Meta(max_length=200)] = ""
    reference: Annotated[str, Meta(max_length=128)] = ""
    amount: Annotated[int, Meta(ge=0, le=BIGGEST_AMOUNT)] | None = None
    currency: Code | Literal[""] = ""
    points: Annotated[int, Meta(ge=-BIGGEST_AMOUNT, le=BIGGEST_AMOUNT)] | None = None
    data: Annotated[dict[str, Any], Meta(max_length=40)] = {}
    create: bool = False


class TouchpointsIn(Given):
    """Several at once, in the order they happened."""

    touchpoints: Annotated[list[TouchpointIn], Meta(min_length=1, max_length=MOST)]


class ToldShape(Shape):
    """What became of one: `unchanged` where all of it was known, `older` where something newer is, `refused` with the
    reason."""

    result: Literal["new", "changed", "unchanged", "older", "refused"]
    touchpoint: TouchpointShape | None
    reason: str = ""


class SpentShape(Shape):
    """An amount in the smallest unit of a currency."""

    amount: int
    currency: str


class FiguresShape(Shape):
    """What a customer's touchpoints come to: orders that were neither cancelled nor returned whole, the balance of
    points, what was spent less what was returned, and the newest order and visit."""

    orders: int
    points: int
    spent: list[SpentShape]
    last_order: TouchpointShape | None
    last_visit: TouchpointShape | None


def touchpoint(row: Touchpoint) -> TouchpointShape:
    return shapes.same(TouchpointShape, row, steps=[_step(one) for one in row.steps])


def _step(told: dict[str, Any]) -> TouchpointStepShape:
    return TouchpointStepShape(told["kind"], datetime.fromisoformat(told["at"]), told.get("amount"))


def figures(found: Figures) -> FiguresShape:
    return FiguresShape(
        orders=found.orders,
        points=found.points,
        spent=[SpentShape(amount=amount, currency=currency) for amount, currency in found.spent],
        last_order=touchpoint(found.last_order) if found.last_order else None,
        last_visit=touchpoint(found.last_visit) if found.last_visit else None,
    )


def told(result: Result) -> ToldShape:
    return ToldShape(
        result=result.what,
        touchpoint=touchpoint(result.touchpoint) if result.touchpoint else None,
        reason=str(result.refused or ""),
    )


def event(given: TouchpointIn) -> base.Touch:
    """The same for the verb."""
    people = [
        base.Person(address, name=given.customer_name, kind=kind) for kind, address in given.customer.items()
    ]
    return base.Touch(
        external_id=given.id,
        kind=given.kind,
        people=tuple(people),
        at=given.at,
        title=given.title,
        reference=given.reference,
        amount=given.amount,
        currency=given.currency,
        points=given.points,
        data=given.data,
        create=given.create,
    )
