"""The database's versions: made from nothing, in step with the models, and recognised."""

from __future__ import annotations

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

import app.db
from app import migrations


@pytest.mark.usefixtures("committed")
def test_the_models_and_the_migrations_agree() -> None:
    migrations.check()


@pytest.mark.usefixtures("committed")
def test_a_migrated_database_is_current_and_migrating_again_changes_nothing() -> None:
    assert migrations.state() == "current"
    migrations.upgrade()
    assert migrations.state() == "current"


@pytest.mark.usefixtures("committed")
def test_a_database_of_another_version_is_recognised() -> None:
    with app.db.engine().begin() as connection:
        before = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    try:
        assert migrations.state() == "newer"
    finally:
        with app.db.engine().begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": before})


def test_the_versions_known_by_the_names_of_their_files_are_those_alembic_knows() -> None:
    scripts = ScriptDirectory.from_config(migrations.config())
    assert migrations.known() == {script.revision for script in scripts.walk_revisions()}
    assert max(migrations.known()) == scripts.get_current_head()
