"""`madoguchi serve`: everything, under one supervisor."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from app import datadir, embedded, listener, logs
from app.cli.phones import Phones, reserve
from app.cli.processes import SUPERVISED
from app.config import ConfigError, Settings, configure
from app.supervise import Program, Supervisor, line_printer, stopping_on_signals

READY_SECONDS = 60
TRIES = 4  # of a child that ends before the first page is served
HELPERS: tuple[tuple[str, ...], ...] = (("worker", "--clock"),)  # commands of ours
ME = (sys.executable, "-P", "-m", "app.cli")  # -P: not an `app` of the folder it is started in


@click.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 for every interface [127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [8000].")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder for everything that is kept [./data]."
)
@click.option(
    "--demo/--no-demo",
    default=None,
    help="Load the demo on the first start [yes, if only this machine can reach it].",
)
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
    """Everything that can be wrong is found before anything is served. Raises ConfigError."""
    logs.set_up(settings.log_level)
    datadir.ensure(settings.data_dir)
    with datadir.only_one(settings.data_dir):
        listening = listener.bind(settings.host, settings.port)
        settings.key("check")  # the secret key is made or read now, not by several children at once
        phones = reserve(settings) if settings.shows_demo else None
        names = ("redis", *_web_names(settings), *(helper[0] for helper in HELPERS), "sandbox")
        supervisor = Supervisor(line_printer(names), _environment(settings, phones))
        with stopping_on_signals(supervisor):
            try:
                if _start(supervisor, settings, listening, phones) and phones:
                    _answer_phones(supervisor, settings, phones)
                supervisor.watch()
            finally:
                supervisor.stop()


def _start(
    supervisor: Supervisor, settings: Settings, listening: socket.socket, phones: Phones | None
) -> bool:
    """Web processes load while the database is prepared, and wait at a gate; helpers start when pages are served.

    True where there is a demo.
    """
    if settings.embedded_redis:
        _start_redis(supervisor, settings)
    gate, opener = os.pipe()
    for name in _web_names(settings):
        fds = (listening.fileno(), gate)
        command = (*ME, "web", "--fd", str(fds[0]), "--gate", str(fds[1]))
        supervisor.start(Program(name, command, fds))
    welcome = _prepare(supervisor)
    os.close(opener)
    _wait_for_pages(supervisor, settings)
    if supervisor.stopping.is_set():
        return False
    loaded = any(line.startswith("Demo ") for line in welcome.splitlines())
    _announce(settings, welcome, phones if loaded else None)
    for helper in HELPERS:
        supervisor.start(Program(helper[0], (*ME, *helper)))
    return loaded


def _answer_phones(supervisor: Supervisor, settings: Settings, phones: Phones) -> None:
    """The sandbox starts when it is first called."""
    supervisor.watch(until=phones.called)
    if not supervisor.stopping.is_set():
        supervisor.start(phones.program(settings))


def _start_redis(supervisor: Supervisor, settings: Settings) -> None:
    supervisor.start(Program("redis", tuple(embedded.redis_command(settings)), served=True))
    if not embedded.wait_until_up(embedded.socket_path(settings)):
        log = settings.data_dir / "redis.log"
        raise ConfigError(f"The embedded Redis did not start; {log} may say why.")


def _prepare(supervisor: Supervisor) -> str:
    """Run `prepare` (see app.cli.first) and give its lines. What it complains of, it has said itself."""
    reading, writing = os.pipe()
    command = (*ME, "prepare", "--report", str(writing))
    with open(reading) as report:
        process = subprocess.Popen(command, env=supervisor.environment, pass_fds=(writing,))
        os.close(writing)
        welcome = report.read()
    if process.wait() and not supervisor.stopping.is_set():
        raise click.exceptions.Exit(1)
    return welcome


def _web_names(settings: Settings) -> list[str]:
    count = settings.web_workers
    return ["web"] if count == 1 else [f"web.{number}" for number in range(1, count + 1)]


def _environment(settings: Settings, phones: Phones | None) -> dict[str, str]:
    """What was decided on the command line, said again to the children."""
    told = {
        "MADOGUCHI_DATA_DIR": str(settings.data_dir),
        "MADOGUCHI_HOST": settings.host,
        "MADOGUCHI_PORT": str(settings.port),
        "MADOGUCHI_DEMO": "yes" if settings.shows_demo else "no",
        "PYTHONUNBUFFERED": "1",
        SUPERVISED: "1",
        **({"MADOGUCHI_SANDBOX": phones.address} if phones else {}),
    }
    return {**os.environ, **told}


def _with_group_options(given: dict[str, Any]) -> dict[str, Any]:
    """`madoguchi --data-dir X serve` and `madoguchi serve --data-dir X` mean the same."""
    context = click.get_current_context().find_root()
    if context.params.get("data_dir") and "data_dir" not in given:
        given["data_dir"] = context.params["data_dir"]
    return given


def _wait_for_pages(supervisor: Supervisor, settings: Settings) -> None:
    """Until a page can be asked for. Raises ConfigError when the web processes cannot run at all."""
    deadline = time.monotonic() + READY_SECONDS
    served = False

    def settled() -> bool:
        nonlocal served
        served = _serves_pages(settings)
        tries = max(child.restarts for child in supervisor.children)
        return served or tries >= TRIES or time.monotonic() > deadline

    supervisor.watch(until=settled)
    if not served and not supervisor.stopping.is_set():
        raise ConfigError("The web process does not start; its lines above say why.")


def _serves_pages(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(settings: Settings, welcome: str, phones: Phones | None) -> None:
    base = settings.public_url
    lines = [
        click.style("Madoguchi is ready", bold=True),
        f"Inbox             {base}/",
        f"Demo shop         {base}/demo",
        *(f"{label + ' phone':<18}{page}" for label, page in (phones.pages if phones else {}).items()),
        f"Widget protocol   {base}/manual/widget-protocol",
        *welcome.splitlines(),
        "Ctrl-C stops everything.",
    ]
    click.echo("\n" + "".join(f"  {line}\n" for line in lines))
