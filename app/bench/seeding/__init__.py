"""`madoguchi bench seed`: a database like that of a busy shop after two years, in minutes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import datadir, db, inbox, migrations
from app.bench.running import PROGRESS
from app.bench.seeding import shop
from app.bench.seeding.filling import Filler, Told, filler
from app.bench.seeding.lives import Order, Shop, batches
from app.bench.seeding.rows import Batch
from app.config import settings
from app.models import Conversation, Customer, Setting

MARK = "bench_seed"  # the setting that says whether a seeding has come to its end


@click.command("seed")
@click.option("--conversations", default=100_000, show_default=True, type=click.IntRange(1), help="How many.")
@click.option(
    "--messages", default=1_000_000, show_default=True, type=click.IntRange(1), help="In all of them."
)
@click.option(
    "--seed", default=1, show_default=True, help="The same number makes the same texts and lengths."
)
@click.option("--password", default="benchmark only", show_default=True, help="Of everybody who is made.")
@click.pass_context
def command(ctx: click.Context, conversations: int, messages: int, seed: int, password: str) -> None:
    """Fill an empty database with conversations in Japanese and English.

    \b
    Half the customers write some words, a few write ten thousand; 50 teams answer them. Into a folder of its own:
      madoguchi --data-dir /tmp/bench bench seed
      madoguchi --data-dir /tmp/bench verify
    """
    if messages < conversations:
        raise click.UsageError("There must be at least one message for each conversation.")
    datadir.ensure(settings().data_dir)
    if migrations.state() in ("empty", "behind"):
        migrations.upgrade()
    if callable(ctx.obj):
        ctx.obj()
    refuse_if_used()
    seeded = Order(conversations, messages, seed, db.now().timestamp())
    with ctx.meta.get(PROGRESS, _quiet)() as told:
        fill(seeded, password, told)
    click.echo(f"Sign in as {shop.SUPERVISOR} or {shop.AGENT} with the password “{password}”.")


@contextmanager
def _quiet() -> Iterator[Told]:
    yield lambda what, done, total: None


def refuse_if_used() -> None:
    """Raises ClickException unless nobody has ever written here."""
    with db.reading() as session:
        mark = session.get(Setting, MARK)
        if mark is not None and not mark.value.get("done"):
            raise click.ClickException(
                "An earlier seeding was interrupted here and left the database without its indexes. "
                "Begin again with an empty one."
            )
        if session.scalar(select(Customer.id).limit(1)) or session.scalar(select(Conversation.id).limit(1)):
            raise click.ClickException(
                "There are customers here already; seed an empty database (--data-dir)."
            )


def fill(order: Order, password: str, told: Told) -> None:
    """Make the shop and all that is said in it. The database is empty and of this version."""
    with _quietly() as session:
        made = shop.make(session, password)
        last = shop.highest_ids(session)
        session.add(Setting(key=MARK, value={"done": False}))
    way = filler(db.engine())
    try:
        way.begin()
        _write(way, ahead(made.shop, order, last), order, told)
        way.end(told)
    finally:
        way.close()
    _join(min(order.conversations // 1000, 200))
    with db.transaction() as session:
        about = {"conversations": order.conversations, "messages": order.messages, "seed": order.seed}
        session.get_one(Setting, MARK).value = {"done": True, **about}


@contextmanager
def _quietly() -> Iterator[Session]:
    """A transaction that rings no bell: nobody is there to hear it."""
    with db.transaction() as session:
        yield session
        session.info.pop("after_commit", None)


def _write(way: Filler, made: Iterator[Batch], order: Order, told: Told) -> None:
    done = 0
    for batch in made:
        way.write(batch)
        done += len(batch["search_message"])
        told("messages", done, order.messages)


def _join(pairs: int) -> None:
    """A few customers turn out to be one person, by the verb itself."""
    for number in range(pairs):
        with _quietly() as session:
            child, parent = (session.get_one(Customer, number * 1000 + at) for at in (7, 503))
            inbox.link(session, child, parent, evidence={"same": "phone"})


def ahead(made: Shop, order: Order, last: dict[str, int]) -> Iterator[Batch]:
    """The batches, made by another process while this one writes: one is always ready.

    Raises ClickException when that process dies.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(there, made, order, last), daemon=True)
    process.start()
    there.close()
    try:
        while (batch := here.recv()) is not None:
            yield batch
    except EOFError:
        raise click.ClickException("The process that makes the messages has died.") from None
    finally:
        here.close()
        process.join(5)
        process.kill()


def _tell(there: Connection, made: Shop, order: Order, last: dict[str, int]) -> None:
    for batch in batches(made, order, last):
        there.send(batch)
    there.send(None)
