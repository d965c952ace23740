"""Which pairs of a list are worth comparing: those that share a key, never all with all.

Each record has several keys, so that one slip of the pen does not part two records of one person. A block (the records
under one key) that is too big for its pairs is divided by a second key, and what is still too big is left out and
counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.matching import forms
from app.matching.names import Part, phonetic
from app.matching.record import Record

BIGGEST = 40  # records of one block, all of which are compared with each other
WINDOW = 3  # neighbours a record is compared with where the list is sorted


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs by position in the list (lower first), and how many blocks were too big to be looked at."""

    pairs: list[tuple[int, int]]
    skipped: int


def candidates(records: Sequence[Record]) -> Candidates:
    """The pairs worth comparing."""
    blocks: dict[str, list[int]] = defaultdict(list)
    finer = [sorted(set(_finer(record))) for record in records]
    common = _common_words(records)
    for at, record in enumerate(records):
        for key in set(keys(record, common)):
            blocks[key].append(at)
    found: set[tuple[int, int]] = set()
    skipped = 0
    for members in blocks.values():
        for block in [members] if len(members) <= BIGGEST else _divided(members, finer):
            if len(block) > BIGGEST:
                skipped += 1
                continue
            found.update((one, other) for n, one in enumerate(block) for other in block[n + 1 :])
    found.update(_neighbours(records))
    return Candidates(sorted(found), skipped)


def _divided(members: list[int], finer: Sequence[Sequence[str]]) -> list[list[int]]:
    parts: dict[str, list[int]] = defaultdict(list)
    for at in members:
        for key in finer[at]:
            parts[key].append(at)
    return [block for block in parts.values() if len(block) > 1]


def keys(record: Record, common: frozenset[str] = frozenset()) -> Iterator[str]:
    """The keys of a record. `common`: words of names that say too little by themselves."""
    for phone in record.phones:
        yield f"p:{phone.lstrip('+~')[-8:]}"
    for mail in record.emails:
        yield f"m:{forms.personal(mail) or mail}"
    for number in record.external_ids:
        yield f"x:{number}"
    sounds = _sounds(record)
    if record.birth:
        yield f"b:{record.birth}"
        for sound in sounds:
            yield f"y:{sound}:{record.birth[:4]}"
            yield f"d:{sound}:{record.birth[4:]}"
    if len(sounds) > 1:
        yield "n:" + " ".join(sounds)
    for place in filter(None, (record.postcode, record.city)):
        for sound in sounds:
            yield f"c:{place}:{sound}"
    if record.street:
        yield f"s:{record.street}"
        words = record.street.split()
        numbers = [word for word in words if word.isdecimal()]
        names = sorted((word for word in words if not word.isdecimal()), key=lambda word: (-len(word), word))
        if numbers and names:
            yield f"a:{'-'.join(numbers[:3])}:{names[0][:5]}"
        if names and record.postcode:
            yield f"z:{record.postcode}:{names[0][:3]}"
    if record.name is not None and record.name.surname is None:
        for part in record.name.parts:
            if part.written not in common and len(part.written) > 2:
                yield f"w:{part.key}"


def _finer(record: Record) -> Iterator[str]:
    """What divides a block that is too big."""
    sounds = _sounds(record)
    yield from (f"n:{sound[:2]}" for sound in sounds)
    if record.birth:
        yield f"b:{record.birth[:6]}"
    if record.postcode:
        yield f"c:{record.postcode}"
    if record.street:
        yield f"s:{record.street[:6]}"
    yield from (f"p:{phone[-8:]}" for phone in record.phones)


def _sounds(record: Record) -> list[str]:
    if record.name is None:
        return []
    return sorted({_sound(part) for part in record.name.parts})


def _sound(part: Part) -> str:
    """Kana, romaji and kanji of known reading by their consonants and vowels' beginning; Western names by Soundex."""
    return phonetic(part.key) if part.key.isascii() else part.key


def _common_words(records: Sequence[Record]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    for record in records:
        if record.name is not None:
            counts.update({part.written for part in record.name.parts})
    most = max(10, len(records) // 20)
    return frozenset(word for word, times in counts.items() if times > most)


def _neighbours(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Records that stand next to each other where the list is sorted, by the name from either end and by the street."""
    for order in range(3):
        sorted_keys = [(key, at) for at, record in enumerate(records) if (key := _sorting(record, order))]
        sorted_keys.sort(key=lambda each: (each[0], records[each[1]].id))
        for n, (_, one) in enumerate(sorted_keys):
            for _, other in sorted_keys[n + 1 : n + 1 + WINDOW]:
                yield (one, other) if one < other else (other, one)


def _sorting(record: Record, order: int) -> str:
    if order == 2:
        return f"{record.street} {record.city}" if record.street else ""
    if record.name is None:
        return ""
    parts = [part.key for part in record.name.parts]
    return " ".join(parts if order == 0 else reversed(parts)) + record.birth
