"""The sandbox as a program of its own, which benchmarks have for a provider."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from app.bench.stack import clean_environment, free_port, until

AT_ONCE = 200  # customers who do something in one request


class Platforms:
    """A running sandbox, at `base`."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.http = httpx2.Client(base_url=self.base, trust_env=False, timeout=60)

    def ask(self, path: str, **query: str) -> Any:
        """What one of its doors says. Raises httpx2.HTTPStatusError."""
        return self.http.get(path, params=query).raise_for_status().json()

    def tell(self, path: str, told: Any) -> Any:
        """The same, told something."""
        return self.http.post(path, json=told).raise_for_status().json()

    def misbehave(self, *rules: Mapping[str, Any]) -> None:
        """From now on like this, and no other way."""
        self.http.put("/faults", json=[*rules]).raise_for_status()

    def account(self, platform: str) -> dict[str, Any]:
        """What a platform is set to, its secrets among it."""
        told: dict[str, Any] = self.ask("/state")["platforms"][platform]["settings"]
        return told

    def write(self, platform: str, webhook: str, users: list[str], text: str) -> None:
        """Each of them writes once, told at `webhook`. Raises StackError unless all are told in the end."""
        self.tell(f"/settings/{platform}", {"webhook": webhook})
        for start in range(0, len(users), AT_ONCE):
            some = users[start : start + AT_ONCE]
            self.tell(f"/act/{platform}", [{"user": user, "action": "text", "text": text} for user in some])
            until(lambda: not self.ask("/state")["platforms"][platform]["waiting"], "they have written", 60)

    def accepted(self, platform: str, since: int = 0) -> list[dict[str, Any]]:
        """The calls it carried out, in order."""
        entries: list[dict[str, Any]] = self.ask(
            "/record", what="accepted", platform=platform, since=str(since)
        )["entries"]
        return entries

    def _answers(self) -> bool:
        try:
            return bool(self.ask("/faults"))
        except httpx2.HTTPError:
            return False

    @classmethod
    @contextmanager
    def playing(cls, keep: int) -> Iterator[Platforms]:
        """One on a free port, whose record keeps so many entries, until the context is left."""
        made = cls(port := free_port())
        command = [*("-m", "app.cli", "sandbox"), "--port", str(port), "--keep", str(keep)]
        process = subprocess.Popen(
            [sys.executable, *command], env=clean_environment(), stdout=subprocess.DEVNULL
        )
        try:
            until(made._answers, "the sandbox answers")
            yield made
        finally:
            made.http.close()
            process.kill()
            process.wait()
