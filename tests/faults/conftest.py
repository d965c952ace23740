"""What the tests of bad days share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from tests import engines
from tests.conftest import empty
from tests.examples import PART

# What needs the other engine, or cannot differ between the two, is not collected for this one.
collect_ignore = ["test_two_machines.py"] if engines.WHICH == "sqlite" else ["test_foreign_redis.py"]
if PART != 1:  # the short run kills the same processes under the same work, with followers too
    collect_ignore += ["test_kills.py", "test_followers.py"]


@pytest.fixture
def environment(empty_database_url: str) -> Iterator[dict[str, str]]:
    """The database of the engine under test, empty again afterwards."""
    if engines.WHICH == "sqlite":
        yield {}
        return
    yield {"DATABASE_URL": empty_database_url}
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        empty(connection)
    engine.dispose()
