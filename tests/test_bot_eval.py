"""`madoguchi bot eval`: figures of labelled questions, and files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from bots.measures import Predicted, measure

Rows = list[dict[str, Any]]

KNOWLEDGE: Rows = [
    {
        "id": "returns",
        "questions": ["How do I return an item?", "Can I send it back?"],
        "answer": "",
        "lang": "en",
    },
    {"id": "postage", "questions": ["How much is shipping?"], "answer": "Five dollars.", "lang": "en"},
    {"id": "領収書", "questions": ["領収書を発行してもらえますか"], "answer": "はい。", "lang": "ja"},
    {"id": "送料", "questions": ["送料はいくらですか"], "answer": "500円です。", "lang": "ja"},
]
QUESTIONS: Rows = [
    {"text": "how do i return an item", "id": "returns", "lang": "en"},
    {"text": "領収書を発行してもらえますか？", "id": "領収書", "lang": "ja"},
    {"text": "who won the football game last night", "id": None, "lang": "en"},
]


def lines(rows: Rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def evaluate(folder: Path, knowledge: str | bytes, questions: str | bytes, *more: str) -> Result:
    for name, text in (("faq.jsonl", knowledge), ("asked.jsonl", questions)):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    files = ["--knowledge", str(folder / "faq.jsonl"), "--questions", str(folder / "asked.jsonl")]
    return CliRunner().invoke(cli, ["bot", "eval", *files, *more])


def test_the_figures_are_told_as_json(tmp_path: Path) -> None:
    result = evaluate(tmp_path, lines(KNOWLEDGE), lines(QUESTIONS), "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert (figures["questions"], figures["in_scope"], figures["out_of_scope"]) == (3, 2, 1)
    assert (figures["top1"], figures["mrr"], figures["precision"]) == (1, 1, 1)
    assert figures["refused_out_of_scope"] == 1
    assert figures["decision_ms"]["p99"] >= figures["decision_ms"]["p50"] > 0
    assert figures["training_s"] >= 0


def test_the_figures_are_told_as_a_table(tmp_path: Path) -> None:
    result = evaluate(tmp_path, lines(KNOWLEDGE), lines(QUESTIONS))
    assert result.exit_code == 0
    assert "top-1" in result.output
    assert "1.000" in result.output


def test_each_prediction_is_a_line_in_the_order_asked(tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    evaluate(tmp_path, lines(KNOWLEDGE), lines(QUESTIONS), "--predictions", str(out))
    predictions = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [one["text"] for one in predictions] == [row["text"] for row in QUESTIONS]
    assert [one["id"] for one in predictions] == ["returns", "領収書", None]
    for one in predictions:
        assert set(one) == {"text", "id", "confidence", "ranking"}
        assert 0 <= one["confidence"] <= 1
        assert set(one["ranking"]) <= {row["id"] for row in KNOWLEDGE}


def test_ids_are_predicted_as_the_knowledge_writes_them(tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    numbered = [{**row, "id": number} for number, row in enumerate(KNOWLEDGE)]
    asked = [{**QUESTIONS[0], "id": 0}, {**QUESTIONS[1], "id": "2"}, QUESTIONS[2]]
    told = evaluate(tmp_path, lines(numbered), lines(asked), "--predictions", str(out), "--json")
    assert json.loads(told.output)["top1"] == 1
    predictions = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [one["id"] for one in predictions] == [0, 2, None]
    assert predictions[0]["ranking"][0] == 0


def test_the_same_files_give_the_same_predictions(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        evaluate(tmp_path, lines(KNOWLEDGE), lines(QUESTIONS), "--predictions", str(tmp_path / name))
        written.append((tmp_path / name).read_text("utf-8"))
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("knowledge", "questions", "sentence"),
    [
        ('{"id": "a", "questions": ["b"]}\n{"id": ', None, "faq.jsonl, line 2: this is no JSON"),
        ('\n["a"]', None, "faq.jsonl, line 2: an object in braces"),
        (
            lines([KNOWLEDGE[0], KNOWLEDGE[0]]),
            None,
            "faq.jsonl, line 2: the id “returns” was given in line 1",
        ),
        (
            '{"id": "a", "questions": [" "], "lang": "en"}',
            None,
            "faq.jsonl, line 1: the entry has no question",
        ),
        ('{"id": "a", "questions": "b"}', None, "faq.jsonl, line 1: “questions” must be a list"),
        ('{"questions": ["b"]}', None, "faq.jsonl, line 1: “id” must be"),
        ('{"id": "a", "questions": ["b"], "lang": 3}', None, "faq.jsonl, line 1: “lang” must be"),
        ("", None, "faq.jsonl: there is no entry in it, from line 1"),
        ("[" * 100_000, None, "faq.jsonl, line 1: this is no JSON"),
        (b'{"id": "a",\n"\xff', None, "faq.jsonl, line 2: this is not UTF-8"),
        (None, "\n\n", "asked.jsonl: there is no question in it"),
        (None, '{"text": "a"}', "asked.jsonl, line 1: “id” is missing"),
        (None, '{"text": 1, "id": null}', "asked.jsonl, line 1: “text” must be"),
        (None, "{}\n{", "asked.jsonl, line 1: “text” must be"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_line(
    tmp_path: Path, knowledge: str | bytes | None, questions: str | None, sentence: str
) -> None:
    result = evaluate(
        tmp_path,
        lines(KNOWLEDGE) if knowledge is None else knowledge,
        lines(QUESTIONS) if questions is None else questions,
    )
    assert result.exit_code == 2
    assert sentence in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_question_on_an_entry_that_is_not_there_counts_as_unanswerable_and_is_told(tmp_path: Path) -> None:
    stray = {"text": "what is your phone number", "id": "phone", "lang": "en"}
    result = evaluate(tmp_path, lines(KNOWLEDGE), lines([*QUESTIONS, stray]))
    assert result.exit_code == 0
    assert "No entry “phone”" in result.output


def test_measures_are_those_of_the_field() -> None:
    measures = measure(
        [
            Predicted("first", "a", "a", 0.9, ("a", "b")),
            Predicted("second", "a", "b", 0.8, ("b", "a")),
            Predicted("not given", "a", None, 0.2, ("b", "c", "d")),
            Predicted("outside, answered", None, "b", 0.7, ("b",)),
            Predicted("outside, refused", None, None, 0.1, ()),
        ]
    )
    assert measures.top1 == pytest.approx(1 / 3)
    assert measures.top3 == pytest.approx(2 / 3)
    assert measures.mrr == pytest.approx((1 + 1 / 2) / 3)
    assert measures.precision == pytest.approx(1 / 3)
    assert measures.answered == pytest.approx(3 / 5)
    assert measures.refused_out_of_scope == pytest.approx(1 / 2)
    assert measures.calibration_error == pytest.approx((0.1 + 0.8 + 0.2 + 0.7 + 0.1) / 5)
    assert measures.confusions == (("a", "b", 1), (None, "b", 1))
