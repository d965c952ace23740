"""`/touchpoints`: what customers do that is no message, told by their shop, and what it comes to."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from msgspec import Meta

from app import directory
from app.api import touchpoints as shapes
from app.api.touchpoints import FiguresShape, Sort, ToldShape, TouchpointIn, TouchpointShape, TouchpointsIn
from app.models import Conversation
from app.touchpoints import reading, recording
from app.web.api.framework import Call, Page, PageQuery, Problem, endpoint
from app.web.api.lists import ADMINS, page_of

TAG = "Touchpoints"
READ, WRITE = "touchpoints:read", "touchpoints:write"


class TouchpointFilter(PageQuery):
    """Which touchpoints."""

    sort: Annotated[Sort, Meta(description="What stands before the point of the kind")] | None = None


@endpoint("POST", "/touchpoints", scope=WRITE, tag=TAG, status=201, roles=ADMINS)
def tell_touchpoint(call: Call, body: TouchpointIn) -> ToldShape:
    """Tell of something a customer did.

    Told again it changes nothing (200, `unchanged`); with something new and a later `at` the touchpoint is what it says
    now (200, `changed`). The ids of different `source`s have nothing to do with each other.
    """
    (result,) = _take_in(call, [body])
    if result.refused is not None:
        raise Problem(result.refused.status, result.refused.sentence, code="refused")
    call.status = 201 if result.what == "new" else 200
    return shapes.told(result)


@endpoint("POST", "/touchpoints/batches", scope=WRITE, tag=TAG, roles=ADMINS)
def tell_touchpoints(call: Call, body: TouchpointsIn) -> list[ToldShape]:
    """Tell of up to 500 at once; what became of each, in the order given.

    One that is refused costs the others nothing. What is not of the form described is a 422 for all of them: nothing
    is stored then.
    """
    return [shapes.told(one) for one in _take_in(call, body.touchpoints)]


@endpoint("GET", "/customers/{customer_id}/touchpoints", scope=READ, tag=TAG)
def list_touchpoints_of_customer(
    call: Call, customer_id: int, query: TouchpointFilter
) -> Page[TouchpointShape]:
    """What a customer did, the newest first; of all records that are shown as one person."""
    found = reading.page(
        call.db, _identities(call, customer_id), query.after, query.limit, sort=query.sort or ""
    )
    return page_of(found, shapes.touchpoint)


@endpoint("GET", "/customers/{customer_id}/figures", scope=READ, tag=TAG)
def get_figures_of_customer(call: Call, customer_id: int) -> FiguresShape:
    """What a customer's touchpoints come to; of all records that are shown as one person."""
    return shapes.figures(reading.figures(call.db, _identities(call, customer_id)))


def _identities(call: Call, customer_id: int) -> list[int]:
    known = directory.customer_for(call.db, call.agent, customer_id)
    return reading.identities(call.db, call.db.get_one(Conversation, known.conversation_id))


def _take_in(call: Call, bodies: list[TouchpointIn]) -> list[recording.Result]:
    """Those of one source that follow each other together."""
    results: list[recording.Result] = []
    for source, some in groupby(bodies, key=lambda one: one.source):
        results += recording.take_in(call.db, [shapes.event(one) for one in some], source)
    return results
