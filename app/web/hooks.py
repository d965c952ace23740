"""Where providers call: `/hooks/{key}`. A request is stored before it is understood, and answered after that.

Requests that come in while others are being taken wait for each other and are taken together: a commit, and most
of what a transaction costs, is paid once for all of them.
"""

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import connect, intake, rates, vault
from app.config import settings
from app.db import reading, transaction
from app.models import Channel, RawReceipt
from app.switchboard import find_open, find_open_all
from app.together import Together
from channels import base, registry

log = logging.getLogger(__name__)

ROOM = 100_000_000  # bytes of large bodies held at once; who brings more is asked to come again
LARGE = 3 * 1024 * 1024  # bytes; smaller ones are never asked to wait
COME_AGAIN = "30"  # seconds
BATCH = 64  # requests taken in one transaction at most
REFUSED_BODY, REFUSED_KEPT = 8192, 20  # bytes, and requests an hour and channel: enough to see what is wrong
_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Call:
    """One request of a provider."""

    key: str
    request: base.Request
    remote: str


@dataclass(frozen=True)
class Refused:
    """A call that is not taken: what its provider is told, and why (where the request is worth keeping)."""

    status: int
    sentence: str | None = None
    channel: Channel | None = None
    why: str = ""


async def hook(request: Request) -> Response:
    """One call of a provider. The channel is looked up first, so that nobody's body is read for nothing."""
    key = request.path_params["key"]
    most = _met.get(key) or await run_in_threadpool(_meet, key)
    if most is None:
        raise HTTPException(404, "There is no such channel.")
    with _Held() as held:
        body = await _read(request, most, held)
        return await _answered(request, Call(key, _ours(request, body), _remote(request)))


async def _answered(request: Request, call: Call) -> Response:
    answer = await asyncio.wrap_future(_taken.submit(call))
    if isinstance(answer, Response):
        return answer
    if answer.channel is not None:
        await run_in_threadpool(_keep_refused, answer.channel, call, answer.why)
    raise HTTPException(answer.status, answer.sentence)


# Keys of channels this process has seen, and how much each takes; whether they are open is asked again each time.
_met: dict[str, int] = {}


def _meet(key: str) -> int | None:
    """How many bytes the channel takes in one request; None where there is no such channel."""
    with reading() as db:
        found = find_open(db, key) if _KEY.fullmatch(key) else None
    if found is not None:
        _met[key] = connect.features(found).max_request_bytes
    return _met.get(key)


class _Held:
    """How much of a large body this process holds, until the context is left. Only the event loop counts."""

    everybody = 0

    def __enter__(self) -> Self:
        self.size = 0
        return self

    def __exit__(self, *_: object) -> None:
        _Held.everybody -= self.size

    def grow(self, size: int) -> None:
        """It is so large now. Raises HTTPException where that is more than there is room for."""
        if size > LARGE:
            _Held.everybody += size - self.size
            self.size = size
            if _Held.everybody > ROOM:
                raise HTTPException(503, headers={"Retry-After": COME_AGAIN, "Connection": "close"})


async def _read(request: Request, most: int, held: _Held) -> bytes:
    """The body, refused (413) as soon as it is told or seen to be larger than `most` bytes."""
    told = request.headers.get("content-length", "0")[:18]  # digits: the limit before this one saw to that
    size, pieces = 0, list[bytes]()
    if int(told) > most:
        raise HTTPException(413, headers={"Connection": "close"})
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise HTTPException(413, headers={"Connection": "close"})
        held.grow(size)
        pieces.append(piece)
    return b"".join(pieces)


def _remote(request: Request) -> str:
    return request.client.host if request.client else ""


def _ours(request: Request, body: bytes) -> base.Request:
    """The request as connectors know it, under the address the provider called (signatures may cover it)."""
    query = f"?{request.url.query}" if request.url.query else ""
    return base.Request(
        method=request.method,
        url=f"{settings().public_url}{request.url.path}{query}",
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query_params),
        body=body,
    )


def _take(calls: Sequence[Call]) -> list[Response | Refused]:
    """Look at all, store what is right in one transaction, then read what was stored, channel by channel."""
    with reading() as db:
        channels = {channel.key: channel for channel in find_open_all(db, {call.key for call in calls})}
    usable = {key: _usable(channel) for key, channel in channels.items()}
    answers = [_looked(call, channels.get(call.key), usable.get(call.key)) for call in calls]
    right = [number for number, answer in enumerate(answers) if answer is None]
    if right:
        for number, receipt in zip(right, _stored([calls[each] for each in right], channels), strict=True):
            connector = usable[calls[number].key]
            own = _own_words(connector, calls[number].request) if connector else None
            answers[number] = own or _answer(receipt)
    return [answer for answer in answers if answer is not None]


def _usable(channel: Channel) -> base.Connector[Any] | None:
    try:
        return connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable) as error:
        log.error("channel %s cannot be used: %s", channel.id, error)
        return None


def _looked(
    call: Call, channel: Channel | None, connector: base.Connector[Any] | None
) -> Response | Refused | None:
    """What can be said of a call without storing it; None: it is to be stored."""
    if channel is None:
        return Refused(404, "There is no such channel.")
    if connector is None:
        return Refused(503)  # the provider tries again, nothing is lost
    try:
        return _look(call, channel, connector)
    except Exception:
        log.exception("the connector of channel %s failed over a request", channel.id)
        return Refused(500)  # this one's fault, not its neighbours'


def _look(call: Call, channel: Channel, connector: base.Connector[Any]) -> Response | Refused | None:
    answer = connector.answer(call.request) if isinstance(connector, base.Challenge) else None
    if answer is not None:
        status, headers, body = answer
        return Response(body, status, headers)
    if call.request.method == "GET":
        return Refused(405)
    try:
        connector.verify(call.request)
    except base.BadSignature as bad:
        return Refused(401, "The signature of this request is not right.", channel, str(bad))
    return None


def _stored(calls: Sequence[Call], channels: Mapping[str, Channel]) -> list[RawReceipt]:
    """The calls as receipts that have been read, in their order.

    Channel by channel, each in a transaction of its own: two processes that hold threads of several channels
    in the order of the channels could otherwise wait for each other.
    """
    with transaction() as db:
        receipts = intake.store_all(db, [(channels[call.key], call.request, call.remote) for call in calls])
    of: dict[int, list[int]] = defaultdict(list)
    for receipt in receipts:
        of[receipt.channel_id].append(receipt.id)
    read = {receipt.id: receipt for ids in of.values() for receipt in intake.read_receipts(ids)}
    return [read[receipt.id] for receipt in receipts]


def _keep_refused(channel: Channel, call: Call, why: str) -> None:
    """Keep a few of the requests refused, cut short, for whoever wonders why nothing arrives."""
    if rates.hit(f"hooks:refused:{channel.id}", REFUSED_KEPT, 3600):
        return
    beginning = replace(call.request, body=call.request.body[:REFUSED_BODY])
    with transaction() as db:
        receipt = intake.store(db, channel, beginning, remote=call.remote)
        receipt.state, receipt.error = "refused", why


def _own_words(connector: base.Connector[Any], request: base.Request) -> Response | None:
    """The answer as the provider wants it, where it is particular about that."""
    try:
        answer = connector.acknowledge(request) if isinstance(connector, base.Acknowledging) else None
    except Exception:
        log.exception("the connector broke over what to answer")
        return None
    if answer is None:
        return None
    status, headers, body = answer
    return Response(body, status, headers)


def _answer(receipt: RawReceipt) -> Response:
    """200 for all that was stored, understood or not; 400 only if the sender broke the format throughout."""
    ignored = [one["excluded"] for one in receipt.outcome if one["event"] == "ignored"]
    told = {"accepted": len(receipt.outcome) - len(ignored), "ignored": ignored}
    broken = bool(receipt.outcome) and all(one.get("malformed") for one in receipt.outcome)
    return JSONResponse(told, 400 if broken else 200)


_taken = Together(_take, BATCH)

routes = [Route("/hooks/{key}", hook, methods=["GET", "POST"])]
