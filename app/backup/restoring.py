"""Putting a backup back into an empty installation: all of it, or nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app import datadir, migrations, search, verify
from app.backup import archive, tables
from app.backup.archive import FILE, KEY, Manifest, Part, Unusable, why
from app.backup.making import fingerprint
from app.backup.tables import Step
from app.config import Settings, settings
from app.db import as_of, engine, reading
from app.models import Channel, Event, FeedEnd, Webhook, WebhookDelivery

# An installation without any of these has nothing to lose.
SIGNS_OF_LIFE = ("agent", "channel", "customer", "message", "raw_receipt")


@dataclass(frozen=True)
class Restored:
    """What was put back, what the books say, and what whoever ran the command has to know."""

    manifest: Manifest
    report: verify.Report
    remarks: tuple[str, ...]


def check(path: Path, step: Step = lambda what, done, total: None) -> Manifest:
    """Read it all, compare every hash, and see whether this version can put it back. Raises :class:`Unusable`."""
    manifest = archive.check(path, lambda done, total: step("checking", done, total))
    if manifest.revision not in migrations.known():
        raise Unusable(
            f"The backup was made by a newer version of Madoguchi ({manifest.version}, database {manifest.revision}); "
            "install that version first."
        )
    return manifest


def restore(path: Path, *, silent: bool = False, step: Step = lambda what, done, total: None) -> Restored:
    """Fill the database and the data directory of the settings, which must be empty, and recount everything.

    `silent` disables every channel and webhook, so that a copy made to look at sends nothing to anybody. Raises
    :class:`Unusable`, or `ConfigError` where the data directory is in use; then the database is as it was.
    """
    manifest = check(path, step)
    current = settings()
    datadir.ensure(current.data_dir)
    with datadir.only_one(current.data_dir):
        try:
            _all_or_nothing(path, manifest, current, silent, step)
        except OSError as error:
            raise Unusable(f"The backup could not be put back: {why(error)}.") from error
        search.reindex(lambda done, total: step("search index", done, total))
    with (
        as_of(datetime.fromisoformat(manifest.made_at)),
        reading() as db,
    ):  # what was due then is not late now
        report = verify.report(db, step)
    return Restored(manifest, report, tuple(_remarks(manifest, current)))


def _all_or_nothing(path: Path, manifest: Manifest, current: Settings, silent: bool, step: Step) -> None:
    with engine().execution_options(writes=True).connect() as connection, connection.begin():
        _refuse_a_full_one(connection, manifest)
        with archive.reading_of(path):
            _rows_and_files(connection, path, manifest, current, step)
        if silent:
            for sender in (Channel, Webhook):
                connection.execute(sa.update(sender).values(enabled=False))


def _refuse_a_full_one(connection: Connection, manifest: Manifest) -> None:
    there = set(sa.inspect(connection).get_table_names())
    for name in SIGNS_OF_LIFE:
        if name in there and connection.execute(sa.text(f"SELECT 1 FROM {name} LIMIT 1")).first():
            raise Unusable(
                "This installation is not empty, and a restore never covers anything up: name another data "
                "directory or database, or take the old one away first."
            )
    here = migrations.revision(connection)
    if here not in (None, manifest.revision):
        raise Unusable(
            f"The database was prepared as {here} and the backup is of {manifest.revision}: name one without tables."
        )


def _rows_and_files(
    connection: Connection, path: Path, manifest: Manifest, current: Settings, step: Step
) -> None:
    """One transaction: tables as they were at the backup's revision, its rows, then this version's tables."""
    migrations.upgrade(manifest.revision, connection)
    told = {table.name: table for table in manifest.tables}
    _empty(connection, manifest)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "PRAGMA defer_foreign_keys=ON"
        )  # a row may refer to a later one of its table
    for name, parts in tables.by_table(archive.parts(path)):
        if not name:
            _others(parts, current, manifest, step)
        elif name in told:
            tables.fill(connection, told.pop(name), parts, step)
        else:
            raise Unusable(f"The backup holds rows of {name}, which its manifest does not name.")
    if lost := [table.name for table in told.values() if table.rows]:
        raise Unusable(f"The backup holds no rows of {', '.join(lost)}, though its manifest names them.")
    tables.go_on_counting(connection)
    migrations.upgrade(connection=connection)
    if manifest.engine != connection.dialect.name:
        _keep_the_order_of_events(connection)


def _keep_the_order_of_events(connection: Connection) -> None:
    """Where webhooks and others who follow the feed are is said in ids on SQLite, in positions elsewhere (app.feed).

    To PostgreSQL the ids become the positions. The other way round webhooks are put before the first event they have
    not been told of, and are told again of the few after it that they have; whoever else follows hears some again.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(sa.update(Event).values(position=Event.id))
        connection.execute(sa.update(FeedEnd).values(position=_newest_event()))
        return
    first = sa.select(sa.func.min(Event.id)).where(
        sa.or_(Event.position > Webhook.cursor, Event.position.is_(None))
    )
    before = sa.func.coalesce(first.correlate(Webhook).scalar_subquery() - 1, _newest_event())
    connection.execute(sa.update(Webhook).values(cursor=before))
    theirs = sa.select(Webhook.cursor).where(Webhook.id == WebhookDelivery.webhook_id).scalar_subquery()
    connection.execute(sa.delete(WebhookDelivery).where(WebhookDelivery.event_id > theirs))
    connection.execute(sa.update(Event).values(position=None))
    connection.execute(sa.update(FeedEnd).values(position=0))


def _newest_event() -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.select(sa.func.max(Event.id)).scalar_subquery(), 0)


def _empty(connection: Connection, manifest: Manifest) -> None:
    """What a migration put into its own tables is in the backup, too."""
    known = set(sa.inspect(connection).get_table_names())
    for table in reversed(manifest.tables):
        if table.name not in known:
            raise Unusable(f"The backup has a table {table.name}, which {manifest.revision} does not have.")
        connection.execute(sa.delete(sa.table(table.name)))


def _others(parts: Iterator[Part], current: Settings, manifest: Manifest, step: Step) -> None:
    """Files and the key. They do no harm if the database is rolled back after all."""
    done = 0
    for part in parts:
        if FILE.fullmatch(part.name):
            _put(current.data_dir / part.name, part)
            step("files", done := done + 1, manifest.files)
        elif part.name == KEY and _has_no_key(current):
            _put(current.data_dir / KEY, part)


def _put(path: Path, part: Part) -> None:
    """Whole or not at all, and on the disk before the rows are."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while block := part.file.read(archive.BLOCK):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _has_no_key(current: Settings) -> bool:
    return current.secret is None and not (current.data_dir / KEY).exists()


def _remarks(manifest: Manifest, current: Settings) -> Iterator[str]:
    if _has_no_key(current):
        yield (
            "There is no secret key here: put the old one in place (MADOGUCHI_SECRET_KEY, or secret.key in the data "
            "directory) before the first start, or the channels' secrets have to be entered again."
        )
    elif fingerprint(current) != manifest.key:
        yield (
            "The secret key here is another than that of the backup: the channels' secrets cannot be read with it. "
            "Put the old key in place, or enter the secrets again."
        )
    if manifest.missing:
        yield f"{len(manifest.missing)} files were missing already when the backup was made."
    if manifest.damaged:
        yield f"{len(manifest.damaged)} files were damaged already when the backup was made."
