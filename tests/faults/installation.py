"""A running installation under test, those who send to it, and those who kill its processes."""

from __future__ import annotations

import http.server
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
from sqlalchemy import select, update

from app.bench import stack
from app.bench.stack import Served, until
from app.db import now
from app.models import Delivery, RawReceipt
from channels import api
from tests.factories import SECRETS

SECRET = "a secret for the tests only, 0123"  # the one this process seals with, see tests/conftest.py


class Installation:
    """What `madoguchi serve` runs, and its rows."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.rows, self.verify = served.rows, served.verify
        self.killed: Counter[str] = Counter()

    def kill_in_the_middle(self, names: str, done: Callable[[], int]) -> None:
        """kill -9 each of the named processes, the next as soon as work goes on (`done()` grows) again."""
        chance = random.Random(7)
        for name in names.split():
            before = done()
            until(lambda: done() >= before + 5, f"work goes on before {name} is killed", 60)  # noqa: B023
            time.sleep(chance.uniform(0, 0.3))  # in the middle of something
            self.served.kill(name)
            self.killed[name] += 1
        before = done()
        until(lambda: done() >= before + 5, "work goes on after the last one was killed", 60)

    def let_time_pass(self) -> None:
        """What waits for minutes (claims of dead workers, requests of dead readers) is due now."""
        self._age(Delivery, "sending", claimed_at=long_ago())
        self._age(Delivery, "queued", next_at=now())
        self._age(RawReceipt, "new", received_at=long_ago())

    def _age(self, table: type[Delivery | RawReceipt], state: str, **times: datetime) -> None:
        """Those that nobody works on just now: to wait for one while holding others may be for ever."""
        with self.rows() as db:
            free = select(table.id).where(table.state == state).with_for_update(skip_locked=True)
            ids = list(db.scalars(free))
            db.execute(update(table).where(table.id.in_(ids)).values(**times))


def long_ago() -> datetime:
    """Long enough ago for the sweepers."""
    return now() - timedelta(minutes=2, seconds=30)


@contextmanager
def installed(folder: Path, **environment: str) -> Iterator[Installation]:
    """`madoguchi serve` without the demo, ready."""
    with stack.installed(folder, **{"MADOGUCHI_SECRET_KEY": SECRET, **environment}) as served:
        yield Installation(served)


class Sender:
    """A system that delivers signed webhooks, each again until it is answered with 200."""

    def __init__(self, base: str, key: str, name: str) -> None:
        self.url, self.name = f"{base}/hooks/{key}", name
        self.acknowledged: list[str] = []
        self.repeated = 0

    def run(self, stop: threading.Event) -> None:
        """Send, one after the other, until told to stop; what was begun is brought to its end."""
        number = 0
        with httpx2.Client(timeout=5) as client:
            while not stop.is_set():
                number += 1
                self._deliver(client, f"{self.name}-{number}")

    def _deliver(self, client: httpx2.Client, id: str) -> None:
        message = {"type": "message", "id": id, "from": {"id": self.name}, "text": f"送料はいくらですか {id}"}
        body = json.dumps(message).encode()
        for _ in range(300):
            stamp = int(time.time())
            signature = f"t={stamp},v1={api.sign(SECRETS['api']['secret'], stamp, body)}"
            with suppress(httpx2.HTTPError):
                answer = client.post(self.url, content=body, headers={api.HEADER: signature})
                if answer.status_code == 200:
                    self.acknowledged.append(id)
                    return
            self.repeated += 1
            time.sleep(0.1)
        raise AssertionError(f"{id} was never acknowledged")


class Callbacks:
    """The shop's own server: takes the answers, and knows the keys it has seen."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        seen = self.keys

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                seen[self.headers["Idempotency-Key"]] += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/answers"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
