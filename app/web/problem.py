"""Problem details: how a program is told that something did not go (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
KIND = "urn:madoguchi:problem:"
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}  # other words before Python 3.13


class FieldError(msgspec.Struct):
    """What is wrong with one field: `field` is its path, such as `body.text`, `query.limit` or `header.If-Match`."""

    field: str
    detail: str


class ProblemShape(msgspec.Struct):
    """What went wrong (RFC 9457). `detail` is a sentence in the language asked for with Accept-Language.

    `type` is `about:blank` where the status says it all, else `urn:madoguchi:problem:` and a word to tell by.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


def phrase(status: int) -> str:
    """The words of a status, as RFC 9110 has them."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def answer(status: int, detail: str, *, code: str = "", errors: list[FieldError] | None = None) -> Response:
    """The answer; `code` is the word of its type, "" for `about:blank`."""
    kind = f"{KIND}{code}" if code else "about:blank"
    shape = ProblemShape(kind, phrase(status), status, detail, errors or [])
    return Response(msgspec.json.encode(shape), status, media_type=MEDIA_TYPE)
