"""The one door in: whatever a channel brings becomes messages, receipts and changes, each exactly once.

What arrives is stored before it is understood (:func:`store`); every event in it is accounted for in the raw
receipt's ``outcome``, as a message or as an exclusion with its reason. :mod:`app.verify` recounts.
"""

from app.intake.anew import Anew, fetch_again, read_anew, receipt_of
from app.intake.early import settle as settle_reactions
from app.intake.events import accept
from app.intake.outcome import Outcome
from app.intake.people import contradict, identity_for
from app.intake.receipts import LEFT, read_receipt, read_receipts, store, store_all

__all__ = [
    "LEFT",
    "Anew",
    "Outcome",
    "accept",
    "contradict",
    "fetch_again",
    "identity_for",
    "read_anew",
    "read_receipt",
    "read_receipts",
    "receipt_of",
    "settle_reactions",
    "store",
    "store_all",
]
