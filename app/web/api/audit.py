"""`/audit`: who changed what and when."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app import audit
from app.api import shapes
from app.api.kinds import Id
from app.api.shapes import EventShape
from app.api.told import data_of
from app.directory.paging import id_after
from app.web.api.events import TEXTS
from app.web.api.framework import Call, Page, PageQuery, endpoint

Group = Literal["", "people", "signins", "channels", "settings", "webhooks", "bot", "conversations"]


class AuditFilter(PageQuery):
    """Which part of the trail."""

    group: Annotated[Group, Meta(description="What it is about; empty: everything")] = ""
    agent_id: Annotated[Id, Meta(description="Who did it")] | None = None


@endpoint("GET", "/audit", scope="events:read", tag="Audit", roles=("admin",))
def list_audit(call: Call, query: AuditFilter) -> Page[EventShape]:
    """The audit trail, the newest first.

    A token without the scope `conversations:read` finds in `data` only numbers and states of what happened in a
    conversation: no address, nothing written.
    """
    found = audit.page(
        call.db, query.group, agent_id=query.agent_id, after=id_after(query.after), size=query.limit
    )
    texts = TEXTS in call.bearer.scopes
    items = [
        shapes.same(EventShape, row, previous_id=row.prev_id, data=data_of(row, texts=texts))
        for row in found.rows
    ]
    return Page(items, None if found.after is None else str(found.after))
