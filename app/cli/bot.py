"""`madoguchi bot`: how good the bot is, before customers find out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

import bots
from app import meaning
from app.cli import learning, tables
from app.proving.gains import gain
from bots.labelled import Faulty, Known, Labelled, read_knowledge, read_questions
from bots.measures import Measures, Predicted, measure

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SHOWN_CONFUSIONS = 10


class BadFile(click.ClickException):
    """A file the command was given cannot be used."""

    exit_code = 2


@click.group()
def bot() -> None:
    """Try the bot's knowledge on labelled questions.

    \b
      madoguchi bot eval --knowledge faq.jsonl --questions asked.jsonl
      madoguchi bot replay --from 2026-11-20 --to 2026-11-26
      madoguchi bot proposals --gather
    """


bot.add_command(learning.replay)
bot.add_command(learning.proposals)


@bot.command("eval")
@click.option("--knowledge", required=True, type=_FILE, help="Entries, one JSON object a line.")
@click.option("--questions", required=True, type=_FILE, help="Labelled questions, one JSON object a line.")
@click.option("--predictions", type=click.Path(dir_okay=False, path_type=Path), help="Write each decision.")
@click.option("--embeddings", type=_FOLDER, help="Measure beside it with the sentence model in this folder.")
@click.option(
    "--embeddings-prefix", default="", help="What the model wants before each text (e5: “query: ”)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate(
    knowledge: Path,
    questions: Path,
    predictions: Path | None,
    embeddings: Path | None,
    embeddings_prefix: str,
    as_json: bool,
) -> None:
    """Measure how well the knowledge answers the questions.

    \b
    An entry:   {"id": "returns", "questions": ["Can I return it?"], "answer": "…", "lang": "en"}
    A question: {"text": "may i send it back", "id": "returns", "lang": "en"}; "id": null has no answer

    With --embeddings the questions are asked twice, of the bot without the model and of the bot with it; --predictions
    writes what it decides with it.
    """
    try:
        known = read_knowledge(_lines(knowledge), knowledge.name)
        asked = read_questions(_lines(questions), questions.name)
    except Faulty as trouble:
        raise BadFile(str(trouble)) from trouble
    asked = list(_within(known, asked))
    predicted, figures = _measured(known, asked)
    told = [figures]
    if embeddings:
        try:
            model = meaning.opened(embeddings, embeddings_prefix)
        except meaning.Missing as missing:
            raise BadFile(str(missing)) from missing
        before = predicted
        predicted, with_model = _measured(known, asked, model)
        found = gain((one.label, one.id, other.id) for one, other in zip(before, predicted, strict=True))
        with_model["compared"] = asdict(found) | {"chance": round(found.chance, 4), "better": found.shown}
        told.append(with_model)
    if predictions:
        _write(predictions, predicted, {one.id: one.given for one in known})
    if as_json:
        both = {**figures, "with_embeddings": told[1]} if embeddings else figures
        click.echo(json.dumps(both, ensure_ascii=False, indent=2))
    else:
        _print(told)


def _measured(
    known: Sequence[Known], asked: Sequence[Labelled], model: bots.Embedder | None = None
) -> tuple[list[Predicted], dict[str, Any]]:
    """What a bot that knows this decides, and its figures."""
    began = time.perf_counter()
    book = bots.Book((one.entry(number) for number, one in enumerate(known)), embedder=model)
    trained = time.perf_counter() - began
    predicted, took = _predict(book, known, asked)
    return predicted, _figures(measure(predicted), took, trained)


def _lines(file: Path) -> list[str]:
    """The lines of a file, split at line feeds alone: JSON may hold other separators."""
    try:
        return file.read_text("utf-8").split("\n")
    except UnicodeDecodeError as trouble:
        line = 1 + file.read_bytes()[: trouble.start].count(b"\n")
        raise Faulty(f"{file.name}, line {line}: this is not UTF-8.") from trouble


def _within(known: Sequence[Known], asked: Iterable[Labelled]) -> Iterable[Labelled]:
    """A question whose entry the knowledge lacks is out of scope for it; that may be a slip, so it is told."""
    ids = {one.id for one in known}
    for question in asked:
        if question.id is not None and question.id not in ids:
            click.echo(
                f"! No entry “{question.id}”: “{question.text[:60]}” counts as unanswerable.", err=True
            )
            question = Labelled(question.text, None, question.language)
        yield question


def _predict(
    book: bots.Book, known: Sequence[Known], asked: Sequence[Labelled]
) -> tuple[list[Predicted], list[float]]:
    """What the bot finds for each question, and the milliseconds each took."""
    predicted, took = [], []
    for question in asked:
        began = time.perf_counter()
        found = bots.look_up(bots.Question(question.text, question.language), book)
        took.append(1000 * (time.perf_counter() - began))
        predicted.append(
            Predicted(
                text=question.text,
                label=question.id,
                id=known[found.answer.entry.id].id if found.answer else None,
                confidence=round(found.matches[0].score / 100, 4) if found.matches else 0.0,
                ranking=tuple(known[match.entry.id].id for match in found.matches),
            )
        )
    return predicted, took


def _write(file: Path, predicted: Iterable[Predicted], given: Mapping[str, str | int]) -> None:
    """One line a question, with the ids as the knowledge writes them."""
    with file.open("w", encoding="utf-8") as out:
        for one in predicted:
            line = {
                "text": one.text,
                "id": None if one.id is None else given[one.id],
                "confidence": one.confidence,
                "ranking": [given[id] for id in one.ranking],
            }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _figures(measures: Measures, took: list[float], trained: float) -> dict[str, Any]:
    ordered = sorted(took)
    return {
        **{name: _rounded(value) for name, value in asdict(measures).items()},
        "training_s": round(trained, 3),
        "decision_ms": {
            "p50": round(ordered[len(ordered) // 2], 3),
            "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 3),
        },
    }


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


_WORDS = {
    "questions": "questions",
    "in_scope": "that an entry answers",
    "out_of_scope": "that none answers",
    "top1": "right entry first (top-1)",
    "top3": "right entry among three (top-3)",
    "mrr": "mean reciprocal rank",
    "answered": "answered",
    "answered_in_scope": "answered, of those that have an entry",
    "right_in_scope": "answered rightly, of those",
    "precision": "right, of the answers given (precision)",
    "refused_out_of_scope": "left unanswered, of those without an entry",
    "calibration_error": "calibration error (ECE)",
}


def _print(told: Sequence[dict[str, Any]]) -> None:
    """One column of figures, or two: without the sentence model and with it."""
    columns = ("measured", "without the model", "with it") if len(told) > 1 else ("measured", "figure")
    table = Table(*columns, show_header=len(told) > 1)
    for name, words in _WORDS.items():
        table.add_row(words, *(_said(figures[name]) for figures in told))
    took = [figures["decision_ms"] for figures in told]
    table.add_row(
        "time per decision, p50 / p99", *(f"{one['p50']:.1f} / {one['p99']:.1f} ms" for one in took)
    )
    table.add_row("training", *(f"{figures['training_s']:.2f} s" for figures in told))
    tables.show(table, wide=100)
    figures = told[-1]
    if compared := figures.get("compared"):
        verdict = (
            "measurably better with the model"
            if compared["better"]
            else "not measurably better with the model"
        )
        click.echo(
            f"{compared['won']} questions are handled rightly only with it, {compared['lost']} only without; wrong"
            f" answers {compared['wrong_before']} before, {compared['wrong_after']} with it: {verdict}."
        )
    if figures["confusions"]:
        confused = Table("right", "answered with", "times", title="Wrong answers")
        for label, given, times in figures["confusions"][:_SHOWN_CONFUSIONS]:
            confused.add_row("(none)" if label is None else label, given, str(times))
        tables.show(confused, wide=100)


def _said(value: float | int | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
