"""How Alembic reaches the database: always through the process's own engine."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy.engine import Connection

from app.db import engine
from app.models import Base


def include(name: str | None, type_: str, _parents: Any) -> bool:
    """The search indexes are the engine's own and are made by app.search, see there."""
    return not (type_ == "table" and name is not None and name.startswith("search_"))


def run() -> None:
    """Migrate in one transaction, so that a failed upgrade leaves the database as it was.

    A connection that was given (a restore's) is in a transaction already, and goes on with it.
    """
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    with engine().execution_options(writes=True).connect() as connection:
        _migrate(connection)
        if connection.in_transaction():
            connection.commit()


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
