"""Meta's hosts: the Graph API, which finds the account by the access token, and where files and faces lie."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import misbehaving, pictures
from app.sandbox.hooks import LOCAL
from app.sandbox.house import Asked, House
from app.sandbox.meta import calls, trouble
from app.sandbox.meta.calls import Call
from app.sandbox.meta.trouble import Refused

if TYPE_CHECKING:
    from app.sandbox.meta.account import Account

VERSION = re.compile(r"v\d{1,3}\.\d/")
FILES, FACES, STICKERS = "lookaside.fbsbx.com", "platform-lookaside.fbsbx.com", "scontent.xx.fbcdn.net"


@dataclass(frozen=True)
class App:
    """The app at Meta: its id, and the secret that signs."""

    id: str
    secret: str

    @property
    def token(self) -> str:
        """The app's own, for questions about itself."""
        return f"{self.id}|{self.secret}"


@dataclass
class Graph:
    """Finds out whose token it is, and misbehaves on demand."""

    house: House
    app: App
    accounts: list[Account] = field(default_factory=list)

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        """The same for every account."""
        methods = ["GET", "POST", "DELETE"]
        return {
            "graph.facebook.com": [Route("/{path:path}", self.opened, methods=methods)],
            "graph.instagram.com": [Route("/{path:path}", self.opened, methods=methods)],
            FILES: [Route("/{place:path}", self.file, methods=["GET"])],
            FACES: [Route("/platform/profilepic/{id}", pictures.face, methods=["GET"])],
            STICKERS: [Route("/stickers/{id:int}.png", pictures.sticker, methods=["GET"])],
        }

    async def opened(self, request: Request) -> Response:
        """Any call: what comes of it, or Meta's refusal."""
        trace = "A" + self.house.ids.hex(22)
        headers = {"x-fb-trace-id": trace, "facebook-api-version": "v26.0"}
        account, call = None, None
        try:
            call = await calls.read(request, VERSION.sub("", request.path_params["path"], count=1))
            token = _token(request, call)
            if (told := await self._asked_by_the_app(call, token)) is not None:
                return JSONResponse(told, headers=headers)
            account = self._of(token)
            if (unusual := await self._before(account, call, request)) is not None:
                return unusual
            self._check_proof(call, token)
            told = await _done(account, call)
        except Refused as refused:
            if account and call:
                about = {"status": refused.status, "code": refused.code, "subcode": refused.subcode}
                self.house.record.add(
                    account.name, "refused", call=call.name, message=refused.message, **about
                )
            return JSONResponse(refused.told(trace), refused.status, headers)
        unusual = misbehaving.after(account, call.name, await Asked.by(request))
        return unusual or JSONResponse(told, headers=headers)

    async def file(self, request: Request) -> Response:
        """A file of a message, while it is there; of WhatsApp only with the token, and to who says a name."""
        id = request.query_params.get("asset_id") or request.query_params.get("mid", "")
        account, found = next(
            ((one, file) for one in self.accounts if (file := one.files.find(id)) is not None), (None, None)
        )
        if account is None or found is None:
            return PlainTextResponse("Not found", 404)
        if account.guarded and not (
            request.headers.get("user-agent") and account.good(_bearer(request)) and account.current(request)
        ):
            return PlainTextResponse("Not found", 404)
        return misbehaving.handed(account, found, PlainTextResponse("URL signature expired", 403))

    def _of(self, token: str) -> Account:
        for account in self.accounts:
            if hmac.compare_digest(token.encode(), account.token.encode()):
                if account.revoked:
                    raise trouble.expired()
                return account
        raise trouble.no_token()

    async def _asked_by_the_app(self, call: Call, token: str) -> dict[str, Any] | None:
        """What is answered to the app about itself: about a token, and that it wants to hear by webhook."""
        if call.node == "debug_token":
            if token != self.app.token:
                raise Refused(190, "Invalid OAuth access token signature.", status=401)
            return {"data": self._about(call.words("input_token"))}
        if call.node == self.app.id and call.edge == "subscriptions" and call.method == "POST":
            if token != self.app.token:
                raise Refused(15, "(#15) This method must be called with an app access_token.", status=403)
            return await self._subscribe(call)
        return None

    def _about(self, token: str) -> dict[str, Any]:
        for account in self.accounts:
            if account.token == token:
                ended = {"code": 190, "message": trouble.expired().message, "subcode": 463}
                about = {"app_id": self.app.id, "type": "PAGE", "is_valid": not account.revoked}
                ends = {
                    "expires_at": account.expires_at,
                    "data_access_expires_at": 0,
                    "issued_at": 1760000000,
                }
                wrong = {"error": ended} if account.revoked else {}
                return {**about, **ends, **wrong, "scopes": list(account.scopes), "profile_id": account.id}
        error = {"code": 190, "message": "The access token could not be decrypted"}
        return {"is_valid": False, "scopes": [], "error": error}

    async def _subscribe(self, call: Call) -> dict[str, Any]:
        """Asks the address whether it is ours (docs/graph-api/webhooks/getting-started), then tells it everything."""
        url, challenge = call.words("callback_url"), self.house.ids.digits(10)
        account = next((one for one in self.accounts if one.object == call.words("object")), None)
        if account is None:
            raise trouble.parameter(f"Param object must be one of {[one.object for one in self.accounts]}")
        if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in LOCAL:
            raise Refused(2200, "(#2200) Callback URL must be https")
        asked = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": call.words("verify_token"),
        }
        status, body = await account.hooks.ask(url, asked)
        if status != 200 or body != challenge:
            said = f"HTTP Status Code = {status}; HTTP Message = {body[:40]}"
            why = "Callback verification failed with the following errors: "
            raise Refused(2200, f"(#2200) {why}{said}")
        account.hooks.url = url
        return {"success": True}

    def _check_proof(self, call: Call, token: str) -> None:
        """docs/graph-api/guides/secure-requests: not asked for, but if it is there it must be right."""
        given = call.words("appsecret_proof")
        right = hmac.new(self.app.secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if given and not hmac.compare_digest(given.encode(), right.encode()):
            sentence = "Invalid appsecret_proof provided in the API argument"
            raise Refused(100, sentence, type="GraphMethodException")

    async def _before(self, account: Account, call: Call, request: Request) -> Response | None:
        """What goes wrong before anything is done. Raises `Refused`."""
        subject = await Asked.by(request)
        if (unusual := await misbehaving.before(account, call.name, subject)) is not None:
            return unusual
        for fault, refusal in account.refusals.items():
            if account.strikes(fault, call.name, subject):
                raise refusal()
        return None


async def _done(account: Account, call: Call) -> dict[str, Any]:
    """What a call comes to; a body of another shape than Meta's is refused. Raises `Refused`."""
    try:
        return await account.call(call)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise trouble.parameter(f"Invalid parameter: {error!r}") from error


def _token(request: Request, call: Call) -> str:
    return _bearer(request) or call.words("access_token")


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""
