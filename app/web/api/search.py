"""`/search`: messages, customers and cases, as the search box of the inbox finds them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app import queries, search
from app.api.kinds import Id, Shape, Time
from app.api.shapes import same
from app.directory.paging import id_after
from app.search import CaseHit, CustomerHit, Hit
from app.web.api.framework import Call, PageQuery, endpoint

LONGEST = 200  # characters of a query; marking a long one in a long text of one repeated word takes seconds


class SearchQuery(PageQuery, kw_only=True):
    """What to look for."""

    q: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST,
            description='Words, "exact words" and filters: from: channel: label: is: before: after:',
        ),
    ]
    conversation_id: Annotated[Id, Meta(description="Only in this one's thread")] | None = None


class MessageHitShape(Shape):
    """A message found; `conversation_id` is the one it is shown in. `spans` tell where in the excerpt the words
    stand: half-open, in characters (code points)."""

    message_id: int
    conversation_id: int
    customer_id: int
    customer: str
    author: Literal["customer", "agent", "bot", "system"]
    agent: str
    kind: str
    channel_id: int | None
    sent_at: Time
    excerpt: str
    spans: list[tuple[int, int]]


class CustomerHitShape(Shape):
    """A customer found by name, address, attribute or note."""

    customer_id: int
    conversation_id: int
    name: str


class CaseHitShape(Shape):
    """A case found by its number."""

    number: int
    conversation_id: int
    customer: str
    status: str


class SearchShape(Shape):
    """One page of what was found. Customers and cases come with the first page only."""

    messages: list[MessageHitShape]
    customers: list[CustomerHitShape]
    cases: list[CaseHitShape]
    next: str | None


@endpoint("GET", "/search", scope="conversations:read", tag="Search")
def search_everything(call: Call, query: SearchQuery) -> SearchShape:
    """Find messages, customers and cases, the newest first.

    Width, case, katakana and hiragana do not matter, and one Japanese character is enough. A page may be short and
    have a `next` all the same: the token's agent may see little of what there is.
    """
    db, within = call.db, query.conversation_id
    conversation = queries.conversation_for(db, call.agent, within) if within is not None else None
    found = search.search(
        db, call.agent, query.q, id_after(query.after), limit=query.limit, conversation=conversation
    )
    return SearchShape(
        messages=[_message(hit) for hit in found.hits],
        customers=[_customer(hit) for hit in found.customers],
        cases=[_case(hit) for hit in found.cases],
        next=None if found.cursor is None else str(found.cursor),
    )


def _message(hit: Hit) -> MessageHitShape:
    return same(MessageHitShape, hit, excerpt=hit.excerpt.text, spans=list(hit.excerpt.spans))


def _customer(hit: CustomerHit) -> CustomerHitShape:
    return same(CustomerHitShape, hit, name=hit.name.text)


def _case(hit: CaseHit) -> CaseHitShape:
    return same(CaseHitShape, hit)
