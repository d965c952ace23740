"""The figures of the README on labelled questions: `python -m tests.faq FILE...` (needs scikit-learn beside us).

A file holds JSON lines `{"split": "train" or "val", "text", "label" or null, "lang"}`. Entries are given 1, 5,
10 or all of their train questions; the val questions are asked. In the second round half of the entries are
taken out, so that half of the questions have no entry.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

import bots
from bots.measures import Measures, Predicted, measure
from bots.text import fold

FEW = (1, 5, 10, 0)
SEED = 7
Row = dict[str, Any]
Asked = list[tuple[str, str]]
"""Questions with their labels, both as text."""


def main() -> None:
    for file in map(Path, sys.argv[1:]):
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for halved in (False, True):
            for few in FEW:
                _tell(file.stem, rows, few, halved)


def _tell(name: str, rows: Sequence[Row], few: int, halved: bool) -> None:
    taught, asked = _taught(rows, few), [row for row in rows if row["split"] == "val"]
    if halved:
        kept = set(random.Random(SEED).sample(sorted(taught), len(taught) // 2))
        taught = {label: texts for label, texts in taught.items() if label in kept}
        asked = [{**row, "label": row["label"] if row["label"] in kept else None} for row in asked]
    measures = _measured(taught, asked)
    cells = [name, "half" if halved else "val", few or "all", *_figures(measures)]
    if not halved:
        cells += [f"{100 * share:.1f}" for share in _baselines(taught, asked)]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def _taught(rows: Sequence[Row], few: int) -> dict[str, list[str]]:
    by_label: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["split"] == "train" and row["label"]:
            by_label[row["label"]].append(row["text"])
    chance = random.Random(SEED)
    distinct = {label: list(dict.fromkeys(texts)) for label, texts in by_label.items()}
    return {
        label: chance.sample(texts, min(few, len(texts))) if few else texts
        for label, texts in distinct.items()
    }


def _measured(taught: dict[str, list[str]], asked: Sequence[Row]) -> Measures:
    language, labels = asked[0]["lang"], list(taught)
    book = bots.Book(
        bots.Entry(number, texts[0], language, tuple(texts), "")
        for number, texts in enumerate(taught.values())
    )
    return measure([_predicted(book, labels, row) for row in asked])


def _predicted(book: bots.Book, labels: Sequence[str], row: Row) -> Predicted:
    found = bots.look_up(bots.Question(row["text"], row["lang"]), book)
    return Predicted(
        row["text"],
        row["label"],
        labels[found.answer.entry.id] if found.answer else None,
        found.matches[0].score / 100 if found.matches else 0.0,
        tuple(labels[match.entry.id] for match in found.matches),
    )


def _figures(measures: Measures) -> Iterator[str]:
    for share in (
        measures.top1,
        measures.answered_in_scope,
        measures.precision,
        measures.refused_out_of_scope,
        measures.calibration_error,
    ):
        yield f"{100 * (share or 0):.1f}"


def _baselines(taught: dict[str, list[str]], asked: Sequence[Row]) -> list[float]:
    """Top-1 of token_set_ratio, BM25 and TF-IDF with logistic regression."""
    known = [(fold(text), label) for label, texts in taught.items() for text in texts]
    wanted = [(fold(row["text"]), row["label"]) for row in asked if row["label"]]
    japanese = asked[0]["lang"] == "ja"
    return [_nearest(known, wanted), _bm25(known, wanted, japanese), _logistic(known, wanted, japanese)]


def _share(wanted: Asked, guess: Callable[[str], str]) -> float:
    return sum(guess(text) == label for text, label in wanted) / len(wanted)


def _nearest(known: Asked, wanted: Asked) -> float:
    texts = [text for text, _ in known]

    def guess(text: str) -> str:
        return known[process.extractOne(text, texts, scorer=fuzz.token_set_ratio)[2]][1]

    return _share(wanted, guess)


def _bm25(known: Asked, wanted: Asked, japanese: bool) -> float:
    """Of each entry as one document; in Japanese over pairs of characters."""
    documents: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in known:
        documents[label].update(_words(text, japanese))
    holding = Counter(word for document in documents.values() for word in document)
    usual = sum(document.total() for document in documents.values()) / len(documents)

    def score(words: list[str], document: Counter[str]) -> float:
        length = 1.2 * (0.25 + 0.75 * document.total() / usual)
        return sum(
            math.log(1 + (len(documents) - holding[word] + 0.5) / (holding[word] + 0.5))
            * document[word]
            * 2.2
            / (document[word] + length)
            for word in words
            if word in document
        )

    def guess(text: str) -> str:
        words = _words(text, japanese)
        return max(documents, key=lambda label: score(words, documents[label]))

    return _share(wanted, guess)


def _words(text: str, japanese: bool) -> list[str]:
    return [text[at : at + 2] for at in range(len(text) - 1)] if japanese else text.split()


def _logistic(known: Asked, wanted: Asked, japanese: bool) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    weigh = TfidfVectorizer(analyzer=lambda text: _words(text, japanese), sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=300)
    model.fit(weigh.fit_transform([text for text, _ in known]), [label for _, label in known])
    guesses = model.predict(weigh.transform([text for text, _ in wanted]))
    hits = sum(bool(guess == label) for guess, (_, label) in zip(guesses, wanted, strict=True))
    return hits / len(wanted)


if __name__ == "__main__":
    main()
