"""`/escalations`: the desk of the supervisors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from msgspec import Meta
from sqlalchemy.orm import Session

from app import directory, inbox, queries
from app.api import shapes
from app.api.kinds import Given
from app.api.shapes import EscalationShape
from app.models import Agent, Escalation
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of

TAG = "Escalations"
Words = Annotated[str, Meta(min_length=1, max_length=4000)]


class EscalationFilter(PageQuery):
    """Which escalations: `active` are those open or taken."""

    state: Literal["active", "open", "taken", "returned", "resolved"] = "active"


class AdviceIn(Given):
    """What whoever raised it should do."""

    advice: Words


class FindingIn(Given):
    """What was found."""

    finding: Words


@endpoint("GET", "/escalations", scope="conversations:read", tag=TAG, roles=EDITORS)
def list_escalations(call: Call, query: EscalationFilter) -> Page[EscalationShape]:
    """What is before the supervisors, what is due first."""
    found = directory.find_escalations(call.db, call.agent, query.state, query.after, query.limit)
    return page_of(found, shapes.escalation)


@endpoint("GET", "/escalations/{escalation_id}", scope="conversations:read", tag=TAG, roles=EDITORS)
def get_escalation(call: Call, escalation_id: int) -> EscalationShape:
    """One escalation."""
    return shapes.escalation(queries.escalation_for(call.db, call.agent, escalation_id))


@endpoint("POST", "/escalations/{escalation_id}/taking", scope="conversations:write", tag=TAG, roles=EDITORS)
def take_escalation(call: Call, escalation_id: int) -> EscalationShape:
    """Take it, and the conversation with it.

    409 if somebody else was first, or it is closed.
    """
    return _decide(call, escalation_id, inbox.take)


@endpoint("POST", "/escalations/{escalation_id}/advice", scope="conversations:write", tag=TAG, roles=EDITORS)
def return_escalation(call: Call, escalation_id: int, body: AdviceIn) -> EscalationShape:
    """Return it with advice to whoever raised it. 409 if it is closed already."""
    return _decide(call, escalation_id, lambda db, by, one: inbox.give_back(db, by, one, body.advice))


@endpoint("POST", "/escalations/{escalation_id}/finding", scope="conversations:write", tag=TAG, roles=EDITORS)
def settle_escalation(call: Call, escalation_id: int, body: FindingIn) -> EscalationShape:
    """Close it with a finding; the case stays as it is. 409 if it is closed already."""
    return _decide(call, escalation_id, lambda db, by, one: inbox.settle(db, by, one, body.finding))


def _decide(
    call: Call, escalation_id: int, verb: Callable[[Session, Agent, Escalation], None]
) -> EscalationShape:
    escalation = queries.escalation_for(call.db, call.agent, escalation_id)
    verb(call.db, call.agent, escalation)
    return shapes.escalation(escalation)
