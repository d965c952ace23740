"""The bot beside platforms of which figures are published: `python -m tests.faq_platforms FILE...`.

A file is a corpus of Braun et al. 2017 (SIGDIAL W17-3622, https://github.com/sebischair/NLU-Evaluation-Corpora): JSON
with `sentences`, each `{"text", "intent", "training"}`. As they count, so is counted here: the first intent of each
test sentence, whatever its score, right answers of all test sentences. `None` is nothing that the bot could be taught:
those of it in the test count as wrong.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import bots

NONE = "None"


def main() -> None:
    total = [0, 0]
    for file in map(Path, sys.argv[1:]):
        right, sure, answered, asked = _counted(file)
        total = [total[0] + right, total[1] + asked]
        print(
            f"{file.stem}: first {right} of {asked} = {right / asked:.3f}; by its own threshold {answered} answered,"
            f" {sure} of them rightly"
        )
    if total[1]:
        print(f"together: {total[0]} of {total[1]} = {total[0] / total[1]:.3f}")


def _counted(file: Path) -> tuple[int, int, int, int]:
    """Of a corpus: right first, answered rightly, answered, asked."""
    sentences = json.loads(file.read_text("utf-8"))["sentences"]
    taught: defaultdict[str, list[str]] = defaultdict(list)
    for one in sentences:
        if one["training"] and one["intent"] != NONE:
            taught[one["intent"]].append(one["text"])
    labels = list(taught)
    book = bots.Book(
        bots.Entry(number, texts[0], "en", tuple(texts), "") for number, texts in enumerate(taught.values())
    )
    right = sure = answered = asked = 0
    for one in sentences:
        if one["training"]:
            continue
        found = bots.look_up(bots.Question(one["text"], "en"), book)
        asked += 1
        right += bool(found.matches) and labels[found.matches[0].entry.id] == one["intent"]
        answered += found.answer is not None
        sure += found.answer is not None and labels[found.answer.entry.id] == one["intent"]
    return right, sure, answered, asked


if __name__ == "__main__":
    main()
