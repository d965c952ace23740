"""What an HTTP answer means for a message on its way, where the provider has no other words."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from channels.outbound import ChannelError

LONGEST_WAIT = 86_400.0

# Refusals a later attempt may overcome; every other 4xx means the message or the account is wrong.
_PASSING = {408, 421, 423, 425, 429}
_SENTENCES = {
    400: "The other side did not understand the message.",
    401: "The other side does not accept our credentials. Check the channel's settings.",
    403: "The other side does not allow this. Check the channel's settings.",
    404: "The other side does not know this address. Check the channel's settings.",
    410: "The other side does not know this address. Check the channel's settings.",
    413: "The message is too large for the other side.",
    429: "The other side asks us to send more slowly.",
}


def refusal(status: int, retry_after: float | None = None, detail: str = "") -> ChannelError:
    """The `ChannelError` for an answer of 400 or more, with the provider's own words if there are any. Credentials that
    are not accepted stop the channel, and its messages wait."""
    passing = status >= 500 or status in _PASSING
    other = (
        "The other side is not working at the moment." if passing else "The other side refused the message."
    )
    return ChannelError(
        _SENTENCES.get(status, other),
        detail=f"{status} {detail}".strip(),
        permanent=not passing,
        retry_after=retry_after if passing else None,
        everybody=status == 401,
    )


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After (RFC 9110, 10.2.3: seconds or a date), a day at most; None if absent."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None
