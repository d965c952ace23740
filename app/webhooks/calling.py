"""One call to an address that somebody typed in: bounded in time and size, and never a failure of ours."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

from app.config import settings
from app.text import clean
from channels import guard
from channels.outcome import asked_to_wait

log = logging.getLogger(__name__)

DEADLINE = 15.0  # seconds for a call in all
LONGEST = 60.0  # of one read; who calls says how long it may take in all
CONNECT = 5.0
KEPT = 1024  # bytes of a body that the log keeps
MOST_HEADERS, LONGEST_VALUE = 40, 500

NO_ANSWER = "There was no answer in time."
UNREACHED = "The address could not be reached."
PRIVATE = "The address leads into a private network and is not called."
BROKEN = "The connection broke before there was an answer."
NO_ADDRESS = "This is no address that can be called."
REDIRECTED = "It answered with a redirect, which is not followed."
IS_GONE = "It answered that it is gone for good."
REFUSED = "It did not answer with success."


@dataclass(frozen=True)
class Answer:
    """What came of a call. `status` 0: nothing came. `error` (a msgid) is empty when it was taken."""

    error: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    retry_after: float | None = None
    duration_ms: int = 0


def call(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    deadline: float | None = None,
    most: int = KEPT,
    known: tuple[str, int] | None = None,
) -> Answer:
    """POST `body` (JSON), in so many seconds in all. Whatever goes wrong is in the answer, of whose body so many bytes
    are read. `known` is a host and port that may be called wherever it lies."""
    began = time.monotonic()
    try:
        with (
            guard.within(deadline or DEADLINE),
            _client(settings().allow_private, known).stream(
                "POST", url, content=body, headers=dict(headers)
            ) as response,
        ):
            status, told, start = response.status_code, response.headers, _start(response, most)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is noted and tried again
        return Answer(_said(error), duration_ms=_since(began))
    return Answer(
        _judged(status),
        status,
        shortened(told),
        start,
        asked_to_wait(told),
        _since(began),
    )


def close() -> None:
    """Let go of the connections that were kept for the next call."""
    with _making:
        for client in _clients.values():
            client.close()
        _clients.clear()


def shortened(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as the log keeps them."""
    return {
        clean(name)[:100]: clean(value)[:LONGEST_VALUE] for name, value in [*headers.items()][:MOST_HEADERS]
    }


def beginning(body: bytes) -> str:
    """The start of a body as the log keeps it."""
    return clean(body[:KEPT].decode("utf-8", "replace"))


def _judged(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return REDIRECTED if 300 <= status < 400 else IS_GONE if status == 410 else REFUSED


def _said(error: Exception) -> str:
    if isinstance(error, guard.Forbidden):
        return PRIVATE
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return UNREACHED
    if isinstance(error, httpx2.TimeoutException):
        return NO_ANSWER
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return NO_ADDRESS
    if not isinstance(error, httpx2.HTTPError):
        log.error("a webhook could not be called", exc_info=error)
    return BROKEN


def _start(response: httpx2.Response, most: int) -> str:
    """What the answer begins with; the rest is not read. The status has come, so it counts whatever follows."""
    read = b""
    with suppress(httpx2.HTTPError):  # how it ends does not matter
        for chunk in response.iter_raw(KEPT):  # not unpacked: a small answer could become a large one
            read += chunk
            if len(read) >= most:
                break
    return clean(read[:most].decode("utf-8", "replace"))


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


_clients: dict[tuple[bool, tuple[str, int] | None], guard.Client] = {}
_making = threading.Lock()


def _client(allow_private: bool, known: tuple[str, int] | None) -> guard.Client:
    with _making:  # threads that come first at once must not make one each
        if (allow_private, known) not in _clients:
            limits = httpx2.Timeout(connect=CONNECT, read=LONGEST, write=DEADLINE, pool=CONNECT)
            _clients[allow_private, known] = guard.Client(
                allow_private=allow_private, timeout=limits, known=known
            )
        return _clients[allow_private, known]
