"""Search over messages and customers: our tokens, the engine's index (see the README, "Why it is so")."""

from app.search.finding import CaseHit, CustomerHit, Hit, Page, search
from app.search.indexing import (
    index_customer,
    index_customers,
    index_message,
    index_messages,
    index_new,
    left,
    missing,
    reindex,
    remove,
)
from app.search.store import create, drop

__all__ = [
    "CaseHit",
    "CustomerHit",
    "Hit",
    "Page",
    "create",
    "drop",
    "index_customer",
    "index_customers",
    "index_message",
    "index_messages",
    "index_new",
    "left",
    "missing",
    "reindex",
    "remove",
    "search",
]
