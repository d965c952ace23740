"""Why two records may be one person, or may not: codes with the values they are about, for the product to say."""

from __future__ import annotations

from dataclasses import dataclass

from app.matching.comparing import Agreements
from app.matching.fields import FIELDS, NAMED
from app.matching.record import Record

# (field, level's name) → code. What is not here is not worth a word.
_CODES = {
    ("surname", "different"): "other_name",
    ("given", "different"): "other_name",
    ("name", "same"): "same_name",
    ("name", "sound"): "names_sound_same",
    ("name", "guessed"): "names_may_sound_same",
    ("name", "near"): "similar_name",
    ("name", "different"): "other_name",
    ("email", "same"): "same_email",
    ("email", "local"): "similar_email",
    ("email", "near"): "similar_email",
    ("phone", "same"): "same_phone",
    ("phone", "near"): "similar_phone",
    ("external_id", "same"): "same_card",
    ("external_id", "near"): "similar_card",
    ("external_id", "different"): "other_card",
    ("birth", "same"): "same_birth",
    ("birth", "near"): "similar_birth",
    ("birth", "part"): "other_birth",
    ("birth", "different"): "other_birth",
    ("street", "same"): "same_address",
    ("street", "near"): "similar_address",
    ("street", "different"): "other_address",
    ("place", "same"): "same_place",
}
AGAINST = frozenset({"other_name", "other_card", "other_birth", "other_address"})
CODES = frozenset(_CODES.values())


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a code, and the two values (one and the same where they are equal)."""

    code: str
    one: str
    other: str

    @property
    def against(self) -> bool:
        """Whether it speaks against their being one person."""
        return self.code in AGAINST


def reasons(found: Agreements, one: Record, other: Record) -> tuple[Reason, ...]:
    """The reasons of a pair, what identifies best first, what speaks against it last."""
    made = [*_about_names(found, one, other)]
    for field in FIELDS:
        agreement = found.get(field.name)
        if agreement is None or field.name in ("surname", "given", "name"):
            continue
        code = _CODES.get((field.name, NAMED[field.name].levels[agreement.level]))
        if code is not None:
            made.append(Reason(code, *(_shown(field.name, value) for value in agreement[1:])))
    made.sort(key=lambda reason: (reason.against, _ORDER.index(reason.code)))
    return tuple(made)


def _shown(field: str, value: str) -> str:
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if field == "birth" else value


_ORDER = (
    *("same_card", "same_email", "same_phone", "same_name", "names_sound_same", "names_may_sound_same"),
    *("similar_name", "same_birth", "same_address", "similar_email", "similar_phone", "similar_card"),
    *("similar_birth", "similar_address", "same_place", *sorted(AGAINST)),
)


def _about_names(found: Agreements, one: Record, other: Record) -> list[Reason]:
    """One reason for the name as a whole: as good as its worse part."""
    told = [found[each] for each in ("surname", "given", "name") if each in found]
    if not told:
        return []
    if "name" in found:
        level = NAMED["name"].levels[found["name"].level]
    else:
        level = NAMED["given"].levels[max(each.level for each in told)]
        level = "near" if level in ("initial", "far") else level
    code = _CODES.get(("name", level))
    return [Reason(code, one.shown_name, other.shown_name)] if code else []
