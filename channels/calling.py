"""One call of a provider's HTTP API: what it answered, or in words why there is no answer; several in a row."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from channels import guard
from channels.outbound import ChannelError

DEADLINE = 25.0  # seconds a call may take in all
MAX_ANSWER = 262_144  # bytes of an answer that are read
LOST_STATUSES = {502, 504}  # a gateway had no answer from whoever may have taken the message

BEGUN = "Only the beginning of this message was sent. Look before you send it again."


@dataclass(frozen=True)
class Answer:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def told(self) -> Mapping[str, Any]:
        """The JSON object of the body; an empty one if it is none."""
        return self._object or {}

    @property
    def is_object(self) -> bool:
        """Whether the body is a JSON object, be it an empty one."""
        return self._object is not None

    @property
    def _object(self) -> Mapping[str, Any] | None:
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return told if isinstance(told, dict) else None


def asked(
    http: httpx2.Client,
    method: str,
    url: str,
    *,
    limit: int = MAX_ANSWER,
    deadline: float = DEADLINE,
    headers: Mapping[str, str] | None = None,
    **content: Any,
) -> Answer:
    """The answer, of any status; `content` is the client's (json, data, files, params, auth).

    Raises `ChannelError` where no answer came, or one of more than `limit` bytes.
    """
    plain = {"Accept-Encoding": "identity", **(headers or {})}
    with (
        _told(method),
        guard.within(deadline),
        http.stream(method, url, headers=plain, **content) as response,
    ):
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, _read(response, limit))


def _read(response: httpx2.Response, limit: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        return b""  # not asked for, and a small answer could unpack into a large one
    read = bytearray()
    for chunk in response.iter_bytes():
        read += chunk
        if len(read) > limit:
            raise ChannelError("This file is too large to be fetched.", permanent=True)
    return bytes(read)


def one_after_the_other(sending: Iterable[Callable[[], str]]) -> tuple[str, ...]:
    """The ids of what was sent, "" left out. Raises `ChannelError` as :func:`part_of` says."""
    ids: list[str] = []
    for send in sending:
        with part_of(len(ids)):
            ids.append(send())
    return tuple(id for id in ids if id)


@contextmanager
def part_of(taken: int, *, keyed: bool = False) -> Iterator[None]:
    """Send one more part of a message of which the provider took `taken` before. Where it knows no key by which a call
    could be repeated, a `ChannelError` after the first means that nothing is sent again by itself; `keyed`: it knows
    one, so only what is refused for good means that."""
    try:
        yield
    except ChannelError as error:
        if not taken or (keyed and (error.everybody or not error.permanent)):
            raise
        raise ChannelError(
            BEGUN, detail=str(error), permanent=True, ambiguous=True, unreachable=error.unreachable
        ) from None


@contextmanager
def _told(method: str) -> Iterator[None]:
    """What went wrong on the way, in words."""
    try:
        yield
    except guard.Forbidden:
        raise ChannelError("This address leads into a private network.", permanent=True) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        raise ChannelError("The other side could not be reached.") from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise ChannelError("This is not a web address.", permanent=True) from None
    except httpx2.HTTPError:
        if method == "GET":
            raise ChannelError("The other side did not answer.") from None
        raise ChannelError(
            "The other side did not answer; it may have the message.", ambiguous=True
        ) from None
