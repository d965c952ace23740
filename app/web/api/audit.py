"""`/audit`: who changed what and when."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app import audit
from app.api import shapes
from app.api.kinds import Id
from app.api.shapes import EventShape
from app.directory.paging import id_after
from app.web.api.framework import Call, Page, PageQuery, endpoint

Group = Literal["", "people", "signins", "channels", "settings", "bot", "conversations"]


class AuditFilter(PageQuery):
    """Which part of the trail."""

    group: Annotated[Group, Meta(description="What it is about; empty: everything")] = ""
    agent_id: Annotated[Id, Meta(description="Who did it")] | None = None


@endpoint("GET", "/audit", scope="events:read", tag="Audit", roles=("admin",))
def list_audit(call: Call, query: AuditFilter) -> Page[EventShape]:
    """The audit trail, the newest first."""
    found = audit.page(
        call.db, query.group, agent_id=query.agent_id, after=id_after(query.after), size=query.limit
    )
    return Page([shapes.event(row) for row in found.rows], None if found.after is None else str(found.after))
