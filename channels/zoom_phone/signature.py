"""Whether Zoom sent a request: "v0=" and the hex of an HMAC-SHA256 over "v0:", its time, ":" and the bytes of the body,
by the secret token (https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events)."""

import hashlib
import hmac
import json
import re
import time

from channels.events import BadSignature, Request
from channels.protocols import Answer
from channels.values import inner, word

HEADER, STAMP = "x-zm-signature", "x-zm-request-timestamp"
TOLERANCE = 7200  # seconds: Zoom tries again for more than an hour, and who repeats a call changes nothing
VALIDATION = "endpoint.url_validation"
_TOKEN = re.compile(r"[A-Za-z0-9_=+/-]{1,200}")


def sign(secret: str, stamp: str, body: bytes) -> str:
    """The header that goes with `body`."""
    return "v0=" + _digest(secret, b"v0:" + stamp.encode("utf-8", "replace") + b":" + body)


def verify(secret: str, request: Request) -> None:
    """Return if Zoom signed `request`. Raises `BadSignature`."""
    if not secret:
        raise BadSignature("no secret token is set")
    stamp, given = request.header(STAMP), request.header(HEADER)
    good = sign(secret, stamp, request.body)
    if not hmac.compare_digest(good.encode(), given.encode("utf-8", "replace")):
        raise BadSignature(f"{HEADER} does not fit the body")
    if not re.fullmatch("[0-9]{1,12}", stamp) or abs(time.time() - int(stamp)) > TOLERANCE:
        raise BadSignature(f"{HEADER} is of another time")


def answer(secret: str, request: Request) -> Answer | None:
    """The proof that Zoom asks for when the address is entered, and every few days; None for everything else.

    Nobody but Zoom gets one, and nothing but a plain token is signed: a proof over words of somebody's choosing would
    be a signature to forge events with.
    """
    told = request.json() if request.method == "POST" else None
    if word(told, "event") != VALIDATION:
        return None
    token = word(inner(told, "payload"), "plainToken", 201)
    try:
        verify(secret, request)
    except BadSignature:
        return None
    if not _TOKEN.fullmatch(token):
        return None
    proof = {"plainToken": token, "encryptedToken": _digest(secret, token.encode())}
    return 200, {"content-type": "application/json"}, json.dumps(proof).encode()


def _digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
