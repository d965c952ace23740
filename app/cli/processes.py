"""The single processes that `serve` runs together, each by itself: for more than one machine."""

from __future__ import annotations

import gc
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import click

from app import datadir, logs
from app.config import ConfigError, Settings, settings
from app.options import where

SUPERVISED = "MADOGUCHI_SUPERVISED"
OTHER_KEY = (
    "The secret key here is another than the one the stored secrets were written with; put the old key back."
)
log = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--drain",
    type=click.FloatRange(0, 600),
    default=0.0,
    help="Seconds to go on answering after SIGTERM, while /readyz says “leaving” [0].",
)
@click.option("--fd", type=int, hidden=True, help="A listening socket inherited from the supervisor.")
@click.option("--gate", type=int, hidden=True, help="A pipe that the supervisor closes when we may begin.")
def web(host: str | None, port: int | None, drain: float, fd: int | None, gate: int | None) -> None:
    """Answer HTTP and WebSockets (one process).

    \b
    Example, two web processes behind a proxy that asks for /readyz:
      madoguchi web --port 8001 --drain 10
      madoguchi web --port 8002 --drain 10
    """
    current = prepare(redis=True)
    with loading():
        from app import listener, main, server  # noqa: F401 - main is loaded before the gate opens

    if fd is not None:
        inherited = socket.socket(fileno=fd)
    else:
        inherited = listener.bind(host or current.host, port or current.port)
    if gate is not None:
        os.read(gate, 1)
    server.run(current, inherited, drain)


@click.command()
@click.option(
    "--clock", "keeps_clock", is_flag=True, help="Keep the clock too, as `serve` does: one process less."
)
def worker(keeps_clock: bool) -> None:
    """Deliver messages and do other work in the background.

    Run as many as you like, on any machine that reaches the database and Redis.
    """
    prepare(redis=True)
    with loading():
        from app import clock, garbage, jobs, webhooks

    garbage.spare()
    with webhooks.pumping(), clock.running(jobs.stopping) if keeps_clock else nullcontext():
        jobs.work()


@click.command()
def poll() -> None:
    """Keep the clock: snoozes, retries, the sweeper, and channels that must be asked for news.

    One is enough; a second one does no harm.
    """
    prepare(redis=True)
    with loading():
        from app import clock, garbage

    garbage.spare()
    clock.main()


@click.command()
def migrate() -> None:
    """Bring the database to this version. `serve` does it by itself; elsewhere run it at each release."""
    click.echo(
        "The database was brought to this version."
        if bring_up(prepare(migrated=False))
        else "The database is up to date."
    )


@contextmanager
def loading() -> Iterator[None]:
    """While modules are imported, which all stay, no garbage is looked for among them: a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def bring_up(current: Settings) -> bool:
    """The database at this version, and what stands in it as this version keeps it; whether anything was to be done.
    Raises ConfigError."""
    from app import migrations, respelling

    behind = migration_state(current) != "current"
    if behind:
        migrations.upgrade()
    return bool(respelling.run()) or behind


def prepare(*, redis: bool = False, migrated: bool = True) -> Settings:
    """Settings, logging and a look at what the process stands on. Raises ConfigError."""
    current = settings()
    supervised = SUPERVISED in os.environ
    logs.set_up(current.log_level, supervised=supervised)
    if supervised:
        return current  # the supervisor looked already
    if migrated:
        _need_tables(current)
    datadir.ensure(current.data_dir)
    if redis:
        _need_redis(current)
        if not can_be_opened():
            log.error(OTHER_KEY)
    return current


def migration_state(current: Settings) -> str:
    """`empty`, `current` or `behind`. Raises ConfigError for a newer or unreachable database. SQLite would make the
    file it looks for, and whoever named the wrong folder had a new database there: one that is missing is `empty`."""
    from sqlalchemy.exc import DBAPIError

    from app import db, migrations

    url = db.engine().url
    if (
        url.get_backend_name() == "sqlite"
        and "uri" not in url.query
        and not os.path.exists(url.database or "")
    ):
        return "empty"
    try:
        state = migrations.state()
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise ConfigError(f"The database cannot be opened ({where(current.database_url)}): {said}") from error
    if state == "newer":
        raise ConfigError(
            f"The database ({where(current.database_url)}) was made by a newer version of Madoguchi; "
            "install that version, or choose another database."
        )
    return state


def _need_tables(current: Settings) -> None:
    state = migration_state(current)
    if state == "empty":
        raise ConfigError(
            f"There is nothing of Madoguchi in {where(current.database_url)} yet. Is this the database the processes "
            "use (DATABASE_URL, --data-dir)? `madoguchi migrate` makes a new one."
        )
    if state != "current":
        raise ConfigError("The database is older than this version; run `madoguchi migrate` first.")


def can_be_opened() -> bool:
    """Whether the first channel's secrets can be read with the key of this machine; True where there are none."""
    from sqlalchemy import select

    from app import vault
    from app.db import reading
    from app.models import Channel

    with reading() as db:
        sealed = db.scalar(
            select(Channel.secrets).where(Channel.secrets != b"").order_by(Channel.id).limit(1)
        )
    try:
        vault.unseal(sealed or b"")
    except vault.Unreadable:
        return False
    return True


def _need_redis(current: Settings) -> None:
    from app import embedded

    if current.embedded_redis and not embedded.answers(embedded.socket_path(current)):
        raise ConfigError(
            "No Redis is running: start `madoguchi serve`, or set REDIS_URL to a Redis of yours."
        )
