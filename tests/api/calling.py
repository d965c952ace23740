"""A program that calls the API: the real application, a token in its header."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from starlette.testclient import TestClient

from app import main, tokens
from app.db import transaction
from app.models import Agent

PREFIX = "/api/v1"


class Program(TestClient):
    """Paths are below /api/v1. `token` "" is nobody."""

    def __init__(self, token: str = "") -> None:
        super().__init__(main.make(), raise_server_exceptions=False)
        self.headers["accept-language"] = "en"
        if token:
            self.headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        """The JSON of an answer, whose status must be `expect`."""
        answer = self.request(method, PREFIX + path, **options)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    def see(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def refused(self, method: str, path: str, status: int, **options: Any) -> Any:
        """The problem an answer tells."""
        answer = self.request(method, PREFIX + path, **options)
        assert answer.status_code == status, (answer.status_code, answer.text[:500])
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert told["status"] == status
        return told

    def key(self) -> dict[str, str]:
        """A header with a fresh Idempotency-Key."""
        return {"idempotency-key": str(uuid.uuid4())}


def token_of(agent: Agent, scopes: Iterable[str] = tokens.SCOPES) -> str:
    """A token of an agent who is committed."""
    with transaction() as db:
        return tokens.make(db, agent, "a program of a test", scopes)[1]


def program(agent: Agent, *scopes: str) -> Program:
    """A program that acts as `agent`, with every scope unless some are named."""
    return Program(token_of(agent, scopes or tokens.SCOPES))
