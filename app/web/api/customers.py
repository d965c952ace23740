"""`/customers`: who writes to us, and what is kept about them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app import directory, inbox
from app.api import people, shapes
from app.api.kinds import Time
from app.api.people import CustomerChange, PersonShape
from app.api.shapes import IdentityShape
from app.directory import CustomersAsked
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of

TAG = "Customers"


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


@endpoint("GET", "/customers", scope="customers:read", tag=TAG)
def list_customers(call: Call, query: CustomerFilter) -> Page[PersonShape]:
    """Customers, the newest first.

    Those whose conversation the token's agent may see. With `updated_after` they come in the order they changed,
    unless `q` is given too. A page may be short and have a `next` all the same.
    """
    asked = CustomersAsked(query.q, query.address, query.kind, query.updated_after)
    found = directory.find_customers(call.db, call.agent, asked, query.after, query.limit)
    return page_of(found, people.person)


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
