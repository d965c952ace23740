"""`/customers/{id}/consents`: what a customer agrees to, by address, channel and purpose."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app import directory
from app.api import consents as shapes
from app.api.consents import ConsentShape, WillingnessShape
from app.api.kinds import Given, Id, Time
from app.inbox import consents
from app.inbox.consents import MAX_REASON, Said
from app.models import Channel
from app.web.api.framework import Call, Page, PageQuery, Problem, endpoint
from app.web.api.lists import page_of

TAG = "Customers"


class ConsentIn(Given):
    """What a customer said, to which of their addresses it is about. Without `channel_id` it is about every channel of
    `channel_kind`, without either about whichever leads to the address; without `purpose` about every purpose."""

    identity_id: Id
    given: bool
    purpose: Annotated[str, Meta(max_length=40)] = ""
    channel_id: Id | None = None
    channel_kind: Annotated[str, Meta(max_length=64)] = ""
    source: Literal["chat", "form", "api", "import", "shop"] = "api"
    reason: Annotated[str, Meta(max_length=MAX_REASON, description="Where and how they said it")] = ""
    at: Time | None = None


@endpoint("GET", "/customers/{customer_id}/consents", scope="customers:read", tag=TAG)
def list_consents_of_customer(call: Call, customer_id: int, query: PageQuery) -> Page[ConsentShape]:
    """Everything a customer said about what may be sent to them, the newest record first.

    Of the records about the same the one with the latest `at` holds.
    """
    found = directory.consents_for(call.db, call.agent, customer_id, query.after, query.limit)
    return page_of(found, shapes.consent)


@endpoint("GET", "/customers/{customer_id}/willingness", scope="customers:read", tag=TAG)
def get_willingness_of_customer(call: Call, customer_id: int) -> Page[WillingnessShape]:
    """By which way a customer may be written to now, and for what.

    Nothing is sent by a way and for a purpose where `agreed` is false: a reply is refused with 422.
    """
    person = directory.customer_for(call.db, call.agent, customer_id)
    return Page(shapes.willingness(call.db, person.identities), None)


@endpoint("POST", "/customers/{customer_id}/consents", scope="customers:write", tag=TAG, status=201)
def record_consent(call: Call, customer_id: int, body: ConsentIn) -> Page[ConsentShape]:
    """Record that a customer agrees to messages, or wants no more of them.

    A record for each purpose it is about. Consent to no purpose in particular is none to what needs consent beforehand.
    Tells `consent.given` or `consent.withdrawn`; what waits to be sent and is not wanted any more is not sent.
    """
    person = directory.customer_for(call.db, call.agent, customer_id, held=True)
    identity = next((one for one in person.identities if one.id == body.identity_id), None)
    if identity is None:
        sentence = "This customer has no such address."
        raise Problem(422, sentence, field="body.identity_id", code="validation")
    made = consents.consent(call.db, identity, _said(call, body), agent=call.agent)
    return Page([shapes.consent(one) for one in made], None)


def _said(call: Call, body: ConsentIn) -> Said:
    channel = call.db.get(Channel, body.channel_id) if body.channel_id else None
    if body.channel_id and channel is None:
        raise Problem(422, "There is no such channel.", field="body.channel_id", code="validation")
    kind = body.channel_kind if channel is None else ""
    return Said(body.given, body.purpose, kind, channel, body.source, body.reason, at=body.at)
