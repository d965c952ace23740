"""Lists for those who build on us: customers, addresses, cases, the desk and the things of the house.

Everything goes through the viewer, as in :mod:`app.queries`; every list is paged by key, never by offset, and
costs the same number of statements however long it is.
"""

from app.directory.cases import STATES, CasesAsked, case_for, find_cases, find_escalations
from app.directory.customers import (
    CustomersAsked,
    Person,
    consents_for,
    customer_for,
    find_customers,
    identities_for,
    identities_of,
    whose,
)
from app.directory.house import (
    agents,
    canned_replies,
    channels,
    entries,
    forms,
    labels,
    members_of,
    one,
    questions,
    rules,
    teams,
)
from app.directory.paging import BadCursor, Page

__all__ = [
    "STATES",
    "BadCursor",
    "CasesAsked",
    "CustomersAsked",
    "Page",
    "Person",
    "agents",
    "canned_replies",
    "case_for",
    "channels",
    "consents_for",
    "customer_for",
    "entries",
    "find_cases",
    "find_customers",
    "find_escalations",
    "forms",
    "identities_for",
    "identities_of",
    "labels",
    "members_of",
    "one",
    "questions",
    "rules",
    "teams",
    "whose",
]
