"""The optional sentence model: loaded from a folder, asked once for each text, and switched on by evaluation alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import select

import bots
from app import knowledge, meaning
from app.bot import answers
from app.cli import cli
from app.config import configure, settings
from app.db import reading, transaction
from app.knowledge import questions, versions
from app.meaning.kept import Kept
from app.meaning.model import Floats, Model, load
from app.models import Decision
from app.proving import modelled, runs
from app.proving.gains import Gain, gain
from bots.machine import Machine
from bots.ridge import Ridge
from bots.sketch import Sketch
from tests import embedding, factories
from tests.web.visiting import Browser

KNOWN = {
    sort: (f"do you have a {sort}", f"{sort} in your shop") for sort in ("piano", "violin", "drum", "flute")
}
ASKED = (
    *((text, "piano") for text in ("do you have an upright", "a grand in your shop", "any upright there")),
    *((text, "violin") for text in ("do you have a fiddle", "a viola in your shop", "any fiddle there")),
    *((text, "drum") for text in ("do you have a snare", "timpani in your shop", "any snare there")),
    *((text, "flute") for text in ("do you have a piccolo", "recorder in your shop", "any piccolo there")),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return embedding.written(tmp_path / "small-model")


class Counting:
    """A model that notes what it is asked."""

    def __init__(self, model: Model) -> None:
        self.name, self.model = model.name, model
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        return self.model.vectors(texts)


def book(
    embedder: bots.Embedder | None = None, before: Sequence[bots.Book] = (), more: str = ""
) -> bots.Book:
    entries = [
        bots.Entry(number, title, "en", (*asked, more) if more and not number else asked, "")
        for number, (title, asked) in enumerate(KNOWN.items())
    ]
    return bots.Book(entries, before=before, embedder=embedder)


def right(of: bots.Book) -> int:
    titles = list(KNOWN)
    found = [bots.look_up(bots.Question(text, "en"), of).matches for text, _ in ASKED]
    return sum(
        bool(one) and titles[one[0].entry.id] == label for one, (_, label) in zip(found, ASKED, strict=True)
    )


@pytest.mark.parametrize("model", [Ridge, Machine, Sketch])
def test_questions_in_other_words_find_their_entry_with_every_way_of_learning(
    model: type[Ridge] | type[Machine] | type[Sketch], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.index._model", model)
    assert right(book(load(folder))) > right(book()) + 3


def test_it_decides_the_same_every_time_and_whatever_stands_beside_a_text(folder: Path) -> None:
    one, other = load(folder), load(folder)
    texts = [text for text, _ in ASKED]
    assert one.name == other.name
    assert (one.vectors(texts) == np.stack([other.vectors([text])[0] for text in texts])).all()
    decided = [bots.look_up(bots.Question(text, "en"), book(one)) for text in texts]
    assert decided == [bots.look_up(bots.Question(text, "en"), book(other)) for text in texts]


def test_the_first_word_stands_for_the_sentence_where_the_folder_says_so(
    tmp_path: Path, folder: Path
) -> None:
    first = load(embedding.written(tmp_path / "first", cls=True))
    assert (first.vectors(["piano fiddle"]) == first.vectors(["piano snare"])).all()
    assert (load(folder).vectors(["piano fiddle"]) != load(folder).vectors(["piano snare"])).any()


def test_what_a_model_wants_before_each_text_makes_it_another_one(folder: Path) -> None:
    plain, prefixed = load(folder), load(folder, "violin ")
    assert plain.name != prefixed.name
    assert (prefixed.vectors(["piano"]) == plain.vectors(["violin piano"])).all()


def test_an_edit_asks_only_for_what_is_new_and_another_process_for_nothing(
    folder: Path, tmp_path: Path
) -> None:
    counted = Counting(load(folder))
    kept = Kept(counted, tmp_path / "kept")  # type: ignore[arg-type]
    first = book(kept)
    known = len(counted.asked)
    book(kept, [first], more="is a timpani a drum")
    assert counted.asked[known:] == ["is a timpani a drum"]
    again = Counting(load(folder))
    book(Kept(again, tmp_path / "kept"), more="is a timpani a drum")  # type: ignore[arg-type]
    assert again.asked == ["?"]


def test_a_file_that_was_cut_off_costs_time_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    model = load(folder)
    texts = [text for text, _ in ASKED]
    Kept(model, tmp_path).vectors(texts)
    (file,) = tmp_path.glob("*.vectors")
    file.write_bytes(file.read_bytes()[:-5])
    assert (Kept(model, tmp_path).vectors(texts) == model.vectors(texts)).all()
    assert (Kept(model, tmp_path).vectors(texts) == model.vectors(texts)).all()


def test_customers_questions_are_not_written_down(folder: Path, tmp_path: Path) -> None:
    kept = Kept(load(folder), tmp_path)
    kept.vectors(["what a customer wrote"])
    assert not list(tmp_path.glob("*.vectors"))


@pytest.mark.parametrize("what", ["model.onnx", "tokenizer.json"])
def test_a_folder_that_holds_no_model_is_told_in_a_sentence(folder: Path, what: str) -> None:
    (folder / what).write_bytes(b"nothing of the kind")
    with pytest.raises(meaning.Missing, match="cannot be used"):
        load(folder)
    (folder / what).unlink()
    with pytest.raises(meaning.Missing, match=r"no model\.onnx"):
        load(folder)


def test_a_difference_counts_only_where_chance_hardly_explains_it() -> None:
    assert gain([("a", None, "a"), ("a", "b", "a"), (None, "a", None), ("a", "a", None)]) == Gain(3, 1, 2, 0)
    assert not Gain(4, 0, 3, 0).shown  # one in sixteen
    assert Gain(5, 0, 3, 3).shown
    assert not Gain(5, 0, 3, 4).shown
    assert not Gain(12, 8, 0, 0).shown


def test_the_command_shows_both_side_by_side(folder: Path, tmp_path: Path) -> None:
    files = tmp_path / "faq.jsonl", tmp_path / "asked.jsonl"
    lines = [{"id": id, "questions": asked, "answer": "", "lang": "en"} for id, asked in KNOWN.items()]
    files[0].write_text("\n".join(map(json.dumps, lines)), "utf-8")
    rows = [{"text": text, "id": label, "lang": "en"} for text, label in ASKED]
    files[1].write_text("\n".join(map(json.dumps, rows)), "utf-8")
    command = ["bot", "eval", "--knowledge", str(files[0]), "--questions", str(files[1])]
    told = CliRunner().invoke(cli, [*command, "--embeddings", str(folder), "--json"])
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert figures["with_embeddings"]["top1"] > figures["top1"]
    shown = CliRunner().invoke(cli, [*command, "--embeddings", str(folder)]).stdout
    assert "without the model" in shown
    refused = CliRunner().invoke(cli, [*command, "--embeddings", str(tmp_path)])
    assert (refused.exit_code, "no model.onnx" in refused.output) == (2, True)


@pytest.mark.usefixtures("committed")
def test_it_is_switched_on_where_it_is_measurably_better_published_and_missed_where_it_is_not(
    folder: Path,
) -> None:
    usual = settings()
    same = {"data_dir": usual.data_dir, "redis_url": usual.redis_url, "database_url": usual.database_url}
    configure(**same, secret=usual.secret, embeddings=folder)
    with transaction() as db:
        admin = factories.agent(db, role="admin")
        ids = {
            title: factories.faq(db, "…", asked, title=title, language="en").id
            for title, asked in KNOWN.items()
        }
        with pytest.raises(modelled.Unproved, match="Compare first"):
            modelled.switch_on(db, admin)
        for text, label in ASKED:
            questions.label(db, admin, text, ids[label], origin="written")
        run = modelled.begin(db, admin).id
    runs.run(run)
    with transaction() as db:
        done = runs.latest(db, runs.MODEL)
        assert done is not None
        found = modelled.gain_of(done.result)
        assert found is not None
        assert found.shown, (done.state, done.result)
        modelled.switch_on(db, admin)
        knowledge.set_thresholds(db, admin, 41.0, 15.0)  # beside it, nothing else is lost
        versions.publish(db, admin, "with the model")
    with reading() as db:
        made = answers.book(db)
        assert made.embedder is not None
        assert made.settings.embeddings == made.embedder.name
    configure(**same, secret=usual.secret)  # a worker that lacks it
    answers.forget_book()
    with reading() as db:
        lacking = answers.book(db)
    assert lacking.embedder is None
    assert replace(lacking.settings, embeddings="") == replace(made.settings, embeddings="")
    assert bots.decide(bots.Question("do you have a drum", "en"), lacking).action == "answer"
    with transaction() as db:
        said = factories.customer_says(db, factories.channel(db, bot=True), "do you have a drum")
        stored = db.scalars(select(Decision).filter_by(message_id=said.id)).one()
        assert stored.detail["without_model"] == made.settings.embeddings
    page = Browser().come_in(admin).see(f"/messages/{stored.reply_id}/why")
    assert made.settings.embeddings in page
