"""Whether Twilio sent a request (https://www.twilio.com/docs/usage/webhooks/webhooks-security).

It signs the address as it was entered there, followed by the fields of the form in the order of their names, with
HMAC-SHA1 and the Auth Token, or with HMAC-SHA256 and a key of its own where a header says so. A body that is no form
is covered by its SHA-256 in the address.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from channels.events import BadSignature, Request
from channels.sms import form

HEADER = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
SHA1, SHA256 = "HMAC_SHA1", "HMAC_SHA256"
_HASHES: dict[str, Callable[..., Any]] = {SHA1: hashlib.sha1, SHA256: hashlib.sha256}
_PORTS = {"https": 443, "http": 80}


def verify(request: Request, webhook: str, auth_token: str, shared_key: str = "") -> None:
    """Return if `request` was signed for `webhook`, our public address. Raises `BadSignature`.

    What a proxy made of the address on the way does not matter: the query alone is taken from the request.
    """
    algorithm = named_in(request.header(SETTINGS))
    if algorithm not in _HASHES:
        raise BadSignature(f"it is signed with a method we do not know: {algorithm}")
    secret = auth_token if algorithm == SHA1 else shared_key
    if not secret:
        raise BadSignature(f"it is signed with a method for which no secret is set: {algorithm}")
    query = urlsplit(request.url).query
    covered = _covered(request, query)
    given = request.header(HEADER).encode("utf-8", "replace")
    good = [sign(secret, url, covered, algorithm).encode() for url in _addresses(webhook, query)]
    if not any([hmac.compare_digest(one, given) for one in good]):  # noqa: C419  # each takes the same time
        raise BadSignature("the signature fits neither this address nor this form")


def sign(secret: str, url: str, fields: Sequence[tuple[str, str]], algorithm: str = SHA1) -> str:
    """The signature of a request. A field that stands there several times counts once with each of its values."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    made = hmac.new(secret.encode(), signed.encode("utf-8", "surrogatepass"), _HASHES[algorithm])
    return base64.b64encode(made.digest()).decode()


def named_in(settings: str) -> str:
    """The algorithm in "key=…,algorithm=HMAC_SHA256"; without a header it is SHA-1."""
    parts = (part.partition("=")[::2] for part in settings.split(","))
    named = [value.strip().upper() for name, value in parts if name.strip() == "algorithm" and value.strip()]
    return named[0] if named else SHA1


def _covered(request: Request, query: str) -> list[tuple[str, str]]:
    """The fields that are signed. Raises `BadSignature` where the signature would not cover the body."""
    if form.is_form(request) or not request.body:
        return form.pairs(request)
    told = dict(parse_qsl(query)).get("bodySHA256", "")
    if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), told.lower().encode()):
        raise BadSignature("the body is no form, and its SHA-256 does not stand in the address")
    return []


def _addresses(webhook: str, query: str) -> Iterator[str]:
    """The address as it may have been signed: without its port and with it, which Twilio does not do consistently."""
    parts = urlsplit(webhook)._replace(query=query, fragment="")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    yield urlunsplit(parts)
    yield urlunsplit(parts._replace(netloc=host))
    yield urlunsplit(parts._replace(netloc=f"{host}:{parts.port or _PORTS.get(parts.scheme, 443)}"))
