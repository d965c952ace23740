"""Whether LINE sent a request: the base64 of an HMAC-SHA256 over the bytes of the body, by the channel secret."""

import base64
import hashlib
import hmac

from channels.events import BadSignature, Request

HEADER = "X-Line-Signature"


def sign(secret: str, body: bytes) -> str:
    """The signature of a body, as LINE puts it into the header."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def verify(secret: str, request: Request) -> None:
    """Return if `request` was signed with `secret`. Raises `BadSignature`."""
    if not secret:
        raise BadSignature("no channel secret is set")
    given = request.header(HEADER).encode("utf-8", "replace")
    if not hmac.compare_digest(sign(secret, request.body).encode(), given):
        raise BadSignature("the signature does not fit the body")
