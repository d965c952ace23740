"""The doors of the API (twilio.com/docs/usage/api): messages, their files, the account, its number and service."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import misbehaving
from app.sandbox.files import File
from app.sandbox.house import Asked
from app.sandbox.misbehaving import INTERNAL, Trickle
from app.sandbox.twilio import trouble
from app.sandbox.twilio.account import VERSION, Account
from app.sandbox.twilio.trouble import Refused

if TYPE_CHECKING:
    from app.sandbox.twilio.platform import Twilio

BELOW = f"/{VERSION}/Accounts/{{account}}"
CDN = "mms.twiliocdn.com"
FORM = "application/x-www-form-urlencoded"
PAGE = 50
REFUSALS = {"expired_token": trouble.nobody, "rate_limit": trouble.too_fast, "error": trouble.down}

Object = dict[str, Any]
Work = Callable[[Request, dict[str, list[str]]], Awaitable[tuple[int, Object]]]


class Doors:
    """Every door, misbehaviour and the account's secret looked after."""

    def __init__(self, twilio: Twilio) -> None:
        self.twilio, self.house = twilio, twilio.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.twilio.account

    def api(self) -> list[BaseRoute]:
        """Under api.twilio.com."""
        media = f"{BELOW}/Messages/{{message}}/Media"
        return [
            self._route(f"/{VERSION}/Accounts/{{account}}.json", "GET", self.about),
            self._route(f"{BELOW}/Messages.json", "POST", self.create),
            self._route(f"{BELOW}/Messages.json", "GET", self.messages),
            self._route(f"{BELOW}/Messages/{{message}}.json", "GET", self.message),
            self._route(f"{BELOW}/IncomingPhoneNumbers.json", "GET", self.numbers),
            self._route(f"{BELOW}/IncomingPhoneNumbers/{{number}}.json", "POST", self.set_number),
            Route(f"{media}/{{id}}", self.media, methods=["GET"]),
        ]

    def messaging(self) -> list[BaseRoute]:
        """Under messaging.twilio.com."""
        return [self._route("/v1/Services/{service}", "GET", self.service)]

    def cdn(self) -> list[BaseRoute]:
        """Under the host where files lie."""
        return [Route("/{account}/{id}", self.file, methods=["GET"])]

    async def about(self, _request: Request, _form: dict[str, list[str]]) -> tuple[int, Object]:
        """GET the account."""
        account = self.account
        kind = "Trial" if account.trial else "Full"
        told = {"sid": account.sid, "friendly_name": "北風洋品店", "status": account.status, "type": kind}
        return 200, {**told, "uri": f"/{VERSION}/Accounts/{account.sid}.json"}

    async def create(self, _request: Request, form: dict[str, list[str]]) -> tuple[int, Object]:
        """POST a message."""
        return 201, await self.twilio.sending.create(form)

    async def messages(self, request: Request, _form: dict[str, list[str]]) -> tuple[int, Object]:
        """GET messages: the newest first, of a sender, a receiver, or sent in a time."""
        asked = request.query_params
        size = int(asked["PageSize"]) if asked.get("PageSize", "").isdecimal() else PAGE
        found = [one for one in reversed(self.account.messages.values()) if _fits(one, asked)][:size]
        uri = f"{request.url.path.partition('/api.twilio.com')[2]}?PageSize={size}"
        pages = {"page": 0, "page_size": size, "start": 0, "end": max(len(found) - 1, 0)}
        none = {"next_page_uri": None, "previous_page_uri": None}
        return 200, {"messages": found, **pages, **none, "first_page_uri": uri, "uri": uri}

    async def message(self, request: Request, _form: dict[str, list[str]]) -> tuple[int, Object]:
        """GET one."""
        found = self.account.messages.get(request.path_params["message"])
        if found is None:
            raise trouble.unknown(request.url.path)
        return 200, found

    async def numbers(self, request: Request, _form: dict[str, list[str]]) -> tuple[int, Object]:
        """GET the account's numbers."""
        asked = request.query_params.get("PhoneNumber", self.account.number)
        return 200, {"incoming_phone_numbers": [self._number()] if asked == self.account.number else []}

    async def set_number(self, request: Request, form: dict[str, list[str]]) -> tuple[int, Object]:
        """POST to a number: where what is sent to it is told."""
        if request.path_params["number"] != self.account.number_sid:
            raise trouble.unknown(request.url.path)
        self.twilio.hooks.url = form.get("SmsUrl", [self.twilio.hooks.url])[0]
        return 200, self._number()

    async def service(self, request: Request, _form: dict[str, list[str]]) -> tuple[int, Object]:
        """GET a messaging service."""
        if request.path_params["service"] != self.account.service:
            raise trouble.unknown(request.url.path)
        told = {"sid": self.account.service, "account_sid": self.account.sid, "friendly_name": "北風洋品店"}
        hooks = {"inbound_request_url": self.twilio.hooks.url, "use_inbound_webhook_on_number": False}
        return 200, {**told, **hooks}

    async def media(self, request: Request) -> Response:
        """GET a file of a message: it lies on another host, which asks for no secret."""
        try:
            self._check_secret(request)
        except Refused as refused:
            return refused.answer()
        file = self._found(request)
        if file is None or self.twilio.strikes("media_gone", "content", _of(file), file.user):
            return trouble.unknown(request.url.path).answer()
        if self.twilio.strikes("redirect_media", "content", _of(file), file.user):
            return RedirectResponse(INTERNAL, 302)
        return RedirectResponse(
            f"{self.house.base}/{CDN}/{self.account.sid}/{request.path_params['id']}", 307
        )

    async def file(self, request: Request) -> Response:
        """GET a file where it lies. Whoever tells this host the account's secret is put on the record."""
        if "authorization" in request.headers:
            self.house.record.add(
                "twilio", "refused", call="content", status=400, message="A secret was told"
            )
            return Response(status_code=400)
        file = self._found(request)
        if file is None:
            return Response(status_code=404)
        if rule := self.twilio.strikes("slow_media", "content", _of(file), file.user):
            return Trickle(file.body, file.media_type, rule.seconds)
        return Response(file.body, media_type=file.media_type)

    def _found(self, request: Request) -> File | None:
        file = self.account.files.find(request.path_params["id"])
        return file if file and not file.gone else None

    def _number(self) -> Object:
        able = {"voice": False, "sms": True, "mms": True, "fax": False}
        about = {"sid": self.account.number_sid, "account_sid": self.account.sid}
        hooks = {"sms_url": self.twilio.hooks.url, "sms_method": "POST"}
        return {**about, "phone_number": self.account.number, **hooks, "capabilities": able}

    def _route(self, path: str, method: str, work: Work) -> Route:
        async def opened(request: Request) -> Response:
            call = request.url.path.partition(self.account.sid)[2].lstrip("/") or request.url.path
            subject = await Asked.by(request)
            to = ""
            try:
                self._check_secret(request)
                form = await _form(request)
                to = form.get("To", [""])[0]
                if (unusual := await self._before(call, subject, to)) is not None:
                    return unusual
                status, told = await work(request, form)
            except Refused as refused:
                about = {"status": refused.status, "code": refused.code, "message": refused.message}
                self.house.record.add("twilio", "refused", call=call, to=to, **about)
                return refused.answer()
            return misbehaving.after(self.twilio, call, subject, to) or JSONResponse(told, status)

        return Route(path, opened, methods=[method])

    def _check_secret(self, request: Request) -> None:
        """Basic, with the account's sid and token or a key of its own. Raises `Refused`."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            told = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise trouble.nobody() from None
        own = self.account
        good = [f"{own.sid}:{own.token}", f"{own.api_key}:{own.api_secret}"]
        right = any([hmac.compare_digest(told, one.encode()) for one in good])  # noqa: C419  # each takes the same time
        if scheme.lower() != "basic" or self.twilio.revoked or not right:
            raise trouble.nobody()
        if request.path_params.get("account", own.sid) != own.sid:
            raise trouble.unknown(request.url.path)

    async def _before(self, call: str, subject: str, to: str) -> Response | None:
        """What goes wrong before anything is done. Raises `Refused`."""
        if (unusual := await misbehaving.before(self.twilio, call, subject, to)) is not None:
            return unusual
        for fault, refusal in REFUSALS.items():
            if self.twilio.strikes(fault, call, subject, to):
                raise refusal()
        return None


async def _form(request: Request) -> dict[str, list[str]]:
    """Raises `Refused`."""
    if request.method == "GET":
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refused(20415, "Unsupported media type", 415)
    return parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)


def _of(file: File) -> str:
    return f"{file.user} {len(file.body)}"


def _fits(message: Object, asked: Any) -> bool:
    if any(asked.get(name) not in (None, message[field]) for name, field in (("To", "to"), ("From", "from"))):
        return False
    at = parsedate_to_datetime(message["date_created"])
    if (day := asked.get("DateSent")) and at.date() != _time(day).date():
        return False
    since, until = asked.get("DateSent>"), asked.get("DateSent<")
    return not (since and at < _time(since)) and not (until and at > _time(until))


def _time(told: str) -> datetime:
    """A day or a moment. Raises `Refused`."""
    try:
        at = datetime.fromisoformat(told.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(20001, "Invalid date format") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
