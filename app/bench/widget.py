"""What the chat costs the page it stands on, until one can type: bytes as they are served, and requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from app.bench import Result, at_most, benchmark, value
from app.bench.ground import ground, stack_options
from app.bench.scene import scene
from app.bench.stack import StackError

# What the page of the frame asks for at once: files that are named in another attribute come when they are needed.
AT_ONCE = re.compile(r'<(?:script|link|img|iframe)[^>]*?\s(?:src|href)="([^"]+)"')


@dataclass(frozen=True)
class Fetched:
    """One request: its path, the bytes of the body as they came over the wire, and its text."""

    path: str
    bytes: int
    text: str


@benchmark("widget", alone=True)
@stack_options
def command(database_url: str | None, web: int) -> Iterator[Result]:
    """The chat on a page: bytes and requests until one can type."""
    with ground(database_url, web) as served:
        fetched = until_one_can_type(served.base, scene(served).chat)
    foreign = foreign_hosts(fetched, served.base)
    if foreign:
        raise StackError(f"the chat asks other hosts: {', '.join(sorted(foreign))}")
    parts = {one.path.rpartition("/")[2]: one.bytes for one in fetched}
    yield value(
        "widget.bytes",
        "the chat, until one can type (gzip)",
        sum(one.bytes for one in fetched) / 1000,
        "kB",
        budgets=[at_most("value", 15)],
        settings={"parts": parts},
        note="no other host is asked; the installation's scripts are minified when they are installed",
    )
    yield value("widget.requests", "requests until one can type", len(fetched), "")


def until_one_can_type(base: str, key: str) -> list[Fetched]:
    """Everything a browser fetches for it: loader, settings, the frame and what its page asks for at once."""
    with httpx2.Client(base_url=base, headers={"accept-encoding": "gzip"}) as client:
        loader = _fetch(client, "/widget.js")
        config = _fetch(client, f"/widget/{key}/config")
        frame = _fetch(client, f"/widget/{key}/frame")
        return [loader, config, frame, *(_fetch(client, path) for path in AT_ONCE.findall(frame.text))]


def foreign_hosts(fetched: list[Fetched], base: str) -> set[str]:
    """Hosts, other than ours, that something fetched asks for at once."""
    asked = (urlsplit(path).netloc for one in fetched for path in AT_ONCE.findall(one.text))
    return {host for host in asked if host and host != urlsplit(base).netloc}


def _fetch(client: httpx2.Client, path: str) -> Fetched:
    with client.stream("GET", path) as answer:
        if answer.status_code != 200:
            raise StackError(f"{path} answered {answer.status_code}")
        answer.read()
        return Fetched(urlsplit(path).path, answer.num_bytes_downloaded, answer.text)
