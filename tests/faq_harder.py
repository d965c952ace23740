"""Questions as live bots get them, made of labelled ones: `python -m tests.faq_harder [--times N] FILE...`.

Entries and questions are drawn anew for each of N seeds: few entries, of which some have many examples and most have
few; or one question and an answer that is made of others of its questions; half of the questions have no entry, as
those of the entries left out; and where it says so, they are misspelt, shortened, and mixed with words of another
language.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import bots
from bots.measures import Predicted, measure
from tests.faq import Row

_ASKED = 150
"""Questions that have an entry, of each seed; as many have none."""

_MOST = 60
_SHORT = {
    "you": "u",
    "are": "r",
    "please": "pls",
    "your": "ur",
    "to": "2",
    "for": "4",
    "what": "wat",
    "the": "",
}
_FOREIGN = ("hai kya", "chahiye", "bhai", "batao", "karna hai", "??", "sir")


@dataclass(frozen=True, slots=True)
class Scene:
    """`share` of the labels are entries, with `each` examples (0: some many, most few); `answered`: with an answer."""

    name: str
    share: float
    each: int
    misspelt: bool = False
    answered: bool = False


_SCENES = {
    "en": (
        Scene("few and many examples", 0.2, 0),
        Scene("the same, misspelt", 0.2, 0, misspelt=True),
        Scene("five examples, misspelt", 0.4, 5, misspelt=True),
        Scene("one example, few entries", 0.13, 1),
        Scene("one question and an answer", 0.3, 1, answered=True),
    ),
    "ja": (
        Scene("few and many examples", 0.5, 0),
        Scene("the same, misspelt", 0.5, 0, misspelt=True),
        Scene("five examples", 0.6, 5),
        Scene("one example", 0.6, 1),
        Scene("one question and an answer", 0.6, 1, answered=True),
    ),
}


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--times", type=int, default=3)
    given.add_argument("files", nargs="+", type=Path)
    asked = given.parse_args()
    for file in asked.files:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for scene in _SCENES[rows[0]["lang"]]:
            drawn = [list(_figures(rows, scene, seed)) for seed in range(asked.times)]
            means = [sum(column) / len(drawn) for column in zip(*drawn, strict=True)]
            cells = [rows[0]["lang"], scene.name, *(f"{100 * mean:.1f}" for mean in means)]
            sys.stdout.write("| " + " | ".join(cells) + " |\n")
            sys.stdout.flush()


def _figures(rows: Sequence[Row], scene: Scene, seed: int) -> Iterator[float]:
    """Right first, right answers of what has an entry, refused of what has none, right of the answers, Matthews'
    coefficient over all entries and none, and the calibration error."""
    predictions = list(_predicted(rows, scene, random.Random(seed)))
    measures = measure(predictions)
    yield measures.top1 or 0
    yield measures.right_in_scope or 0
    yield measures.refused_out_of_scope or 0
    yield measures.precision or 0
    yield _matthews(predictions)
    yield measures.calibration_error or 0


def _predicted(rows: Sequence[Row], scene: Scene, chance: random.Random) -> Iterator[Predicted]:
    language = rows[0]["lang"]
    taught = _taught(rows, scene, chance)
    labels = sorted(taught)
    book = bots.Book(
        bots.Entry(number, taught[label][0][0], language, *taught[label])
        for number, label in enumerate(labels)
    )
    for text, label in _asked(rows, taught, chance):
        said = _misspelt(text, language, chance) if scene.misspelt else text
        found = bots.look_up(bots.Question(said, language), book)
        yield Predicted(
            said,
            label,
            labels[found.answer.entry.id] if found.answer else None,
            found.matches[0].score / 100 if found.matches else 0.0,
            tuple(labels[match.entry.id] for match in found.matches),
        )


def _taught(
    rows: Sequence[Row], scene: Scene, chance: random.Random
) -> dict[str, tuple[tuple[str, ...], str]]:
    """The questions and the answer of each entry."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["split"] == "train" and row["label"]:
            by_label[row["label"]].append(row["text"])
    taught = {}
    for label in chance.sample(sorted(by_label), max(3, int(len(by_label) * scene.share))):
        texts = list(dict.fromkeys(by_label[label]))
        chance.shuffle(texts)
        many = scene.each or min(max(2, int(chance.lognormvariate(2.3, 0.9))), _MOST)
        taught[label] = tuple(texts[:many]), " ".join(texts[many : many + 3]) if scene.answered else ""
    return taught


def _asked(
    rows: Sequence[Row], taught: dict[str, tuple[tuple[str, ...], str]], chance: random.Random
) -> list[tuple[str, str | None]]:
    rest = [row for row in rows if row["split"] == "val"]
    chance.shuffle(rest)
    inside = [(row["text"], row["label"]) for row in rest if row["label"] in taught][:_ASKED]
    outside = [(row["text"], None) for row in rest if row["label"] not in taught]
    return inside + outside[: len(inside)]


def _misspelt(text: str, language: str, chance: random.Random) -> str:
    if language == "ja":
        return _slip(text, chance) if chance.random() < 0.3 and len(text) > 8 else text
    words = []
    for word in text.split():
        if word in _SHORT and chance.random() < 0.35:
            words.append(_SHORT[word])
        else:
            words.append(_slip(word, chance) if len(word) > 3 and chance.random() < 0.15 else word)
    if chance.random() < 0.2:
        words.append(chance.choice(_FOREIGN))
    if len(words) > 4 and chance.random() < 0.15:
        words = words[: chance.randrange(2, len(words))]
    return " ".join(filter(None, words))


def _slip(word: str, chance: random.Random) -> str:
    """Two signs change places, or one is left out, doubled or another."""
    at = chance.randrange(1, len(word) - 1)
    before, here, behind = word[:at], word[at], word[at + 1 :]
    other = chance.choice("aeiourst") if word.isascii() else here
    slips = (before + behind[:1] + here + behind[1:], before + behind, before + 2 * here + behind)
    return chance.choice((*slips, before + other + behind))


def _matthews(predictions: Sequence[Predicted]) -> float:
    """The coefficient of correlation between what was right and what was decided, none among them (Gorodkin, 2004)."""
    kinds = {one.label for one in predictions} | {one.id for one in predictions}
    count, hits = len(predictions), sum(one.label == one.id for one in predictions)
    right = {kind: sum(one.label == kind for one in predictions) for kind in kinds}
    told = {kind: sum(one.id == kind for one in predictions) for kind in kinds}
    over = count * hits - sum(right[kind] * told[kind] for kind in kinds)
    under = (count**2 - sum(many**2 for many in right.values())) * (
        count**2 - sum(many**2 for many in told.values())
    )
    return over / sqrt(under) if under else 0.0


if __name__ == "__main__":
    main()
