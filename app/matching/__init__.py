"""Whether two records are one person. Pure: no database, no clock, no network.

`records` makes canonical records of a list, `link` finds those that are one person, with a probability and reasons.
"""

from app.matching.comparing import compare
from app.matching.linking import LIKELY, Linked, Match, link
from app.matching.model import Model, usual
from app.matching.rarity import common
from app.matching.reasons import CODES, Reason, reasons
from app.matching.record import FIELDS, Record, record, records
from app.matching.saying import told

__all__ = [
    "CODES",
    "FIELDS",
    "LIKELY",
    "Linked",
    "Match",
    "Model",
    "Reason",
    "Record",
    "common",
    "compare",
    "link",
    "reasons",
    "record",
    "records",
    "told",
    "usual",
]
