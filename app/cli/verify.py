"""`madoguchi verify`: was everything that was acknowledged kept, once?"""

from __future__ import annotations

import sys

import click

from app.cli.processes import prepare
from app.cli.progress import progress


@click.command()
@click.option("--reindex", is_flag=True, help="Build the search index anew first, while everything runs on.")
def verify(reindex: bool) -> None:
    """Recount: raw receipts against messages, replies against deliveries.

    Exit code 0: everything adds up. 1: something does not; the report names it.
    """
    prepare()
    from app import search
    from app import verify as books
    from app.db import reading

    with progress() as step:
        if reindex:
            search.reindex(lambda done, total: step("search index", done, total))
        with reading() as db:
            report = books.report(db, step)
    click.echo(str(report))
    sys.exit(0 if report.clean else 1)
