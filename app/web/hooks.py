"""Where providers call: `/hooks/{key}`. A request is stored before it is understood, and answered after that."""

import logging
import re

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import connect, intake, rates, vault
from app.config import settings
from app.db import reading, transaction
from app.models import Channel, RawReceipt
from app.switchboard import find_open
from channels import base, registry

log = logging.getLogger(__name__)

MAX_BODY = 3 * 1024 * 1024  # bytes; what the largest provider sends
REFUSED_BODY, REFUSED_KEPT = 8192, 20  # bytes, and requests an hour and channel: enough to see what is wrong
_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)


async def hook(request: Request) -> Response:
    """One call of a provider. The channel is looked up first, so that nobody's body is read for nothing."""
    channel = await run_in_threadpool(_channel, request.path_params["key"])
    body = await request.body()
    if len(body) > MAX_BODY:
        raise HTTPException(413)
    return await run_in_threadpool(_take, channel, _ours(request, body), _remote(request))


def _channel(key: str) -> Channel:
    with reading() as db:
        found = find_open(db, key) if _KEY.fullmatch(key) else None
    if found is None:
        raise HTTPException(404, "There is no such channel.")
    return found


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


def _remote(request: Request) -> str:
    return request.client.host if request.client else ""


def _take(channel: Channel, request: base.Request, remote: str) -> Response:
    try:
        connector = connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable) as error:
        log.error("channel %s cannot be used: %s", channel.id, error)
        raise HTTPException(503) from error  # the provider tries again, nothing is lost
    answer = connector.answer(request) if isinstance(connector, base.Challenge) else None
    if answer is not None:
        status, headers, body = answer
        return Response(body, status, headers)
    if request.method == "GET":
        raise HTTPException(405)
    try:
        connector.verify(request)
    except base.BadSignature as bad:
        _refuse(channel, request, remote, str(bad))
        raise HTTPException(401, "The signature of this request is not right.") from bad
    with transaction() as db:
        receipt = intake.store(db, channel, request, remote=remote)
    return _answer(intake.read_receipt(receipt.id))


def _refuse(channel: Channel, request: base.Request, remote: str, why: str) -> None:
    """Keep a few of the requests refused, cut short, for whoever wonders why nothing arrives."""
    if rates.hit(f"hooks:refused:{channel.id}", REFUSED_KEPT, 3600):
        return
    with transaction() as db:
        receipt = intake.store(db, channel, request, remote=remote)
        receipt.body = receipt.body[:REFUSED_BODY]
        receipt.state, receipt.error = "refused", why


def _answer(receipt: RawReceipt) -> Response:
    """200 for all that was stored, understood or not; 400 only if the sender broke the format throughout."""
    ignored = [one["excluded"] for one in receipt.outcome if one["event"] == "ignored"]
    told = {"accepted": len(receipt.outcome) - len(ignored), "ignored": ignored}
    broken = bool(receipt.outcome) and all(one.get("malformed") for one in receipt.outcome)
    return JSONResponse(told, 400 if broken else 200)


routes = [Route("/hooks/{key}", hook, methods=["GET", "POST"])]
