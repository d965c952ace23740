"""`/customers/…/merges`, `/customer-links`, `/relocations`: who is one person, and whose an address or a message is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from app import directory, inbox
from app.api import shapes
from app.api.kinds import Given, Id, Shape, Time
from app.directory import persons
from app.family import conversation_of
from app.inbox.contradicting import members
from app.inbox.merging import MAX_REASON
from app.matching import told
from app.models import Conversation, Customer, Identity
from app.queries import BIGGEST, NotFound, message_for
from app.suggestions import for_customer
from app.web.api.framework import Call, Problem, endpoint

TAG, READ, WRITE = "Customers", "customers:read", "customers:write"
Reason = Annotated[str, Meta(max_length=MAX_REASON)]


class MergeIn(Given):
    """Who is the same person. `confirmed`, with a `reason`, where what is proved contradicts itself."""

    other_id: Id
    reason: Reason = ""
    confirmed: bool = False


class WhyIn(Given):
    """How it is known."""

    reason: Reason = ""


class OwnerIn(Given):
    """Whose it is."""

    customer_id: Id
    reason: Reason = ""


class CustomerLinkShape(Shape):
    """That two customers are one person: who or what (`evidence`) said so, and when; undone ones say by whom."""

    id: int
    child_id: int
    parent_id: int
    made_by: int | None
    made_at: Time
    evidence: dict[str, Any]
    undone_at: Time | None
    undone_by: int | None


class RelocationShape(Shape):
    """That an address (`identity_id`) was taken out of a customer, or a message (`message_id`) moved."""

    id: int
    identity_id: int | None
    message_id: int | None
    from_id: int
    to_id: int
    made_by: int | None
    made_at: Time
    evidence: dict[str, Any]
    undone_at: Time | None
    undone_by: int | None


class ContradictionShape(Shape):
    """Two proved things of which a person has one."""

    what: Literal["account", "birth"]
    name: str
    ours: str
    theirs: str


class DifferenceShape(Shape):
    """What both have and that differs; `wins` will be shown."""

    name: str
    ours: str
    theirs: str
    wins: str


class SideShape(Shape):
    """One of the two: over all records that are one person already. Of more than 1,000 `messages` 1,001 are counted."""

    conversation_id: int
    customer_ids: list[int]
    name: str
    identities: list[shapes.IdentityShape]
    messages: int
    cases: int
    open_cases: int


class MergePreviewShape(Shape):
    """What a merge would bring together, both shown where `ours` is. `one_already`: they are one person."""

    one_already: bool
    ours: SideShape
    theirs: SideShape
    contradictions: list[ContradictionShape]
    differences: list[DifferenceShape]


class ReasonShape(Shape):
    """Why two may be one person, as a code and in words; or (`against`) why not."""

    code: str
    words: str
    against: bool


class SuggestionShape(Shape):
    """Somebody who may be the same person. `score` is a probability."""

    customer_id: int
    conversation_id: int
    name: str
    score: float
    reasons: list[ReasonShape]


@endpoint("GET", "/customers/{customer_id}/suggestions", scope=READ, tag=TAG)
def suggest_same_customers(call: Call, customer_id: int) -> list[SuggestionShape]:
    """Who may be the same person, the likeliest first; at most five, and only those the token's agent may see."""
    known = directory.customer_for(call.db, call.agent, customer_id)
    likely = for_customer(call.db, known.customer)
    named = persons.candidates_of(call.db, call.agent, [one.conversation.id for one in likely])
    seen = {one.conversation.id for one in named}
    return [
        SuggestionShape(
            customer_id=one.customer.id,
            conversation_id=one.conversation.id,
            name=one.customer.name,
            score=round(one.score, 3),
            reasons=[ReasonShape(each.code, told(call.locale, each), each.against) for each in one.reasons],
        )
        for one in likely
        if one.conversation.id in seen
    ]


@endpoint("GET", "/customers/{customer_id}/merges/{other_id}", scope=READ, tag=TAG)
def preview_merge(call: Call, customer_id: int, other_id: int) -> MergePreviewShape:
    """What merging two customers would bring together, and what speaks against it."""
    ours, theirs = _heads(call, customer_id, other_id)
    found = persons.preview(call.db, ours, theirs, under_theirs=False)
    return MergePreviewShape(
        one_already=ours.id == theirs.id,
        ours=_side(call, found.ours),
        theirs=_side(call, found.theirs),
        contradictions=[
            shapes.same(ContradictionShape, one) for one in found.against if ours.id != theirs.id
        ],
        differences=[shapes.same(DifferenceShape, one) for one in found.differences],
    )


@endpoint("POST", "/customers/{customer_id}/merges", scope=WRITE, tag=TAG, status=201)
def merge_customers(call: Call, customer_id: int, body: MergeIn) -> CustomerLinkShape:
    """Say that another customer is the same person, from now on shown in the conversation of this one.

    Nothing is rewritten: `DELETE /customer-links/{link_id}` takes it back at any time. 409 where they are one
    already, or where what is proved contradicts itself and that is not `confirmed`.
    """
    _heads(call, customer_id, body.other_id)
    child, parent = (call.db.get_one(Customer, id) for id in (body.other_id, customer_id))
    made = inbox.merge(call.db, call.agent, child, parent, reason=body.reason, confirmed=body.confirmed)
    call.db.flush()
    return shapes.same(CustomerLinkShape, made)


@endpoint("PUT", "/customers/{customer_id}/strangers/{other_id}", scope=WRITE, tag=TAG, status=204)
def keep_customers_apart(call: Call, customer_id: int, other_id: int) -> None:
    """Note that two customers are not one person: nothing joins them by itself, and it is not suggested again."""
    _heads(call, customer_id, other_id)
    one, other = (call.db.get_one(Customer, id) for id in (customer_id, other_id))
    inbox.keep_apart(call.db, call.agent, other, one)


@endpoint("GET", "/customer-links/{link_id}", scope=READ, tag=TAG)
def get_customer_link(call: Call, link_id: int) -> CustomerLinkShape:
    """A link between two customers, undone or not."""
    return shapes.same(CustomerLinkShape, persons.link_for(call.db, call.agent, link_id)[0])


@endpoint("DELETE", "/customer-links/{link_id}", scope=WRITE, tag=TAG)
def undo_customer_link(call: Call, link_id: int) -> CustomerLinkShape:
    """Take a link back: everything is where it would be without it, what arrived since included."""
    made, _ = persons.link_for(call.db, call.agent, link_id)
    inbox.unmerge(call.db, call.agent, made)
    call.db.flush()
    return shapes.same(CustomerLinkShape, made)


@endpoint("POST", "/identities/{identity_id}/separation", scope=WRITE, tag=TAG, status=201)
def separate_identity(call: Call, identity_id: int, body: WhyIn) -> RelocationShape:
    """Take an address out of its customer, with everything said by it, into a customer of its own (`to_id`)."""
    identity = call.db.get(Identity, identity_id) if 0 < identity_id < BIGGEST else None
    if identity is None:
        raise NotFound(identity_id)
    directory.customer_for(call.db, call.agent, identity.customer_id)
    made = inbox.split(call.db, call.agent, identity, reason=body.reason)
    call.db.flush()
    return shapes.same(RelocationShape, made)


@endpoint("PUT", "/messages/{message_id}/customer", scope=WRITE, tag=TAG)
def move_message(call: Call, message_id: int, body: OwnerIn) -> RelocationShape:
    """Move a message to its right owner. 409 where it stands there already, or is just being sent."""
    message, _ = message_for(call.db, call.agent, message_id)
    try:
        owner = directory.customer_for(call.db, call.agent, body.customer_id).customer
    except NotFound as missing:
        sentence = "There is nobody of this number."
        raise Problem(422, sentence, field="body.customer_id", code="validation") from missing
    made = inbox.move(call.db, call.agent, message, owner, reason=body.reason)
    call.db.flush()
    return shapes.same(RelocationShape, made)


@endpoint("GET", "/relocations/{relocation_id}", scope=READ, tag=TAG)
def get_relocation(call: Call, relocation_id: int) -> RelocationShape:
    """An address that was taken out or a message that was moved, put back or not."""
    return shapes.same(RelocationShape, persons.relocation_for(call.db, call.agent, relocation_id)[0])


@endpoint("DELETE", "/relocations/{relocation_id}", scope=WRITE, tag=TAG)
def undo_relocation(call: Call, relocation_id: int) -> RelocationShape:
    """Put back what was taken out or moved, whatever happened since."""
    made, _ = persons.relocation_for(call.db, call.agent, relocation_id)
    inbox.put_back(call.db, call.agent, made)
    call.db.flush()
    return shapes.same(RelocationShape, made)


def _heads(call: Call, *customer_ids: int) -> list[Conversation]:
    """The threads these customers are shown in. Raises :class:`NotFound`."""
    for id in customer_ids:
        directory.customer_for(call.db, call.agent, id)
    own = [conversation_of(call.db, id) for id in customer_ids]
    return [call.db.get_one(Conversation, one.head_id or one.id) for one in own]


def _side(call: Call, side: persons.Side) -> SideShape:
    return SideShape(
        conversation_id=side.conversation.id,
        customer_ids=[one.id for one in members(call.db, side.conversation)],
        name=side.known.name,
        identities=[shapes.identity(one) for one in side.identities],
        messages=side.messages,
        cases=side.cases,
        open_cases=side.open_cases,
    )
