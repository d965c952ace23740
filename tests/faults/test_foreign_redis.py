"""A Redis that is not ours: behind a password, in a numbered database, shared, out of memory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from websockets.sync.client import connect

from app import visitors
from app.db import now
from tests import factories
from tests.faults.installation import Callbacks, Installation, Sender, installed
from tests.faults.machines import foreign_redis
from tests.serving import clean_environment, until

pytestmark = pytest.mark.faults


@pytest.fixture
def callbacks() -> Iterator[Callbacks]:
    with closing(Callbacks()) as made:
        yield made


def state(here: Installation) -> dict[str, Any]:
    """What `/readyz` says."""
    told: dict[str, Any] = here.served.get("/readyz").json()
    return told


def send_one(here: Installation, key: str, name: str) -> Sender:
    """One message by the API channel, until it is acknowledged."""
    sender, stop = Sender(here.served.base, key, name), threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    until(lambda: sender.acknowledged, "a message is taken")
    stop.set()
    thread.join(30)
    return sender


def ask_in_a_chat(here: Installation, key: str) -> None:
    """A visitor asks, and reads the bot's answer."""
    with connect(f"{here.served.base.replace('http', 'ws')}/widget/{key}/socket") as line:
        ticket = visitors.issue_ticket(key, "https://shop.example.jp", now())
        line.send(json.dumps({"t": "hello", "v": 1, "ticket": ticket, "locale": "ja"}))
        line.send(json.dumps({"t": "send", "id": "one", "text": "送料はいくらですか"}))
        heard: list[str] = []
        while not any("全国一律550円です" in one for one in heard):
            try:
                heard.append(str(line.recv(timeout=20)))
            except TimeoutError as error:
                raise AssertionError(heard) from error


def test_a_rented_redis_serves_and_while_it_takes_nothing_messages_are_taken_and_then_sent(
    tmp_path: Path, callbacks: Callbacks
) -> None:
    with (
        foreign_redis(password="geheim/@:") as url,
        installed(tmp_path, REDIS_URL=f"{url}/2", MADOGUCHI_LOG_LEVEL="warning") as here,
        redis.Redis.from_url(f"{url}/2") as client,
        redis.Redis.from_url(f"{url}/0") as neighbour,
    ):
        with here.rows() as db:
            api = factories.channel(db, "api", bot=True, settings={"callback_url": callbacks.url})
            chat = factories.channel(db, bot=True)
            factories.faq(db)
        until(lambda: state(here)["state"] == "ok", "every part uses the Redis")
        assert here.served.pid_of("redis") is None
        send_one(here, api.key, "u1")
        until(lambda: callbacks.keys, "the answer is sent")
        assert client.dbsize()
        assert neighbour.dbsize() == 0

        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        with pytest.raises(redis.OutOfMemoryError):
            client.set("a", "b")
        before = sum(callbacks.keys.values())
        send_one(here, api.key, "u2")
        ask_in_a_chat(here, chat.key)
        until(lambda: state(here)["state"] == "degraded", "somebody is told", 30)

        client.config_set("maxmemory", 0)
        until(lambda: sum(callbacks.keys.values()) > before, "what waited is sent", 60)
        until(lambda: state(here)["state"] == "ok", "all is well again", 60)
        here.served.run("app.cli", "verify")


def test_a_redis_that_does_not_let_us_in_is_told_in_a_sentence(tmp_path: Path) -> None:
    with foreign_redis(password="geheim") as url:
        told = subprocess.run(
            [sys.executable, "-m", "app.cli", "check"],
            env=clean_environment(
                REDIS_URL=url.replace("geheim", "falsch"), MADOGUCHI_DATA_DIR=str(tmp_path)
            ),
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 1
    assert "Redis does not answer at redis://:***@127.0.0.1" in told.stdout
    assert "invalid" in told.stdout
    assert "falsch" not in told.stdout + told.stderr
