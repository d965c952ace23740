"""How likely two records are one person, from the levels at which their fields agree.

After Fellegi and Sunter (A Theory for Record Linkage, 1969), with the parameters found by expectation and maximisation
and no labels (Winkler, 1988, 2000). There are three classes of pairs, not two: one person, strangers, and different
people of one household, who share what a household shares. What agrees on a rare value says more than on a common one.
Fields that one of the two does not tell say nothing. Everything is deterministic and needs no order of the records.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.matching.comparing import Agreements
from app.matching.fields import FIELDS
from app.matching.rarity import Rarity, rarity
from app.matching.record import Record

ROUNDS = 25
SETTLED = 1e-4  # the change of the expected number of matches at which learning ends
_TRUST = 40.0  # what is believed beforehand counts as so many pairs seen of one person
_TRUST_STRANGERS = 20.0
_LIKELIEST = 0.9999
_MISSING = -1
_STEP = 4  # parts of a unit of logarithm that the rarity of values is rounded to while learning

Pattern = tuple[
    tuple[int, ...], int, int
]  # levels, and the rarity of what agrees: to strangers, in a household


@dataclass(frozen=True, slots=True)
class Model:
    """The chances of each level in each class, and how common each class is among all pairs."""

    same: Mapping[str, Sequence[float]]
    strangers: Mapping[str, Sequence[float]]
    household: Mapping[str, Sequence[float]]
    matches: float
    households: float
    rarity: Rarity = field(default_factory=Rarity)

    def probability(self, found: Agreements) -> float:
        """The probability that the two are one person."""
        log_same = math.log(self.matches)
        log_household = math.log(self.households)
        log_strangers = math.log(1 - self.matches - self.households)
        for name, (level, one, other) in found.items():
            log_same += math.log(self.same[name][level])
            usual, at_home = self.strangers[name][level], self.household[name][level]
            if level < _EXACT[name]:
                rare = max(self.rarity.of(name, level, each, usual) for each in (one, other))
                log_strangers += math.log(rare)
                log_household += math.log(rare if name in _OWN else at_home)
            else:
                log_strangers += math.log(usual)
                log_household += math.log(at_home)
        top = max(log_same, log_household, log_strangers)
        odds = [math.exp(each - top) for each in (log_same, log_household, log_strangers)]
        return odds[0] / sum(odds)


_EXACT = {each.name: each.exact for each in FIELDS}
_OWN = {"given"}  # agrees in a household no more often than between strangers
_NAMES = [each.name for each in FIELDS]


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


def learn(candidates: Sequence[Agreements], random: Sequence[Agreements], records: Sequence[Record]) -> Model:
    """The model of a list: `candidates` are the pairs worth a look, `random` pairs picked without looking.

    Pairs that are no candidates count as strangers.
    """
    pairs = max(len(records) * (len(records) - 1) / 2, 1.0)
    believed = usual()
    model = Model(
        believed.same, believed.strangers, believed.household,
        matches=min(0.1, max(len(records) * 0.25, 0.5) / pairs),
        households=min(0.1, max(len(records) * 0.05, 0.5) / pairs),
        rarity=rarity(records),
    )  # fmt: skip
    seen, strange = _patterns(candidates, model.rarity), _patterns(random, model.rarity)
    expected = 0.0
    for _ in range(ROUNDS):
        model, matches = _improved(model, seen, strange, pairs)
        if abs(matches - expected) <= SETTLED * max(matches, 1.0):
            break
        expected = matches
    return model


def _patterns(pairs: Sequence[Agreements], rare: Rarity) -> Counter[Pattern]:
    """The pairs by what learning needs to know of them."""
    found: Counter[Pattern] = Counter()
    for agreements in pairs:
        levels, to_strangers, at_home = [], 0.0, 0.0
        for name in _NAMES:
            agreement = agreements.get(name)
            if agreement is None:
                levels.append(_MISSING)
                continue
            level = agreement.level
            levels.append(level)
            if level < _EXACT[name]:
                share = max(rare.of(name, level, each, 0.0) for each in agreement[1:])
                if share:
                    rarity = math.log(share)
                    to_strangers += rarity
                    at_home += rarity if name in _OWN else 0.0
                    levels[-1] += 100  # the rarity stands for it
        found[tuple(levels), round(to_strangers * _STEP), round(at_home * _STEP)] += 1
    return found


def _improved(
    model: Model, seen: Counter[Pattern], strange: Counter[Pattern], pairs: float
) -> tuple[Model, float]:
    """One round: who is who by `model`, and the model that follows from it; with the expected number of matches."""
    same = {each.name: [_TRUST * chance for chance in each.same] for each in FIELDS}
    strangers = {each.name: [_TRUST_STRANGERS * chance for chance in each.strangers] for each in FIELDS}
    matches = households = 0.0
    for pattern, times in seen.items():
        one_person, one_household = _posterior(model, pattern)
        matches += times * one_person
        households += times * one_household
        _count(same, pattern, times * one_person)
    for pattern, times in strange.items():
        one_person, one_household = _posterior(model, pattern)
        _count(strangers, pattern, times * (1 - one_person - one_household))
    improved = Model(
        _chances(same),
        _chances(strangers),
        model.household,
        matches=min(0.5, (matches + 0.5) / pairs),
        households=min(0.4, (households + 0.5) / pairs),
        rarity=model.rarity,
    )
    return improved, matches


def _posterior(model: Model, pattern: Pattern) -> tuple[float, float]:
    levels, to_strangers, at_home = pattern
    log_same, log_household = math.log(model.matches), math.log(model.households) + at_home / _STEP
    log_strangers = math.log(1 - model.matches - model.households) + to_strangers / _STEP
    for name, told in zip(_NAMES, levels, strict=True):
        if told == _MISSING:
            continue
        level, rare = told % 100, told >= 100
        log_same += math.log(model.same[name][level])
        if not rare:
            log_strangers += math.log(model.strangers[name][level])
        if not (rare and name in _OWN):
            log_household += math.log(model.household[name][level])
    top = max(log_same, log_household, log_strangers)
    odds = [math.exp(each - top) for each in (log_same, log_household, log_strangers)]
    return odds[0] / sum(odds), odds[1] / sum(odds)


def _count(counts: Mapping[str, list[float]], pattern: Pattern, weight: float) -> None:
    for name, told in zip(_NAMES, pattern[0], strict=True):
        if told != _MISSING:
            counts[name][told % 100] += weight


def _chances(counts: Mapping[str, list[float]]) -> dict[str, list[float]]:
    return {name: [each / sum(levels) for each in levels] for name, levels in counts.items()}
