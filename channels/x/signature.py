"""Whether X sent a request, and our answer to its challenge
(https://docs.x.com/x-api/webhooks/introduction#security).

Both are the base64 of an HMAC-SHA256. X signs with the client secret, with the API key secret, or with both in two
headers while an app moves from one to the other.

*Trap:* the answer to a challenge is what X would sign a webhook of the same bytes with, and anybody may ask. So only
what no webhook can consist of is ever signed: a challenge is a word, a webhook is an object of JSON.
"""

import base64
import hashlib
import hmac
import json
import re

from channels.base import Answer
from channels.events import BadSignature, Request
from channels.x.settings import XSettings

BY_CLIENT = "X-Twitter-Webhooks-Signature-OAuth2"
BY_CONSUMER = "X-Twitter-Webhooks-Signature"

_CHALLENGE = re.compile(r"[A-Za-z0-9._~+/= -]{1,1000}")


def sign(secret: str, message: bytes) -> str:
    """As X writes it into a header, and wants it for an answer."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def verify(settings: XSettings, request: Request) -> None:
    """Return if either header proves that X sent the bytes of the body, and the account is known: one app may speak for
    several. Raises `BadSignature`."""
    secrets = {BY_CLIENT: settings.client_secret, BY_CONSUMER: settings.signing_secret}
    given = {name: request.header(name).encode("utf-8", "replace") for name in secrets}
    if not any(given.values()):
        raise BadSignature("the signature is missing")
    if not any(_fits(secret, request.body, given[name]) for name, secret in secrets.items()):
        raise BadSignature(
            "the signature does not fit the body: is the API key secret needed, or another one?"
        )
    if not settings.user_id:
        raise BadSignature("the account of this channel is not known yet; “Test now” finds it out")


def answer(secret: str, request: Request) -> Answer | None:
    """The answer to X's question whether this address is ours (CRC); None if it is another request."""
    token = request.query.get("crc_token", "")
    if request.method != "GET" or not _CHALLENGE.fullmatch(token) or not secret:
        return None
    told = {"response_token": sign(secret, token.encode())}
    return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()


def _fits(secret: str, body: bytes, given: bytes) -> bool:
    return bool(secret) and hmac.compare_digest(sign(secret, body).encode(), given)
