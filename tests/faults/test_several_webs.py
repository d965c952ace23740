"""Several web processes are one: what happens in one of them reaches the sockets of the others."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.sync.client import ClientConnection, connect

from app import inbox, visitors
from app.db import now
from app.models import Conversation
from tests import factories
from tests.faults.installation import installed
from tests.serving import Served, until

pytestmark = pytest.mark.faults


def test_an_answer_reaches_every_screen_of_the_customer_whichever_process_it_is(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    served = installed(tmp_path / "data", MADOGUCHI_WEB_WORKERS="2", **environment)
    with served as here, contextlib.ExitStack() as open_lines:
        with here.rows() as db:
            key = factories.channel(db, key="shop").key
            agent = factories.agent(db)
        url = f"{here.served.base.replace('http', 'ws')}/widget/{key}/socket"
        first = open_lines.enter_context(connect(url))
        token = _hello(first, key)["token"]
        first.send(json.dumps({"t": "send", "id": "one", "text": "もしもし"}))
        _until(first, "ack")

        lines = [first]
        while len(lines) < 30 and not _spread(here.served):
            line = open_lines.enter_context(connect(url))
            _hello(line, key, token)
            lines.append(line)
        assert _spread(here.served), "thirty connections all went to one of two processes"

        with here.rows() as db:
            inbox.reply(db, agent, db.get_one(Conversation, 1), "どちらの画面にも届きます", "reply-1")
        for line in lines:
            while _until(line, "message")["text"] != "どちらの画面にも届きます":
                pass  # the customer's own words come to their other screens as well

        loser, winner = _webs(here.served)
        loser.kill()
        until(
            lambda: len(_webs(here.served)) == 2 and loser not in _webs(here.served), "the killed one is back"
        )
        assert winner.is_running()
        again = open_lines.enter_context(connect(url))
        texts = [one["text"] for one in _hello(again, key, token)["messages"]]
        assert texts == ["もしもし", "どちらの画面にも届きます"]
        here.verify()


def _hello(line: ClientConnection, key: str, token: str = "") -> dict[str, Any]:
    ticket = visitors.issue_ticket(key, "https://shop.example.jp", now())
    line.send(
        json.dumps(
            {"t": "hello", "v": 1, "ticket": ticket, "locale": "ja", **({"token": token} if token else {})}
        )
    )
    return _until(line, "welcome")


def _until(line: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(line.recv(timeout=20))
        if frame["t"] == kind:
            return frame


def _webs(served: Served) -> list[psutil.Process]:
    """The web processes that are serving (their watchers are not)."""
    return [one for one in _with_word(served, "web") if "app.cli" in " ".join(one.cmdline())]


def _with_word(served: Served, word: str) -> Iterator[psutil.Process]:
    for process in served.children():
        with contextlib.suppress(psutil.Error):
            if word in process.cmdline() and "app.child" not in " ".join(process.cmdline()):
                yield process


def _spread(served: Served) -> bool:
    """Whether each web process holds one of the connections at least."""
    held = [
        [one for one in web.net_connections(kind="tcp") if one.status == psutil.CONN_ESTABLISHED]
        for web in _webs(served)
    ]
    return len(held) == 2 and all(held)
