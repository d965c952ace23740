"""How a business proves to the chat who its signed-in customer is.

Two ways, both with the channel's identity secret: a short-lived JWT made by the business's server for each
page (RFC 7519, HS256), or, where that is too much work, an HMAC of the user's id. A JWT is better: it
expires, and what it says of the person is signed with it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from channels.events import BadSignature, Person
from channels.text import clean

LONGEST = timedelta(hours=1)
LEEWAY = timedelta(seconds=60)  # clocks of two honest servers
MIN_SECRET = 32  # RFC 7518, 3.2: a key at least as long as the hash
IDENTITY_KIND = "user"


def verify_jwt(token: str, secret: str, audience: str, now: datetime, scope: str = "") -> Person:
    """The person `token` vouches for, their email and phone as proved as the business says.

    `audience` is the channel's key, `now` aware. Wanted are `sub`, `aud` and `exp`, the last at most an hour
    ahead; used are `name`, `email`, `phone`, `card` (a loyalty card), `external_id` (in the CRM), `picture`, `locale`
    and an object `attributes`. Raises `BadSignature`, whose text may be shown to the business's developers.
    """
    claims = _decoded(token, secret, audience)
    _timely(claims, now)
    return Person(
        address=_user("sub", claims["sub"]),
        scope=scope,
        kind=IDENTITY_KIND,
        proof="signed",
        name=_claim(claims, "name"),
        email=_claim(claims, "email"),
        phone=_claim(claims, "phone"),
        card=_claim(claims, "card"),
        external_id=_claim(claims, "external_id"),
        avatar_url=_claim(claims, "picture"),
        locale=_claim(claims, "locale"),
        attributes=_attributes(claims.get("attributes")),
    )


def audience(token: str) -> str:
    """The channel a token says it is for, "" for none: not proved by that, only which secret is to be asked."""
    try:
        told = jwt.decode(token[:8192], options={"verify_signature": False}).get("aud")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError, AttributeError):
        return ""
    return told if isinstance(told, str) else ""


def vouched(user_id: str, scope: str, **about: Any) -> Person:
    """The person with `user_id`, where who says so has been proved otherwise; `about` are fields of `Person`. Raises
    `BadSignature` for what is no id."""
    return Person(_user("user_id", user_id), scope, kind=IDENTITY_KIND, proof="signed", **about)


def verify_hash(user_id: str, user_hash: str, secret: str, scope: str = "") -> Person:
    """The person with `user_id`, if `user_hash` is the hex HMAC-SHA256 of it under `secret`.

    It proves the id and nothing else. Raises `BadSignature`.
    """
    user = _user("user_id", user_id)
    if len(secret) < MIN_SECRET:
        raise BadSignature("this channel has no identity secret")
    good = sign_user(user_id, secret)
    if not hmac.compare_digest(good.encode(), user_hash.lower().encode("utf-8", "replace")):
        raise BadSignature("user_hash does not fit user_id")
    return vouched(user, scope)


def sign_user(user_id: str, secret: str) -> str:
    """The `user_hash` the business's server is to put on its page."""
    return hmac.new(secret.encode(), user_id.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _user(name: str, value: Any) -> str:
    """The id as it is stored. Cleaning it would make one person of two whose ids differ by a control character."""
    if not (isinstance(value, str) and value.strip() and len(value) <= 200 and clean(value) == value):
        raise BadSignature(f"{name} must be a text of 1 to 200 characters, without control characters")
    return value


def _decoded(token: str, secret: str, audience: str) -> Mapping[str, Any]:
    if len(secret) < MIN_SECRET:
        raise BadSignature("this channel has no identity secret")
    if len(token) > 8192:
        raise BadSignature("the token is too long")
    try:
        # The times are checked by hand below, against the caller's clock.
        return jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=audience,
            options={
                "require": ["sub", "aud", "exp"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise BadSignature(f"the token is not valid: {error}") from None


def _timely(claims: Mapping[str, Any], now: datetime) -> None:
    seconds = now.timestamp()
    leeway = LEEWAY.total_seconds()
    ends = _moment(claims, "exp")
    if ends + leeway < seconds:
        raise BadSignature("the token has expired")
    if ends - leeway > seconds + LONGEST.total_seconds():
        raise BadSignature("the token lives longer than an hour")
    if any(name in claims and _moment(claims, name) - leeway > seconds for name in ("iat", "nbf")):
        raise BadSignature("the token is not valid yet")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadSignature(f"{name} must be a number")
    return float(value)


def _claim(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return clean(value)[:500] if isinstance(value, str) else ""


def _attributes(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    simple = {key: told for key, told in value.items() if isinstance(told, str | int | float)}
    return {clean(key)[:100]: clean(str(told))[:500] for key, told in list(simple.items())[:50]}
