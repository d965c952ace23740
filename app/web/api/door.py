"""Who knocks: the bearer token of a request (RFC 6750), what it may do, and how often it may knock.

No cookie is looked at here, so no page of another site can make a browser act for somebody, and no CSRF token is
needed. For the same reason no CORS header is sent: a token belongs into a program, not into a web page.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.requests import Request

from app import demo, i18n, rates, tokens
from app.tokens import Bearer
from app.web.api.framework import Endpoint
from app.web.api.problems import Problem

LIMIT, PER = 1200, 60  # requests of one token in that many seconds
_BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)
_REALM = 'Bearer realm="madoguchi"'


@dataclass(frozen=True, slots=True)
class Entered:
    """Who it is, and the headers that tell how often they may still come."""

    bearer: Bearer
    headers: dict[str, str]


def enter(request: Request, endpoint: Endpoint) -> Entered:
    """Let the request in. Raises :class:`Problem`: 401 without a token that lives, 429 too often, 403 where the
    token or its agent may not do this."""
    bearer = _bearer(request)
    headers = _counted(bearer)
    if endpoint.scope and endpoint.scope not in bearer.scopes:
        challenge = f'{_REALM}, error="insufficient_scope", scope="{endpoint.scope}"'
        raise Problem(
            403,
            "This token may not do that: it lacks the scope %(scope)s.",
            code="insufficient-scope",
            headers={"WWW-Authenticate": challenge, **headers},
            scope=endpoint.scope,
        )
    if not bearer.agent.serves or (endpoint.roles and bearer.agent.role not in endpoint.roles):
        raise Problem(403, code="insufficient-role", headers=headers)
    return Entered(bearer, headers)


def _bearer(request: Request) -> Bearer:
    given = request.headers.get("authorization", "")
    if not given:
        raise Problem(401, "Send an API token: Authorization: Bearer …", headers={"WWW-Authenticate": _REALM})
    match = _BEARER.fullmatch(given)
    bearer = _admitted(tokens.find(match[1]) if match else None)
    if bearer is None:
        challenge = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
        raise Problem(401, "This token is unknown or revoked.", code="invalid-token", headers=challenge)
    return bearer


def still(db: Session, token_id: int) -> Bearer | None:
    """Who holds a token that was let in before, if it lives: for streams that last."""
    return _admitted(tokens.alive(db, token_id))


def _admitted(bearer: Bearer | None) -> Bearer | None:
    """Nobody of the demo, whose passwords everybody knows, where it is not shown."""
    return None if bearer is None or demo.closed_to(bearer.agent) else bearer


def _counted(bearer: Bearer) -> dict[str, str]:
    """One more of this token. The headers as everybody knows them, and as draft-ietf-httpapi-ratelimit-headers-10
    spells them."""
    spent = rates.spend(f"api:{bearer.token_id}", LIMIT, PER)
    reset = math.ceil(spent.reset)
    headers = {
        "RateLimit-Limit": str(LIMIT),
        "RateLimit-Remaining": str(spent.remaining),
        "RateLimit-Reset": str(reset),
        "RateLimit-Policy": f'"token";q={LIMIT};w={PER}',
        "RateLimit": f'"token";r={spent.remaining};t={reset}',
    }
    if spent.wait:
        wait = str(math.ceil(spent.wait))
        raise Problem(429, code="rate-limited", headers={**headers, "Retry-After": wait})
    return headers


def language(request: Request, bearer: Bearer | None = None) -> str:
    """The language of sentences: the first of Accept-Language that we have, else the agent's."""
    for tag in request.headers.get("accept-language", "").split(","):
        short = tag.split(";")[0].strip().split("-")[0].lower()
        if short in i18n.LOCALES:
            return short
    return i18n.known(bearer.agent.locale) if bearer else i18n.DEFAULT
