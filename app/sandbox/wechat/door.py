"""What stands before every door of the API: misbehaviour, the access token, JSON, the record. WeChat answers 200 to
everything (developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox import misbehaving, reading
from app.sandbox.house import Asked

if TYPE_CHECKING:
    from app.sandbox.wechat.platform import WeChat

BODY_BYTES = 12 * 1024 * 1024
ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")
WORDS = {  # code → WeChat's words
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40125: "invalid appsecret",
    40164: "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist",
    40200: "invalid account type",
    41001: "access_token missing",
    42001: "access_token expired",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45098: "msgmenu list size is out of limit",
    47001: "data format error",
    48001: "api unauthorized",
}
STRUCK = {"expired_token": 42001, "rate_limit": 45011, "monthly_limit": 45009, "error": -1}

Told = Mapping[str, Any]
Work = Callable[[Request, Told], Awaitable[Response | Told]]


class Refused(Exception):
    """The answer is an error, by its code."""

    def __init__(self, code: int) -> None:
        super().__init__(WORDS[code])
        self.code = code


def door(
    wechat: WeChat, work: Work, *, token: bool = True, form: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that does `work` with the JSON of a request. `token`: whether it takes one; `form`: it is a file."""

    async def opened(request: Request) -> Response:
        call = call_of(request)
        try:
            subject = await Asked.by(request, request.query_params.get("media_id", ""))
            if (unusual := await _before(wechat, call, subject)) is not None:
                return unusual
            if token:
                _check(wechat, request)
            done = await work(request, {} if form else await _json(request))
        except Refused as refused:
            wechat.house.record.add("wechat", "refused", call=call, status=refused.code, message=str(refused))
            return refusal(wechat, refused.code)
        unusual = misbehaving.after(wechat, call, subject)
        return unusual or (done if isinstance(done, Response) else JSONResponse(dict(done)))

    return opened


def refusal(wechat: WeChat, code: int) -> Response:
    """As the API says it, with the number its support asks for."""
    rid = "-".join((wechat.house.ids.hex(8), wechat.house.ids.hex(8), wechat.house.ids.hex(8)))
    return JSONResponse({"errcode": code, "errmsg": f"{WORDS[code]} rid: {rid}"})


def call_of(request: Request) -> str:
    """A call's name: its path after cgi-bin, such as message/custom/send."""
    return str(request.scope["path"]).partition("/cgi-bin/")[2]


def _check(wechat: WeChat, request: Request) -> None:
    """Raises `Refused` where the token is nobody's, or this machine is not on the list."""
    token = request.query_params.get("access_token", "")
    if not token:
        raise Refused(41001)
    if not wechat.account.tokens.good(token):
        raise Refused(40001)
    if not wechat.account.ip_listed:
        raise Refused(40164)


async def _before(wechat: WeChat, call: str, subject: str) -> Response | None:
    """What goes wrong before anything is done. Raises `Refused`."""
    if (unusual := await misbehaving.before(wechat, call, subject)) is not None:
        return unusual
    for fault, code in STRUCK.items():
        if wechat.strikes(fault, call, subject):
            raise Refused(code)
    return None


async def _json(request: Request) -> Told:
    body = await request.body()
    if request.method == "GET":
        return {}
    if len(body) > BODY_BYTES:
        raise Refused(45001)
    if ESCAPED.search(body):
        raise Refused(40033)
    try:
        return reading.object_of(body)
    except reading.NoObject:
        raise Refused(47001) from None
