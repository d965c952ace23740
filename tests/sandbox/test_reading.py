"""What the sandbox's platforms make of a call: query, JSON or form."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from starlette.requests import Request

from app.sandbox import reading

DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def call(sent: httpx2.Request) -> reading.Said:
    """What is said in it, by at most 1,000,000 bytes."""
    headers = [(name.lower().encode(), value.encode()) for name, value in sent.headers.items()]
    scope = {"type": "http", "method": sent.method, "query_string": sent.url.query, "headers": headers}
    body = {"type": "http.request", "body": sent.read(), "more_body": False}

    async def receive() -> dict[str, object]:
        return body

    return asyncio.run(reading.said(Request(scope, receive), 1_000_000))


def posted(**how: object) -> httpx2.Request:
    return httpx2.Client().build_request("POST", "https://api.example/send?to=1&text=over", **how)  # type: ignore[arg-type]


def test_a_call_may_be_made_in_any_of_four_ways() -> None:
    words = {"text": "はい😀"}
    for how in ({"json": words}, {"data": words}, {"data": words, "files": {"photo": ("a.png", b"\x89PNG")}}):
        found = call(posted(**how))
        assert found.told == {"to": "1", "text": "はい😀"}
    assert found.file is not None
    assert (found.file.name, found.file.media_type, found.file.body) == ("a.png", "image/png", b"\x89PNG")
    assert list(found.files) == ["photo"]
    only = call(httpx2.Client().build_request("GET", "https://api.example/send?to=1"))
    assert (only.told, only.file) == ({"to": "1"}, None)


@pytest.mark.parametrize("body", [b"[]", b"{", b'"text"', b"\xff", DEEP])
def test_what_is_no_object_is_told_as_that(body: bytes) -> None:
    with pytest.raises(reading.NoObject):
        call(posted(content=body, headers={"Content-Type": "application/json; charset=utf-8"}))


def test_no_platform_takes_more_than_it_says() -> None:
    with pytest.raises(reading.TooLarge):
        call(posted(content=bytes(1_000_001)))
