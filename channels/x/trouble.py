"""What X's refusals mean (https://docs.x.com/x-api/fundamentals/response-codes-and-errors)."""

import time
from collections.abc import Mapping
from typing import Any

from channels import oauth
from channels.calling import LOST_STATUSES, Answer
from channels.outbound import ChannelError
from channels.outcome import LONGEST_WAIT, asked_to_wait, refusal
from channels.text import clean

LOST = "We do not know whether X took this message. Look before you send it again."
APP_TOKEN = "X does not accept the bearer token of the app. Check the channel's settings."
MAX_WORDS = 300
RESETS = (  # headers: how many are left, and when there are more, in seconds since 1970
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-user-limit-24hour-remaining", "x-user-limit-24hour-reset"),
    ("x-app-limit-24hour-remaining", "x-app-limit-24hour-reset"),
)

_STATUSES = {
    400: "X did not understand the message.",
    402: "The credits of the app are used up at X. An admin has to buy more there.",
    403: "X does not allow this.",
    404: "X does not know what this is about.",
    413: "The message is too large for X.",
    429: "X asks us to send more slowly.",
}
_TYPES = {  # end of the problem's type → ours; about the app, so all of the channel waits
    "usage-capped": "The use of the X API that was paid for is used up. An admin has to look at X.",
    "credits-depleted": "The credits of the app are used up at X. An admin has to buy more there.",
    "client-forbidden": "The app may not use this part of the X API. An admin has to look at X.",
    "client-not-enrolled": "The app may not use this part of the X API. An admin has to look at X.",
    "unsupported-authentication": "The app may not use this part of the X API. An admin has to look at X.",
    "oauth2-permissions": "The app lacks a permission. Sign in at X once more.",
}
_NOT_ALLOWED = "X does not let us write to this customer: their settings forbid it, or they have blocked us."
_UNREACHABLE = {  # words of X, in lower case → ours; nothing will arrive at this recipient
    "permission to dm": _NOT_ALLOWED,
    "cannot send messages to": _NOT_ALLOWED,
    "blocked": _NOT_ALLOWED,
    "could not find user": "X does not know this customer.",
    "could not find participant": "X does not know this customer.",
    "user not found": "X does not know this customer.",
}
_REFUSED = {
    "media": "X did not take this file.",
    "text is too long": "The message is too long for X.",
}


def refused(answer: Answer, by: str = "account") -> ChannelError:
    """The `ChannelError` for an answer that is no success; `by` whom it was asked."""
    said, told = words(answer.told), answer.told
    if answer.status in LOST_STATUSES:
        return ChannelError(LOST, detail=str(answer.status), ambiguous=True)
    if 300 <= answer.status < 400:
        return ChannelError("X's address redirects; redirects are not followed.", permanent=True)
    if answer.status == 401:
        return _not_signed_in(by, said)
    about = _in_type(told)
    general = refusal(answer.status, _wait(answer), said)
    unreachable = _in_words(said, _UNREACHABLE) if answer.status in (400, 403, 404) and not about else ""
    refused = _in_words(said, _REFUSED) if answer.status == 400 else ""
    passing = "X is not working at the moment." if not general.permanent else "X refused this."
    return ChannelError(
        about or unreachable or refused or _STATUSES.get(answer.status, passing),
        detail=general.detail,
        permanent=general.permanent or bool(about),
        retry_after=None if about else general.retry_after,
        unreachable=bool(unreachable),
        everybody=bool(about) or answer.status in (402, 429),
    )


def words(told: Mapping[str, Any]) -> str:
    """X's own words: of a problem (RFC 9457), of the first of its errors, or in the old form."""
    errors = told.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    parts = [
        told.get("title"),
        told.get("detail") or told.get("reason"),
        first.get("message") or first.get("detail"),
    ]
    return clean(" ".join(one for one in parts if isinstance(one, str))[: 2 * MAX_WORDS])[:MAX_WORDS]


def _not_signed_in(by: str, said: str) -> ChannelError:
    if by == "app":
        return ChannelError(APP_TOKEN, detail=f"401 {said}".strip(), permanent=True)
    error = oauth.Reauthorise(f"401 {said}".strip())
    error.everybody = True
    return error


def _in_type(told: Mapping[str, Any]) -> str:
    kind = str(told.get("type", "")).rpartition("/")[2]
    return _TYPES.get(kind, "")


def _in_words(said: str, table: Mapping[str, str]) -> str:
    lower = said.lower()
    return next((ours for theirs, ours in table.items() if theirs in lower), "")


def _wait(answer: Answer) -> float | None:
    """Seconds until the latest of the limits that are used up counts anew; else of Retry-After."""
    headers = answer.headers
    ends = [
        _seconds(headers.get(reset, "")) for left, reset in RESETS if headers.get(left, "0").strip() == "0"
    ]
    latest = max(ends, default=0.0)
    if answer.status != 429 or not latest:
        return asked_to_wait(headers)
    return min(max(latest - time.time(), 1.0), LONGEST_WAIT)


def _seconds(value: str) -> float:
    return float(value) if value.isascii() and value.isdecimal() and len(value) < 12 else 0.0
