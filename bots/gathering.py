"""Questions that ask the same in other words, gathered without comparing each with each.

Two texts are compared only where they share a part that few others have. A group is a star: one text, and what is
like that very text, so that a chain of small steps never joins what is far apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bots.everyday import everyday
from bots.features import LONGEST, parts
from bots.lexicon import Lexicon, Reading
from bots.replies import without_courtesy
from bots.space import Floats, Ints, Rows, Space, bag

Numbers = npt.NDArray[np.floating[Any]]

ALIKE = 0.25
"""How like the middle of its group a text must be, of 1."""
_WIDEST = 120
"""A part that more texts have says too little to look for company by it."""
_NEAREST = 40
"""Texts looked at closely, of those that share rare parts."""
_EVERYDAY = 0.25
"""What everyday words count, of their rarity."""


@dataclass(frozen=True, slots=True)
class Group:
    """Texts by their places: the middle one first, then the likest. `weight` is the sum of theirs."""

    members: tuple[int, ...]
    weight: float


def gather(
    texts: Sequence[str],
    language: str,
    weights: Sequence[float] | None = None,
    *,
    alike: float = ALIKE,
    lexicon: Lexicon | None = None,
) -> list[Group]:
    """Groups of `texts` of one language, the heaviest first; every text is in one, if alone.

    `weights` say how often each was asked. The same texts give the same groups.
    """
    counted = np.ones(len(texts)) if weights is None else np.array(weights, float)
    if not len(texts):
        return []
    space = _space(texts, language, lexicon)
    near = [_near(row, space.rows, columns) for row, columns in _rare(space)]
    groups = [
        Group(tuple(members), float(counted[members].sum())) for members in _stars(near, counted, alike)
    ]
    return sorted(groups, key=lambda group: (-group.weight, group.members))


def typical(texts: Sequence[str], language: str, lexicon: Lexicon | None = None) -> list[int]:
    """The places of `texts`, the one that is most like all of them first: for some dozens, not for thousands."""
    if not texts:
        return []
    space = _space(texts, language, lexicon)
    dense = np.zeros((len(texts), space.width), np.float32)
    for row in range(len(texts)):
        columns, weights = space.rows.row(row)
        dense[row, columns] = weights
    likeness = np.einsum("ij,j->i", dense, dense.sum(axis=0))
    return [int(place) for place in np.argsort(-np.round(likeness, 5), kind="stable")]


def _space(texts: Sequence[str], language: str, lexicon: Lexicon | None) -> Space:
    reading = Reading(lexicon or Lexicon(), language)
    folded = (reading(text[: 2 * LONGEST])[:LONGEST] for text in texts)
    return Space(
        (bag(parts(without_courtesy(text) or text, language)) for text in folded),
        everyday(language),
        _EVERYDAY,
    )


def _rare(space: Space) -> Iterator[tuple[int, Iterable[Ints]]]:
    """Row by row, the rows that share each of its rare parts."""
    rows = space.rows
    order = np.argsort(rows.columns, kind="stable")
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.starts))[order]
    starts = np.searchsorted(rows.columns[order], np.arange(space.width + 1))
    spread = np.diff(starts)
    for number in range(len(rows)):
        columns, _ = rows.row(number)
        rare = columns[(spread[columns] > 1) & (spread[columns] <= _WIDEST)]
        yield number, [owners[starts[column] : starts[column + 1]] for column in rare]


def _near(number: int, rows: Rows, sharing: Iterable[Ints]) -> tuple[Ints, Floats]:
    """The rows most like a row, with their likeness."""
    lists = list(sharing)
    if not lists:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    found, shared = np.unique(np.concatenate(lists), return_counts=True)
    keep = found != number
    found, shared = found[keep], shared[keep]
    found = np.sort(found[np.argsort(-shared, kind="stable")[:_NEAREST]])
    columns, weights = rows.row(number)
    likeness = [_product(columns, weights, *rows.row(int(other))) for other in found]
    return found, np.array(likeness, np.float32)


def _product(columns: Ints, weights: Floats, others: Ints, of_others: Floats) -> float:
    """The product of two sparse vectors, both by rising columns."""
    places = np.minimum(np.searchsorted(columns, others), len(columns) - 1)
    met = columns[places] == others
    return float((weights[places[met]] * of_others[met]).sum())


def _stars(near: Sequence[tuple[Ints, Floats]], weights: Numbers, alike: float) -> Iterator[list[int]]:
    """Around the text with most company first; each text goes to the first star that holds it."""
    free = np.ones(len(near), bool)
    pull = [
        float(weights[number] + (weights[found[likeness >= alike]] * likeness[likeness >= alike]).sum())
        for number, (found, likeness) in enumerate(near)
    ]
    for number in np.argsort(-np.round(np.array(pull), 5), kind="stable"):
        if not free[number]:
            continue
        found, likeness = near[number]
        company = [int(one) for one in found[np.argsort(-likeness, kind="stable")] if free[one]]
        like = dict(zip(found.tolist(), likeness.tolist(), strict=True))
        members = [int(number), *(one for one in company if like[one] >= alike)]
        free[members] = False
        yield members
