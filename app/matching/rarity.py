"""How common the values of a field are: agreeing on a rare one says more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from app.matching import names
from app.matching.record import Record

_USUAL = 0.002  # share of a name nobody knows more about
_TRUST = 50  # and that counts as so many records: a list of three says little about how common a name is


@dataclass(frozen=True, slots=True)
class Rarity:
    """How often each value of a field is among the records: field → value as written → share."""

    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    least: float = 0.0

    def of(self, name: str, level: int, one: str, other: str) -> float:
        """The chance that a stranger agrees with either at this level; 0 if nothing is known of these values."""
        values = self.shares.get(name)
        if values is None:
            return 0.0
        share = max(values.get(one, 0.0), values.get(other, 0.0))
        return max(share, self.least) / (1 if level == 0 else 2) if share else 0.0


def rarity(records: Sequence[Record]) -> Rarity:
    """What the records tell of how common names and places are."""
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("surname", "given", "name", "birth", "street", "phone")
    }
    keys: dict[str, dict[str, str]] = {name: {} for name in counts}
    for record in records:
        for name, written, key in _values(record):
            counts[name][key] += 1
            keys[name][written] = key
    n = len(records) + _TRUST
    shares = {
        name: {
            written: (counts[name][key] - 1 + _USUAL * _TRUST) / n for written, key in written_keys.items()
        }
        for name, written_keys in keys.items()
    }
    return Rarity(shares, 0.5 / n)


def _values(record: Record) -> Iterable[tuple[str, str, str]]:
    if record.name is not None:
        for name, part in (("surname", record.name.surname), ("given", record.name.given)):
            if part is not None:
                yield name, part.written, part.key
        whole = " ".join(part.written for part in record.name.parts)
        yield "name", whole, record.name.joined
    if record.birth:
        yield "birth", record.birth, record.birth
    if record.street:
        yield "street", record.street, record.street
    for phone in record.phones:
        yield "phone", phone, phone


@cache
def common() -> Rarity:
    """How common the common Japanese names are: by their place in the table, from 1.5 % for the first surname
    (Meiji Yasuda Life counts 1.5 % for 佐藤, and 0.2 % for the hundredth) and 0.6 % for the first given name."""
    shares = {}
    for name, which, first in (("surname", "surnames", 0.015), ("given", "given", 0.006)):
        shares[name] = {written: first / (1 + n / 12) for n, written in enumerate(names.readings(which))}
    return Rarity(shares)
