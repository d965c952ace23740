"""Whether two records are one person. Pure: no database, no clock, no network.

`records` makes canonical records of a list, `link` finds those that are one person, with a probability and reasons.
"""

from app.matching.linking import LIKELY, Linked, Match, link
from app.matching.reasons import CODES, Reason, reasons
from app.matching.record import FIELDS, Record, record, records

__all__ = [
    "CODES",
    "FIELDS",
    "LIKELY",
    "Linked",
    "Match",
    "Reason",
    "Record",
    "link",
    "reasons",
    "record",
    "records",
]
