"""Our own signature: what programs put on requests to us, and we on calls of theirs.

The header is `X-Madoguchi-Signature: t=<seconds since 1970>,v1=<hex>`: an HMAC-SHA256, by a secret that both know, over
the time, a point and the bytes of the body. Several `v1` may stand there while a secret changes.
"""

import hashlib
import hmac
import re
import time
from typing import Any

from channels.events import BadSignature, Request
from channels.settings import setting

HEADER = "X-Madoguchi-Signature"
TOLERANCE = 300  # seconds between their clock and ours
MIN_SECRET = 16


def secret(help: str, *, label: str = "Signing secret", required: bool = True, group: str = "") -> Any:
    """The field of a `Settings` for the secret that both sides know."""
    return setting(
        label,
        help=help,
        required=required,
        secret=True,
        generate=True,
        minimum=MIN_SECRET,
        maximum=200,
        group=group,
    )


def old_secret() -> Any:
    """The field for the one before, while they change over."""
    return setting(
        "Previous secret",
        help="Still accepted on requests that come in, while your systems change over.",
        secret=True,
        minimum=MIN_SECRET,
        maximum=200,
    )


def sign(secret: str, stamp: int, body: bytes) -> str:
    """The hex HMAC-SHA256 of "<stamp>.<body>"."""
    return hmac.new(secret.encode(), b"%d.%s" % (stamp, body), hashlib.sha256).hexdigest()


def verify(request: Request, *secrets: str) -> None:
    """Return if `request` was signed with one of `secrets` (those that are "" do not count) within the last minutes.
    Raises `BadSignature`."""
    stamp, given = _signatures(request.header(HEADER))
    if abs(time.time() - stamp) > TOLERANCE:
        raise BadSignature("the time of the signature is more than five minutes off")
    good = [sign(secret, stamp, request.body) for secret in secrets if secret]
    if not any(hmac.compare_digest(mine, theirs) for mine in good for theirs in given):
        raise BadSignature("no signature fits the body")


def _signatures(header: str) -> tuple[int, list[str]]:
    """The time and the signatures of "t=1700000000,v1=…,v1=…". Raises `BadSignature`."""
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")[:20]]
    stamps = [value for name, value in pairs if name == "t"]
    given = [value for name, value in pairs if name == "v1" and re.fullmatch("[0-9a-f]{64}", value)]
    if len(stamps) != 1 or not re.fullmatch("[0-9]{1,12}", stamps[0]) or not given:
        raise BadSignature(f"{HEADER} must be t=<seconds>,v1=<hex>")
    return int(stamps[0]), given
