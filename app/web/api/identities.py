"""`/identities`: whose address this is."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app import directory
from app.api import shapes
from app.api.shapes import IdentityShape
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of


class IdentityFilter(PageQuery, kw_only=True):
    """Whose address."""

    address: Annotated[str, Meta(min_length=1, max_length=320, description="Exactly as it is kept")]
    kind: Annotated[str, Meta(max_length=64, description="Such as `email`, `phone` or `visitor`")] = ""
    scope: (
        Annotated[
            str, Meta(max_length=128, description="Within which it is unique; of a visitor the channel's key")
        ]
        | None
    ) = None


@endpoint("GET", "/identities", scope="customers:read", tag="Customers")
def find_identities(call: Call, query: IdentityFilter) -> Page[IdentityShape]:
    """Whose address this is.

    The same address may stand in several scopes (a visitor of two channels); together with `kind` and `scope` it is
    one customer's at most. Nothing is found for an address of a customer whom the token's agent may not see.
    """
    found = directory.whose(
        call.db, call.agent, query.address, query.after, query.limit, kind=query.kind, scope=query.scope
    )
    return page_of(found, shapes.identity)
