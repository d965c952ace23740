"""How likely two records are one person, from the levels at which their fields agree.

After Fellegi and Sunter (A Theory for Record Linkage, 1969), with the parameters found by expectation and maximisation
and no labels (Winkler, 1988, 2000). There are three classes of pairs, not two: one person, strangers, and different
people of one household, who share what a household shares. What agrees on a rare value says more than on a common one.
Fields that one of the two does not tell say nothing. Everything is deterministic and needs no order of the records.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.matching.comparing import Agreements
from app.matching.fields import FIELDS
from app.matching.rarity import Rarity

ROUNDS = 25
SETTLED = 1e-4  # the change of the expected number of matches at which learning ends
_TRUST = 40.0  # what is believed beforehand counts as so many pairs seen of one person,
_TRUST_SHARE = (
    0.3  # and as this share of those a list has: namesakes in great number must not pass for one person
)
_TRUST_STRANGERS = 20.0
_MISSING = -1
_STEP = 4  # parts of a unit of logarithm that the rarity of values is rounded to while learning
_RARE = 100  # added to a level where the rarity of the value stands for what strangers have in common

_NAMES = [each.name for each in FIELDS]
_EXACT = {each.name: each.exact for each in FIELDS}
_OWN = {"given"}  # agrees in a household no more often than between strangers


class Sighting(NamedTuple):
    """What the model needs to know of a pair: the level of each field, and the logarithms of how rare the values are
    on which it agrees, among strangers and in a household."""

    levels: tuple[int, ...]
    among_strangers: float = 0.0
    at_home: float = 0.0


def sighting(found: Agreements, rare: Rarity) -> Sighting:
    """The sighting of a pair that agrees so."""
    levels, among_strangers, at_home = [], 0.0, 0.0
    for name in _NAMES:
        agreement = found.get(name)
        if agreement is None:
            levels.append(_MISSING)
            continue
        level, one, other = agreement
        share = rare.of(name, level, one, other) if level < _EXACT[name] else 0.0
        if share:
            among_strangers += math.log(share)
            at_home += math.log(share) if name in _OWN else 0.0
        levels.append(level + _RARE if share else level)
    return Sighting(tuple(levels), among_strangers, at_home)


@dataclass(frozen=True, slots=True)
class Model:
    """The chances of each level in each class, and how common each class is among all pairs."""

    same: Mapping[str, Sequence[float]]
    strangers: Mapping[str, Sequence[float]]
    household: Mapping[str, Sequence[float]]
    matches: float
    households: float
    rarity: Rarity = field(default_factory=Rarity)
    _known: dict[tuple[int, ...], tuple[float, float, float]] = field(default_factory=dict, repr=False)

    def probability(self, found: Agreements) -> float:
        """The probability that two records that agree so are one person."""
        return self.classes(sighting(found, self.rarity))[0]

    def classes(self, seen: Sighting) -> tuple[float, float]:
        """The probabilities that the two are one person, and that they are two of one household."""
        same, household, strangers = self._logarithms(seen.levels)
        household += seen.at_home
        strangers += seen.among_strangers
        top = max(same, household, strangers)
        odds = (math.exp(same - top), math.exp(household - top), math.exp(strangers - top))
        return odds[0] / sum(odds), odds[1] / sum(odds)

    def _logarithms(self, levels: tuple[int, ...]) -> tuple[float, float, float]:
        """Of the chance of these levels in each class, but for the rarity of values."""
        if levels in self._known:
            return self._known[levels]
        same, household = math.log(self.matches), math.log(self.households)
        strangers = math.log(1 - self.matches - self.households)
        for name, told in zip(_NAMES, levels, strict=True):
            if told == _MISSING:
                continue
            level, rare = told % _RARE, told >= _RARE
            same += math.log(self.same[name][level])
            strangers += 0.0 if rare else math.log(self.strangers[name][level])
            household += 0.0 if rare and name in _OWN else math.log(self.household[name][level])
        return self._known.setdefault(levels, (same, household, strangers))


def usual(matches: float = 1e-4, households: float = 1e-4, rare: Rarity | None = None) -> Model:
    """What is believed beforehand, for comparing single records; `rare`: how common names are, if that is known."""
    return Model(
        {each.name: each.same for each in FIELDS},
        {each.name: each.strangers for each in FIELDS},
        {each.name: each.household for each in FIELDS},
        matches,
        households,
        rare or Rarity(),
    )


def learn(candidates: Iterable[Sighting], random: Iterable[Sighting], size: int, rare: Rarity) -> Model:
    """The model of a list of `size` records: `candidates` are the pairs worth a look, `random` pairs picked without
    looking. Pairs that are no candidates count as strangers."""
    pairs = max(size * (size - 1) / 2, 1.0)
    model = usual(
        matches=min(0.1, max(size * 0.25, 0.5) / pairs),
        households=min(0.1, max(size * 0.05, 0.5) / pairs),
        rare=rare,
    )
    seen, strange = _counted(candidates), _counted(random)
    expected = 0.0
    for _ in range(ROUNDS):
        model, matches = _improved(model, seen, strange, pairs)
        if abs(matches - expected) <= SETTLED * max(matches, 1.0):
            break
        expected = matches
    return model


def _counted(pairs: Iterable[Sighting]) -> Counter[Sighting]:
    """The pairs that look alike together, for there are few kinds of them."""
    return Counter(
        Sighting(levels, round(strangers * _STEP) / _STEP, round(home * _STEP) / _STEP)
        for levels, strangers, home in pairs
    )


def _improved(
    model: Model, seen: Counter[Sighting], strange: Counter[Sighting], pairs: float
) -> tuple[Model, float]:
    """One round: who is who by `model`, and the model that follows from it; with the expected number of matches."""
    trust = max(_TRUST, _TRUST_SHARE * model.matches * pairs)
    same = {each.name: [trust * chance for chance in each.same] for each in FIELDS}
    strangers = {each.name: [_TRUST_STRANGERS * chance for chance in each.strangers] for each in FIELDS}
    matches = households = 0.0
    for pattern, times in seen.items():
        one_person, one_household = model.classes(pattern)
        matches += times * one_person
        households += times * one_household
        _count(same, pattern, times * one_person)
    for pattern, times in strange.items():
        _count(strangers, pattern, times * (1 - sum(model.classes(pattern))))
    improved = Model(
        _believable(_chances(same)),
        _chances(strangers),
        model.household,
        matches=min(0.5, (matches + 0.5) / pairs),
        households=min(0.4, (households + 0.5) / pairs),
        rarity=model.rarity,
    )
    return improved, matches


def _count(counts: Mapping[str, list[float]], pattern: Sighting, weight: float) -> None:
    for name, told in zip(_NAMES, pattern.levels, strict=True):
        if told != _MISSING:
            counts[name][told % _RARE] += weight


def _chances(counts: Mapping[str, list[float]]) -> dict[str, list[float]]:
    return {name: [each / sum(levels) for each in levels] for name, levels in counts.items()}


def _believable(same: dict[str, list[float]]) -> dict[str, list[float]]:
    """With no more differing than is believed of each field."""
    for each in FIELDS:
        *agreeing, different = same[each.name]
        if different > each.most:
            share = (1 - each.most) / (1 - different)
            same[each.name] = [*(chance * share for chance in agreeing), each.most]
    return same
