"""Texts as sparse vectors: hashed parts, weighed by how rare each is in the knowledge.

A part is known by a checksum, so no word need be kept, and every worker numbers them alike.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from bots.features import Parts

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

Bag = tuple[Ints, Ints]
"""The parts a text has: checksums in their order, and how often it has each."""

_BITS = 28
_MASK = (1 << _BITS) - 1


@dataclass(frozen=True, slots=True)
class Vector:
    """A text among the known ones: columns it shares with them and their weights, and how much it shares.

    `known` is the share of its subject that occurs in the knowledge at all. The vector has length 1 counting
    what is unknown, so a text full of new words resembles nothing much.
    """

    columns: Ints
    weights: Floats
    known: float


def bag(text: Parts) -> Bag:
    """The parts of a text as checksums, in their order, and how often it has each."""
    keys, counts = np.unique(np.fromiter(_keys(text), np.int64), return_counts=True)
    return keys, np.minimum(counts, 255).astype(np.uint8)


class Space:
    """The parts that occur in the knowledge, with their rarity."""

    def __init__(self, texts: Iterable[Bag], common: Iterable[Parts] = (), worth: float = 1.0) -> None:
        """Learn from the parts of all texts; `rows` gives them back as one sparse matrix.

        The parts of `common` texts count only `worth` of their rarity: where little is known, no word is frequent.
        """
        self._common_worth = worth
        self._common = np.unique(np.array([key for text in common for key in _keys(text)], np.int64))
        found, times, lengths = array("q"), array("B"), array("q")
        for keys, counts in texts:  # text by text: their parts are many
            found.frombytes(keys.tobytes())
            times.frombytes(counts.tobytes())
            lengths.append(len(keys))
        count = len(lengths)
        rows = np.repeat(np.arange(count), np.array(lengths, np.int64))
        numbers = np.array(found, np.int64)
        counts = np.array(times, np.uint8)
        del found, times
        self.blocks = int(numbers.max() >> _BITS) + 1 if len(numbers) else 1
        self._keys, columns = np.unique(numbers, return_inverse=True)
        width = len(self._keys)
        self._log_texts = np.log(1.0 + count)
        self.spread = np.bincount(columns, minlength=width)
        rarity = self._log_texts - np.log(1.0 + self.spread) + 1
        self.rarity = (rarity * self._worth(self._keys)).astype(np.float32)
        weights = (1 + np.log(counts, dtype=np.float64)) * self.rarity[columns]
        block = self._keys[columns] >> _BITS
        lengths_of = np.bincount(rows * self.blocks + block, weights**2, count * self.blocks)
        weights /= np.sqrt(lengths_of[rows * self.blocks + block] * self.blocks)
        self.rows = Rows(
            np.searchsorted(rows, np.arange(count + 1)),
            columns.astype(np.int32),
            weights.astype(np.float32),
        )
        self._counts = counts

    def bag(self, row: int) -> Bag:
        """The parts of a text it was learned from."""
        columns, _ = self.rows.row(row)
        return self._keys[columns], self._counts[self.rows.starts[row] : self.rows.starts[row + 1]]

    @property
    def keys(self) -> Ints:
        """The checksums of the parts, in the order of their columns."""
        return self._keys

    @property
    def width(self) -> int:
        """How many different parts there are."""
        return len(self._keys)

    def subject(self, columns: Ints) -> Flags:
        """Which of `columns` are of the first block."""
        return self._keys[columns] < (1 << _BITS)

    def vector(self, text: Parts) -> Vector:
        """A text as it lies among the known ones."""
        keys, counts = bag(text)
        places = np.minimum(np.searchsorted(self._keys, keys), max(self.width - 1, 0))
        met = self._keys[places] == keys if self.width else np.zeros(len(keys), bool)
        unmet = (self._log_texts + 1) * self._worth(keys)
        rarity = np.where(met, self.rarity[places], unmet) if self.width else unmet
        weights = (1 + np.log(counts, dtype=np.float64)) * rarity
        block = keys >> _BITS
        squares = np.bincount(block, weights**2, self.blocks)
        weights = (weights / np.sqrt(squares[block] * self.blocks)).astype(np.float32)
        subject = block == 0
        mass = float(rarity[subject].sum())
        known = float(rarity[subject & met].sum()) / mass if mass else 0.0
        return Vector(places[met], weights[met], known)

    def _worth(self, keys: Ints) -> Floats:
        return np.where(np.isin(keys, self._common), self._common_worth, 1.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix by rows: row r has `columns` and `weights` from `starts[r]` to `starts[r + 1]`."""

    starts: Ints
    columns: Ints
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, number: int) -> tuple[Ints, Floats]:
        """The columns and weights of one row."""
        part = slice(self.starts[number], self.starts[number + 1])
        return self.columns[part], self.weights[part]


class Postings:
    """The same matrix by columns: from a part to the rows that have it."""

    def __init__(self, rows: Rows, width: int) -> None:
        order = np.argsort(rows.columns, kind="stable")
        numbers = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(rows.starts))
        self._size = len(rows)
        self._rows = numbers[order]
        self._weights = rows.weights[order]
        self._starts = np.searchsorted(rows.columns[order], np.arange(width + 1))

    def likeness(self, columns: Ints, weights: Floats) -> Floats:
        """The product of a sparse vector with every row: with vectors of length 1, their cosines."""
        starts = self._starts[columns]
        lengths = self._starts[columns + 1] - starts
        before = np.cumsum(lengths) - lengths
        places = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
        products = self._weights[places] * np.repeat(weights, lengths)
        return np.bincount(self._rows[places], products, self._size).astype(np.float32)


def product(vector: Floats, matrix: Floats) -> Floats:
    """Their product, in one thread: several gain nothing at this size, disturb their neighbours on a busy machine,
    and add up in an order of their own."""
    found: Floats = np.einsum("i,ij->j", vector, matrix)
    return found


def _keys(text: Parts) -> list[int]:
    return [
        block << _BITS | crc32(part.encode()) & _MASK for block, found in enumerate(text) for part in found
    ]
