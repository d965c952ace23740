"""`/cases`: the matters inside the conversations, which reports count."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app import directory
from app.api import shapes
from app.api.kinds import Id, Time
from app.api.shapes import CaseShape, Status
from app.directory import CasesAsked
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of


class CaseFilter(PageQuery):
    """Which cases. A moment `…_after` is included, one `…_before` is not."""

    status: Status | None = None
    conversation_id: Id | None = None
    number: Annotated[int, Meta(ge=1, le=2**31 - 1, description="The number people know it by")] | None = None
    opened_after: Time | None = None
    opened_before: Time | None = None
    resolved_after: Time | None = None
    resolved_before: Time | None = None


@endpoint("GET", "/cases", scope="conversations:read", tag="Cases")
def list_cases(call: Call, query: CaseFilter) -> Page[CaseShape]:
    """Cases, the one opened last first.

    Asked for by their resolution, they come in that order. Those of the conversations the token's agent may see.
    """
    asked = CasesAsked(
        status=query.status or "",
        conversation_id=query.conversation_id,
        number=query.number,
        opened_after=query.opened_after,
        opened_before=query.opened_before,
        resolved_after=query.resolved_after,
        resolved_before=query.resolved_before,
    )
    return page_of(directory.find_cases(call.db, call.agent, asked, query.after, query.limit), shapes.case)


@endpoint("GET", "/cases/{case_id}", scope="conversations:read", tag="Cases")
def get_case(call: Call, case_id: int) -> CaseShape:
    """One case, by its id (not the number people know it by)."""
    return shapes.case(directory.case_for(call.db, call.agent, case_id))
