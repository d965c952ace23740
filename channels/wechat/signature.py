"""Whether WeChat sent a request: the SHA-1 of the token and of what stands beside it in the address
(https://developers.weixin.qq.com/doc/service/guide/dev/push/).

In plain mode it does not cover the body. So whoever has seen one address could write in anybody's name for ever, if its
time were not held against the clock.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping

from channels.events import BadSignature

WITHIN = 600.0  # seconds a clock may be wrong, and a request on its way


def sign(token: str, *parts: str) -> str:
    """The signature over the token and `parts`, in whatever order they come."""
    return hashlib.sha1("".join(sorted((token, *parts))).encode("utf-8", "replace")).hexdigest()


def verify(token: str, query: Mapping[str, str], name: str = "signature", *parts: str) -> None:
    """Return if the `name` in the address was made with `token`, now. Raises `BadSignature`."""
    if not token:
        raise BadSignature("no token is set")
    timestamp, nonce, given = (query.get(one, "") for one in ("timestamp", "nonce", name))
    made = sign(token, timestamp, nonce, *parts)
    if not hmac.compare_digest(made.encode(), given.encode("utf-8", "replace")):
        raise BadSignature(f"the signature in the address was not made with this token: {name}")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12):
        raise BadSignature("the timestamp in the address is no time")
    if abs(time.time() - int(timestamp)) > WITHIN:
        raise BadSignature("the timestamp in the address is of another time: is this machine's clock right?")
