"""Channel access tokens of every kind, and the doors that issue them (reference/messaging-api)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.clock import Ids

if TYPE_CHECKING:
    from app.sandbox.line.platform import Line

STATELESS = 15 * 60
SHORT_LIVED = 30 * 86_400
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUDIENCE = "https://api.line.me/"


@dataclass
class Tokens:
    """Which tokens are good, and until when. `long_lived` is the one of the console."""

    ids: Ids
    channel_id: str
    secret: str
    long_lived: str
    issued: dict[str, float] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    revoked: bool = False

    def good(self, token: str) -> bool:
        """Whether a call may be made with it."""
        if hmac.compare_digest(token.encode(), self.long_lived.encode()):
            return not self.revoked
        return self.issued.get(token, 0.0) > self.ids.clock.seconds()

    def issue(self, seconds: int) -> str:
        """A new one that lives so long."""
        token = self.ids.hex(64)
        self.issued[token] = self.ids.clock.seconds() + seconds
        return token

    def left(self, token: str) -> int:
        """Seconds it is still good for."""
        return max(0, int(self.issued.get(token, 0.0) - self.ids.clock.seconds()))

    def revoke(self, token: str) -> None:
        """It is good for nothing any more."""
        self.revoked |= token == self.long_lived
        self.issued.pop(token, None)

    def revoke_all(self) -> None:
        """As when somebody reissues them in the console."""
        self.issued.clear()
        self.revoked = True


class Doors:
    """The doors under api.line.me that issue and revoke tokens."""

    def __init__(self, line: Line) -> None:
        self.line = line

    @property
    def tokens(self) -> Tokens:
        """Those of the account as it is now."""
        return self.line.account.tokens

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/oauth2/v2.1/token", self._signed, methods=["POST"]),
            Route("/oauth2/v2.1/verify", self._verify, methods=["GET"]),
            Route("/oauth2/v2.1/tokens/kid", self._kids, methods=["GET"]),
            Route("/oauth2/v2.1/revoke", self._revoke, methods=["POST"]),
            Route("/oauth2/v3/token", self._stateless, methods=["POST"]),
            Route("/v2/oauth/accessToken", self._short_lived, methods=["POST"]),
            Route("/v2/oauth/verify", self._verify, methods=["POST"]),
            Route("/v2/oauth/revoke", self._revoke, methods=["POST"]),
        ]

    async def _stateless(self, request: Request) -> Response:
        form = await request.form()
        if error := self._refused(form, "client_id" in form):
            return error
        return _given(token_type="Bearer", access_token=self.tokens.issue(STATELESS), expires_in=STATELESS)

    async def _short_lived(self, request: Request) -> Response:
        form = await request.form()
        if error := self._refused(form, with_secret=True):
            return error
        return _given(
            access_token=self.tokens.issue(SHORT_LIVED), expires_in=SHORT_LIVED, token_type="Bearer"
        )

    async def _signed(self, request: Request) -> Response:
        form = await request.form()
        if error := self._refused(form, with_secret=False):
            return error
        claims = _claims(str(form["client_assertion"]))
        seconds = int(claims.get("token_exp", SHORT_LIVED))
        if not 0 < seconds <= SHORT_LIVED:
            return _oauth_error("invalid_request", "token_exp must be at most 30 days")
        token = self.tokens.issue(seconds)
        self.tokens.keys[token] = key = self.tokens.ids.hex(22)
        return _given(access_token=token, token_type="Bearer", expires_in=seconds, key_id=key)

    async def _kids(self, request: Request) -> Response:
        if error := self._refused(request.query_params, with_secret=False, grant=False):
            return error
        return _given(kids=[key for token, key in self.tokens.keys.items() if self.tokens.good(token)])

    async def _verify(self, request: Request) -> Response:
        given = request.query_params if request.method == "GET" else await request.form()
        token = str(given.get("access_token", ""))
        if not self.tokens.good(token):
            return _oauth_error("invalid_request", "access token expired")
        left = SHORT_LIVED if token == self.tokens.long_lived else self.tokens.left(token)
        return _given(client_id=self.tokens.channel_id, expires_in=left, scope="profile chat_message.write")

    async def _revoke(self, request: Request) -> Response:
        self.tokens.revoke(str((await request.form()).get("access_token", "")))
        return JSONResponse({})

    def _refused(self, form: Mapping[str, Any], with_secret: bool, grant: bool = True) -> Response | None:
        if grant and form.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type", "grant_type must be client_credentials")
        if with_secret:
            right = (
                form.get("client_id") == self.tokens.channel_id
                and form.get("client_secret") == self.tokens.secret
            )
            return None if right else _oauth_error("invalid_client", "invalid client_id or client_secret")
        if form.get("client_assertion_type") != ASSERTION:
            return _oauth_error("invalid_request", "invalid client_assertion_type")
        claims = _claims(str(form.get("client_assertion", "")))
        now = self.tokens.ids.clock.seconds()
        ours = (
            claims.get("iss") == claims.get("sub") == self.tokens.channel_id and claims.get("aud") == AUDIENCE
        )
        if not ours or not now < float(claims.get("exp", 0)) <= now + 30 * 60:
            return _oauth_error("invalid_client", "Invalid client assertion")
        return None


def _claims(assertion: str) -> dict[str, Any]:
    """What the JWT says. Its signature is not looked at: the sandbox has no console to register a key in."""
    try:
        return dict(jwt.decode(assertion, options={"verify_signature": False}))
    except jwt.InvalidTokenError:
        return {}


def _given(**about: Any) -> Response:
    return JSONResponse(about, headers={"Cache-Control": "no-store"})


def _oauth_error(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)
