"""What a request may carry, and how slowly it may say it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.auth import BodyLimit, limits

Sent = list[dict[str, Any]]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all and tells how much it was."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def refuse(_request: Request, status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status)


def post(pieces: Iterable[bytes | None], *headers: tuple[bytes, bytes], path: str = "/x") -> tuple[int, str]:
    """Status and text of a request whose body comes in these pieces; None: nothing comes any more."""
    queue = list(pieces)
    sent: Sent = []

    async def receive() -> Any:
        piece = queue.pop(0) if queue else b""
        if piece is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": piece, "more_body": bool(queue)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers), "query_string": b""}
    asyncio.run(BodyLimit(echo, refuse, lambda: 5_000_000)(scope, receive, send))
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent).decode()


def test_a_body_within_the_limit_arrives_whole() -> None:
    assert post([b"a" * 1000, b"b" * 1000]) == (200, "2000")


def test_a_told_length_is_refused_unread() -> None:
    assert post([], (b"content-length", b"99999999"))[0] == 413
    assert post([], (b"content-length", b"9" * 5000))[0] == 413
    assert post([], (b"content-length", b"-1"))[0] == 413


def test_an_untold_length_is_refused_when_it_is_reached() -> None:
    assert post([b"x" * 500_000] * 10)[0] == 413


def test_a_file_may_be_larger_except_at_the_door() -> None:
    kind = (b"content-type", b"multipart/form-data; boundary=x")
    assert post([b"x" * 500_000] * 10, kind) == (200, "5000000")
    assert post([b"x" * 500_000] * 11, kind)[0] == 413
    assert post([b"x" * 500_000] * 10, kind, path="/login")[0] == 413


def test_a_body_that_stops_coming_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0.05)
    assert post([b"x", None])[0] == 408
