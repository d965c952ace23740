"""Whether Telegram sent a request: it repeats a secret that we told it, and signs nothing."""

import hashlib
import hmac

from channels.events import BadSignature, Request

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def secret_of(seal_key: bytes, token: str) -> str:
    """The secret of a channel, 64 of the characters that setWebhook takes. Another bot has another one."""
    return hmac.new(seal_key, b"telegram webhook " + token.encode(), hashlib.sha256).hexdigest()


def verify(secret: str, request: Request) -> None:
    """Return if `request` carries `secret`. Raises `BadSignature`."""
    given = request.header(HEADER).encode("utf-8", "replace")
    if not given:
        raise BadSignature("the secret token is missing")
    if not hmac.compare_digest(secret.encode(), given):
        raise BadSignature("the secret token is another one: “Test now” registers the webhook anew")
