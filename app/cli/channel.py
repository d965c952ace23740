"""`madoguchi channel`: the configured accounts through which customers write."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import click
from rich.table import Column, Table
from rich.text import Text

from app.cli import tables
from app.cli.processes import prepare

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.models import Channel
    from channels.base import Connector, Request

CALLED = "https://desk.example/hooks/channel"


@click.group()
def channel() -> None:
    """Channels: kinds, add, list, show, test, disable, enable; parse.

    \b
    Examples:
      madoguchi channel kinds
      madoguchi channel add webchat "Web shop" --set allowed_origins=https://shop.example
      madoguchi channel test 1
      madoguchi channel parse line < webhook.json | jq .[].text
    """


@channel.command()
@click.argument("kind", required=False)
def kinds(kind: str | None) -> None:
    """List the kinds there are, or the settings of one KIND."""
    from channels import forms, registry

    if kind is None:
        table = Table("Kind", "Name", "Settings")
        for name, connector in registry.kinds().items():
            table.add_row(name, connector.label, ", ".join(field.name for field in forms.fields(name)))
        for name, problem in registry.problems().items():
            table.add_row(name, Text("cannot be loaded", style="red"), problem)
        tables.show(table)
        return
    table = Table("Setting", "Type", "Needed", "Default", "Meaning")
    for field in forms.fields(_known(kind)):
        default = "" if field.secret or not field.default else str(field.default)
        meaning = f"{field.label}. {field.help}" if field.help else field.label
        table.add_row(field.name, field.type, "yes" if field.required else "", default, meaning)
    tables.show(table)


@channel.command()
@click.argument("kind")
@click.argument("name")
@click.option("--set", "answers", multiple=True, metavar="SETTING=VALUE", help="May be given again.")
@click.option("--key", help="The public key in its addresses [made up].")
def add(kind: str, name: str, answers: tuple[str, ...], key: str | None) -> None:
    """Add a channel of KIND called NAME. A setting of several lines is given once for each line.

    A secret given as SETTING=- is read from standard input, so that it stays out of the shell's history.
    """
    current = prepare()
    from app import switchboard
    from app.db import transaction

    try:
        with transaction() as db:
            made = switchboard.add_channel(db, _known(kind), name, _answers(kind, answers), key)
            number, public_key = made.id, made.key
    except switchboard.Wrong as wrong:
        raise click.ClickException(str(wrong)) from wrong
    click.echo(f"Channel {number} was added. Its key is {public_key}.")
    click.echo(f"Requests go to {current.public_url}/hooks/{public_key}")


@channel.command(name="list")
def list_() -> None:
    """Show every channel and how it is doing."""
    prepare()
    from app import switchboard
    from app.db import reading

    table = Table("No.", "Kind", "Name", "Key", "On", "Health")
    with reading() as db:
        for row in switchboard.all_channels(db):
            health = f"{row.health} {row.health_text}".strip()
            table.add_row(str(row.id), row.kind, row.name, row.key, "yes" if row.enabled else "no", health)
    tables.show(table)


@channel.command()
@click.argument("which")
def show(which: str) -> None:
    """Show the settings of one channel (by number or key). Secrets are said to be set, never shown."""
    current = prepare()
    from app import vault
    from app.db import reading

    with reading() as db:
        row = _find(db, which)
    table = Table("Setting", Column("Value", overflow="fold"), title=f"{row.name} ({row.kind})")
    for name, value in row.settings.items():
        table.add_row(name, str(value))
    try:
        for name in vault.unseal(row.secrets):
            table.add_row(name, "(set)")
    except vault.Unreadable as error:
        table.add_row("secrets", str(error))
    table.add_row("address", f"{current.public_url}/hooks/{row.key}")
    tables.show(table)


@channel.command()
@click.argument("which")
def test(which: str) -> None:
    """Ask the provider whether a channel works. Exit code 1 when it does not."""
    prepare()
    from app import switchboard
    from app.db import reading, transaction
    from app.models.channel import FAILING, REAUTHORISE

    with reading() as db:
        row = _find(db, which)
    health, sentence = switchboard.probe(row)
    with transaction() as db:
        switchboard.record_health(_find(db, which), health, sentence)
    if health in (FAILING, REAUTHORISE):
        raise click.ClickException(sentence)
    click.echo(sentence)


@channel.command()
@click.argument("which")
def disable(which: str) -> None:
    """Let a channel neither receive nor send. Nothing is deleted."""
    _switch(which, on=False)


@channel.command()
@click.argument("which")
def enable(which: str) -> None:
    """Let a channel receive and send again."""
    _switch(which, on=True)


@channel.command()
@click.argument("kind")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="May be given again.")
@click.option("--content-type", metavar="TYPE", help="Short for --header 'Content-Type: TYPE'.")
@click.option("--query", "queries", multiple=True, metavar="NAME=VALUE", help="May be given again.")
@click.option("--url", default=CALLED, help="The address that was called; signatures may cover it.")
@click.option("--method", default="POST", show_default=True, help="How it was called.")
@click.option("--set", "answers", multiple=True, metavar="SETTING=VALUE", help="May be given again.")
@click.option("--verify", is_flag=True, help="Refuse what is not signed with the secrets among the settings.")
def parse(
    kind: str,
    headers: tuple[str, ...],
    content_type: str | None,
    queries: tuple[str, ...],
    url: str,
    method: str,
    answers: tuple[str, ...],
    verify: bool,
) -> None:
    """Print what we understand of a provider's request to a channel of KIND: a JSON list of events.

    The body is read from standard input. No database, no network; settings matter only where they change what is
    understood. What is not for us, or cannot be understood, is an event of the type "ignored" with its reason.
    """
    from channels import registry
    from channels.base import BadSignature
    from channels.describing import describe

    if kind not in registry.kinds():
        raise click.UsageError(f"“{kind}” is no kind of channel; there are {', '.join(registry.kinds())}.")
    given = [*headers, *([f"Content-Type: {content_type}"] if content_type else [])]
    request = _request(method, url, _pairs(given, ":"), _pairs(queries, "="), sys.stdin.buffer.read())
    connector = _offline(kind, url, _usable(kind, answers))
    try:
        if verify:
            connector.verify(request)
    except BadSignature as bad:
        raise click.ClickException(f"This does not prove to come from {connector.label}: {bad}.") from bad
    events = [describe(event, connector.features) for event in connector.parse(request)]
    click.echo(json.dumps(events, ensure_ascii=False, indent=2).encode("utf-8", "replace"))


def _request(method: str, url: str, headers: dict[str, str], query: dict[str, str], body: bytes) -> Request:
    from channels.base import Request

    lower = {name.lower(): value.strip() for name, value in headers.items()}
    asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return Request(method, url, lower, {**asked, **query}, body)


def _offline(kind: str, url: str, settings: dict[str, Any]) -> Connector[Any]:
    """A connector that cannot call anybody, for the channel that is called at `url`."""
    import httpx2

    from channels import registry
    from channels.base import Context
    from channels.settings import settings_from

    def nobody(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no network here", request=request)

    made = registry.connector(kind)
    place, _, key = url.partition("?")[0].rpartition("/")
    http = httpx2.Client(transport=httpx2.MockTransport(nobody))
    context = Context(key, place.removesuffix("/hooks"))
    return made(settings_from(made.Settings, settings), http, context)


def _usable(kind: str, given: tuple[str, ...]) -> dict[str, Any]:
    """Those settings, read as the form reads them; what was not given stays at its default."""
    from channels import forms

    answers = _answers(kind, given)
    reading = forms.read_settings(kind, answers)
    for name, problem in reading.errors.items():
        if name in answers:
            raise click.ClickException(f"{name}: {forms.told(problem)}")
    return {**reading.plain, **reading.secret}


def _pairs(given: list[str] | tuple[str, ...], sign: str) -> dict[str, str]:
    for one in given:
        if sign not in one:
            raise click.UsageError(f"“{one}” has no “{sign}” between its name and its value.")
    return {name: value for name, _, value in (one.partition(sign) for one in given)}


def _switch(which: str, *, on: bool) -> None:
    prepare()
    from app import switchboard
    from app.db import transaction

    with transaction() as db:
        switchboard.switch(db, _find(db, which), on=on)
    click.echo(f"Channel {which} is {'on' if on else 'off'}.")


def _known(kind: str) -> str:
    from channels import registry

    if kind not in registry.kinds():
        raise click.ClickException(
            f"“{kind}” is no kind of channel; there are {', '.join(registry.kinds())}."
        )
    return kind


def _answers(kind: str, given: tuple[str, ...]) -> dict[str, Any]:
    from channels import forms

    several = {field.name: field.type == "lines" for field in forms.fields(kind)}
    answers: dict[str, Any] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or name not in several:
            raise click.ClickException(
                f"“{name}” is no setting of {kind}; see `madoguchi channel kinds {kind}`."
            )
        if value == "-":
            value = sys.stdin.read().strip()
        if several[name]:
            answers.setdefault(name, []).append(value)
        else:
            answers[name] = value
    return answers


def _find(db: Session, which: str) -> Channel:
    from app import switchboard

    try:
        return switchboard.find_channel(db, which)
    except LookupError as error:
        raise click.ClickException(
            f"There is no channel “{which}”; `madoguchi channel list` shows them."
        ) from error
