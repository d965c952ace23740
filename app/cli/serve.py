"""`madoguchi serve`: everything, under one supervisor."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click

from app import datadir, embedded, logs, server
from app.cli import first
from app.cli.processes import SUPERVISED, migration_state
from app.cli.progress import progress
from app.config import ConfigError, Settings, configure
from app.supervise import Program, Supervisor, line_printer, stopping_on_signals

READY_SECONDS = 60


@click.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 for every interface [127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [8000].")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder for everything that is kept [./data]."
)
@click.option("--demo/--no-demo", default=None, help="Load the demo on the first start [yes].")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes [1].")
def serve(
    host: str | None, port: int | None, data_dir: Path | None, demo: bool | None, workers: int | None
) -> None:
    """Start everything: web, worker, clock, pollers and an embedded Redis.

    The first start makes the database, an admin (its password is printed once, unless
    MADOGUCHI_ADMIN_PASSWORD is set) and a demo. Ctrl-C stops everything.

    \b
    Examples:
      madoguchi serve
      madoguchi serve --port 9000 --data-dir /srv/desk --no-demo
      DATABASE_URL=postgresql://desk@db/desk REDIS_URL=redis://cache madoguchi serve --workers 4
    """
    given = {"host": host, "port": port, "data_dir": data_dir, "demo": demo, "web_workers": workers}
    run(configure(**_with_group_options({name: value for name, value in given.items() if value is not None})))


def run(settings: Settings) -> None:
    """Everything that can be wrong is found before anything is started. Raises ConfigError."""
    logs.set_up(settings.log_level)
    datadir.ensure(settings.data_dir)
    with datadir.only_one(settings.data_dir):
        listener = server.bind(settings.host, settings.port)
        state = migration_state(settings)
        settings.key("check")  # the secret key is made or read now, not by several children at once
        programs = _programs(settings, listener)
        say = line_printer([program.name for program in programs])
        supervisor = Supervisor(say, _environment(settings))
        with stopping_on_signals(supervisor):
            try:
                _start(supervisor, programs, settings, state)
                supervisor.watch()
            finally:
                supervisor.stop()


def _start(supervisor: Supervisor, programs: list[Program], settings: Settings, state: str) -> None:
    if settings.embedded_redis:
        supervisor.start(programs.pop(0))
        if not embedded.wait_until_up(embedded.socket_path(settings)):
            raise ConfigError("The embedded Redis did not start; its lines above may say why.")
    if state != "current":
        from app import migrations

        migrations.upgrade()
    welcome = _first_start(settings)
    for program in programs:
        supervisor.start(program)
    threading.Thread(target=_announce, args=(settings, welcome, supervisor.stopping), daemon=True).start()


def _first_start(settings: Settings) -> list[str]:
    """Lines on how to sign in; made and told once."""
    if not first.is_new():
        return []
    email, password = first.make_admin(settings)
    lines = [f"Sign in as {email}", f"Password   {password or 'as set in MADOGUCHI_ADMIN_PASSWORD'}"]
    if password:
        lines.append("(told this once; `madoguchi user password` sets another)")
    if settings.demo is not False:
        from app import demo

        with progress() as step:
            for person in demo.load(step):
                lines.append(f"Demo {person.role:<10} {person.email}   {person.password}")
    return lines


def _programs(settings: Settings, listener: socket.socket) -> list[Program]:
    me = (sys.executable, "-m", "app.cli")
    web = ("web", "--fd", str(listener.fileno()))
    count = settings.web_workers
    programs = [
        Program("web" if count == 1 else f"web.{number}", (*me, *web), (listener.fileno(),))
        for number in range(1, count + 1)
    ]
    programs += [Program("worker", (*me, "worker")), Program("poll", (*me, "poll"))]
    if settings.embedded_redis:
        programs.insert(0, Program("redis", tuple(embedded.redis_command(settings)), served=True))
    return programs


def _environment(settings: Settings) -> dict[str, str]:
    """What was decided on the command line, said again to the children."""
    told = {
        "MADOGUCHI_DATA_DIR": str(settings.data_dir),
        "MADOGUCHI_HOST": settings.host,
        "MADOGUCHI_PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
        SUPERVISED: "1",
    }
    return {**os.environ, **told}


def _with_group_options(given: dict[str, Any]) -> dict[str, Any]:
    """`madoguchi --data-dir X serve` and `madoguchi serve --data-dir X` mean the same."""
    context = click.get_current_context().find_root()
    if context.params.get("data_dir") and "data_dir" not in given:
        given["data_dir"] = context.params["data_dir"]
    return given


def _announce(settings: Settings, welcome: list[str], stopping: threading.Event) -> None:
    """Once the page is served, tell where."""
    began = time.monotonic()
    while not stopping.wait(0.05):
        found = _ready(settings)
        if found is True:
            break
        if time.monotonic() - began > READY_SECONDS:
            click.echo(f"Not everything is ready after {READY_SECONDS} s: {found}")
            break
    else:
        return
    base = settings.public_url
    click.echo()
    click.echo(click.style("  Madoguchi is ready", bold=True))
    click.echo(f"  Inbox             {base}/")
    click.echo(f"  Demo shop         {base}/demo")
    click.echo(f"  Widget protocol   {base}/help/widget-protocol")
    for line in welcome:
        click.echo(f"  {line}")
    click.echo("  Ctrl-C stops everything.\n")


def _ready(settings: Settings) -> bool | str:
    """True, or what /readyz says is missing."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body = response.read()
        return True if response.status == 200 else json.dumps(json.loads(body))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"no answer yet ({error})"
    finally:
        connection.close()
