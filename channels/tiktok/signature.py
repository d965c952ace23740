"""Whether TikTok sent a request: the hex of an HMAC-SHA256 over its time, a point and the bytes of the body, by the
app's secret (https://developers.tiktok.com/doc/webhooks-verification)."""

import hashlib
import hmac
import time

from channels.events import BadSignature, Request

HEADER = "Tiktok-Signature"


def sign(secret: str, at: int, body: bytes) -> str:
    """The header that goes with `body`, signed at a second since 1970."""
    return f"t={at},s={_digest(secret, str(at), body)}"


def verify(secret: str, skew: int, request: Request) -> None:
    """Return if `request` was signed with `secret`, `skew` seconds ago at most. Raises `BadSignature`."""
    if not secret:
        raise BadSignature("no app secret is set")
    parts = dict(part.strip().partition("=")[::2] for part in request.header(HEADER).split(","))
    at, given = parts.get("t", ""), parts.get("s", "")
    good = _digest(secret, at, request.body).encode()
    if not hmac.compare_digest(good, given.encode("utf-8", "replace")):
        raise BadSignature(f"{HEADER} does not fit the body")
    if not at.isascii() or not at.isdecimal() or len(at) > 12 or abs(time.time() - int(at)) > skew:
        raise BadSignature(f"{HEADER} is of another time")


def _digest(secret: str, at: str, body: bytes) -> str:
    signed = at.encode("utf-8", "replace") + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
