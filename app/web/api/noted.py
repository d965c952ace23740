"""`/attributes`, `/purposes`: what is noted of customers, and what messages to them are for."""

from __future__ import annotations

from app.api import known as shapes
from app.api.known import AttributeShape, PurposeShape
from app.inbox.attributes import attributes
from app.inbox.purposes import purposes
from app.web.api.framework import Call, Page, endpoint

TAG, READ = "Customers", "customers:read"


@endpoint("GET", "/attributes", scope=READ, tag=TAG)
def list_attributes(call: Call) -> Page[AttributeShape]:
    """The attributes that have a type, all of them in their order. What has none is free text."""
    return Page([shapes.attribute(one) for one in attributes(call.db).values()], None)


@endpoint("GET", "/purposes", scope=READ, tag=TAG)
def list_purposes(call: Call) -> Page[PurposeShape]:
    """What messages are for, all of them: those of every house first."""
    return Page([shapes.purpose(one) for one in purposes(call.db)], None)
