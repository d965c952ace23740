"""The files that are taken in: any machine goes on with one, and it goes when nobody needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app import config, imports
from app.config import settings
from app.db import now, reading, transaction
from app.imports import files
from app.models import CallImport
from app.models.call_import import DONE
from tests import factories
from tests.imports.logs import log

pytestmark = pytest.mark.usefixtures("committed")


def begun(tmp_path: Path) -> CallImport:
    """A log that was handed in, and nothing done with it yet."""
    with log(tmp_path).open("rb") as file:
        kept = imports.keep(file)
    seen = imports.look(tmp_path / "calls.csv")
    with transaction() as db:
        channel = factories.channel(db, "call", key="phone", secrets={"secret": "a secret of the telephones"})
        return imports.begin(db, channel, None, "calls.csv", kept, seen, kept=True)


def test_a_file_with_which_nothing_was_done_for_a_week_is_forgotten(tmp_path: Path) -> None:
    row = begun(tmp_path)
    assert imports.path_of(row) is not None
    imports.look_after()
    assert imports.path_of(row) is not None
    with transaction() as db:
        imports.one(db, row.id).updated_at = now() - timedelta(days=8)
    imports.look_after()
    with reading() as db:
        row = imports.one(db, row.id)
    assert not row.kept
    assert imports.path_of(row) is None


def test_another_machine_goes_on_with_a_file_where_files_are_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "files").symlink_to(tmp_path / "shared")
    at_one, at_other = (replace(settings(), data_dir=tmp_path / name) for name in ("one", "other"))
    monkeypatch.setattr(config, "_current", at_one)
    row = begun(tmp_path)
    with transaction() as db:
        imports.check(db, imports.one(db, row.id))
    monkeypatch.setattr(config, "_current", at_other)
    assert imports.path_of(row) is not None
    assert imports.work(row.id).state == "checked"
    with transaction() as db:
        imports.start(db, imports.one(db, row.id), None)
    assert imports.work(row.id).state == DONE


def test_a_file_that_an_earlier_version_kept_is_found_and_goes_as_well(tmp_path: Path) -> None:
    row = begun(tmp_path)
    place = imports.path_of(row)
    assert place is not None
    before = settings().data_dir / "imports" / row.digest
    before.parent.mkdir(exist_ok=True)
    place.rename(before)
    assert imports.path_of(row) == before
    with transaction() as db:
        files.forget(db, imports.one(db, row.id))
    assert not before.exists()
