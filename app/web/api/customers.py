"""`/customers`: who writes to us, and what is kept about them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app import directory, inbox
from app.api import people, shapes
from app.api.kinds import Id, Time
from app.api.people import CustomerChange, PersonShape
from app.api.shapes import IdentityShape
from app.directory import CustomersAsked
from app.directory.wanted import LABELLED, MAX_VALUE, MOST_DAYS, Unclear, Wanted, read
from app.web.api.framework import Call, Page, PageQuery, Problem, endpoint
from app.web.api.lists import page_of

TAG = "Customers"
Days = Annotated[int, Meta(ge=0, le=MOST_DAYS)]
FIELDS = {  # what the page calls otherwise
    "channel": "channel_id",
    "ordered": "ordered_days",
    "visited": "visited_days",
    "wrote": "wrote_days",
    "labels": "label_ids",
    "value": "attribute_value",
    "opened": "has_open_case",
    "task": "has_open_task",
    "since": "created_since",
    "owner": "assignee_id",
}
ASKED = (*(name for name in FIELDS if name != "labels"), "consent", "escalation", "language", "attribute")


class CustomerFilter(PageQuery):
    """Which customers."""

    q: Annotated[
        str,
        Meta(
            max_length=200,
            description="Words of the name, reading, addresses, attributes or note; any spelling",
        ),
    ] = ""
    address: Annotated[str, Meta(max_length=320, description="An address, exactly as it is kept")] = ""
    kind: Annotated[str, Meta(max_length=64, description="The kind of the address, such as `email`")] = ""
    updated_after: (
        Annotated[
            Time, Meta(description="Only those changed since, in the order they changed: for keeping a copy")
        ]
        | None
    ) = None
    channel_id: Annotated[Id, Meta(description="Who can be written to there now")] | None = None
    consent: Annotated[
        str, Meta(max_length=40, description="Who agrees to messages of this purpose, such as `marketing`")
    ] = ""
    ordered_days: Annotated[Days, Meta(description="Who ordered in the last so many days")] = 0
    visited_days: Annotated[Days, Meta(description="Who came to a shop in the last so many days")] = 0
    wrote_days: Annotated[Days, Meta(description="Who wrote in the last so many days")] = 0
    escalation: Annotated[
        str,
        Meta(
            max_length=64, description="Of whom a case was escalated so, such as `complaint`; `any`: however"
        ),
    ] = ""
    label_ids: Annotated[list[Id], Meta(max_length=LABELLED, description="Who carries each of these")] = []
    language: Annotated[str, Meta(max_length=35, description="Whose language this is, such as `ja`")] = ""
    attribute: Annotated[
        str, Meta(max_length=64, pattern='^[^"]*$', description="Of whom an attribute …")
    ] = ""
    attribute_value: Annotated[str, Meta(max_length=MAX_VALUE, description="… is exactly this")] = ""
    has_open_case: bool = False
    has_open_task: bool = False
    created_since: Annotated[str, Meta(max_length=10, description="Known since that day: 2026-11-01")] = ""
    assignee_id: Annotated[Id, Meta(description="Whose conversation this agent has")] | None = None


@endpoint("GET", "/customers", scope="customers:read", tag=TAG)
def list_customers(call: Call, query: CustomerFilter) -> Page[PersonShape]:
    """Customers, the newest first.

    Those whose conversation the token's agent may see. With `updated_after` they come in the order they changed,
    unless `q` is given too. A page may be short and have a `next` all the same. What must be true of the person is so
    of all records that are shown as one.
    """
    try:
        asked = CustomersAsked(query.q, query.address, query.kind, query.updated_after, _wanted(query))
        found = directory.find_customers(call.db, call.agent, asked, query.after, query.limit)
    except Unclear as unclear:
        field = f"query.{FIELDS.get(unclear.field, unclear.field)}"
        raise Problem(422, "This cannot be meant.", field=field, code="validation") from unclear
    return page_of(found, people.person)


def _wanted(query: CustomerFilter) -> Wanted:
    """What must be true of the person, as the page of customers asks it."""
    told = {name: getattr(query, FIELDS.get(name, name)) for name in ASKED}
    return read({**told, "labels": query.label_ids})


@endpoint("GET", "/customers/{customer_id}", scope="customers:read", tag=TAG)
def get_customer(call: Call, customer_id: int) -> PersonShape:
    """One customer with their addresses."""
    return people.person(directory.customer_for(call.db, call.agent, customer_id))


@endpoint("PATCH", "/customers/{customer_id}", scope="customers:write", tag=TAG, matched=True)
def change_customer(call: Call, customer_id: int, body: CustomerChange) -> PersonShape:
    """Correct what is kept about a customer.

    What is left out stays as it is; of `attributes` those named are written (null takes one away). Tells
    `customer.changed` with the names of the fields that differ.
    """
    known = directory.customer_for(call.db, call.agent, customer_id, held=True)
    call.must_match(people.person(known))
    inbox.edit_customer(call.db, call.agent, known.customer, people.profile(body))
    return people.person(directory.customer_for(call.db, call.agent, customer_id))


@endpoint("GET", "/customers/{customer_id}/identities", scope="customers:read", tag=TAG)
def list_identities_of_customer(call: Call, customer_id: int, query: PageQuery) -> Page[IdentityShape]:
    """The addresses of a customer, the oldest first."""
    found = directory.identities_for(call.db, call.agent, customer_id, query.after, query.limit)
    return page_of(found, shapes.identity)
