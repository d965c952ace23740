"""Reasons in words, in the reader's language."""

from __future__ import annotations

from app.i18n import gettext
from app.matching.reasons import Reason

SENTENCES = {
    "same_card": "Same card or customer number: %(one)s",
    "same_email": "Same mail address: %(one)s",
    "same_phone": "Same phone number: %(one)s",
    "same_name": "Same name: %(one)s / %(other)s",
    "names_sound_same": "The names sound the same: %(one)s / %(other)s",
    "names_may_sound_same": "The names may sound the same: %(one)s / %(other)s",
    "similar_name": "Similar names: %(one)s / %(other)s",
    "same_birth": "Same date of birth: %(one)s",
    "same_address": "Same address: %(one)s",
    "same_place": "Same place: %(one)s",
    "similar_email": "Similar mail addresses: %(one)s / %(other)s",
    "similar_phone": "Similar phone numbers: %(one)s / %(other)s",
    "similar_card": "Similar card or customer numbers: %(one)s / %(other)s",
    "similar_birth": "Similar dates of birth: %(one)s / %(other)s",
    "similar_address": "Similar addresses: %(one)s / %(other)s",
    "other_name": "But: another name: %(one)s / %(other)s",
    "other_card": "But: another card or customer number: %(one)s / %(other)s",
    "other_birth": "But: another date of birth: %(one)s / %(other)s",
    "other_address": "But: another address: %(one)s / %(other)s",
    "wrote_phone": "Wrote a phone number of the other's in a message: %(one)s",
    "wrote_email": "Wrote a mail address of the other's in a message: %(one)s",
}
PLAIN = {"same_name": "Same name: %(one)s"}  # where both are written in one way


def told(locale: str | None, reason: Reason) -> str:
    """The reason as a sentence."""
    sentence = PLAIN.get(reason.code) if reason.one == reason.other else None
    return gettext(locale, sentence or SENTENCES[reason.code], one=reason.one, other=reason.other)
