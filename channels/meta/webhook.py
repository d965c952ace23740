"""Meta's webhooks (https://developers.facebook.com/docs/graph-api/webhooks/getting-started)."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.events import BadSignature, Event, Ignored, Request
from channels.values import Malformed, mapping, shown

HEADER = "X-Hub-Signature-256"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 7_258_118_400_000  # ms: the year 2200
_SECONDS = 100_000_000_000  # below it a number is seconds (until the year 5138), from there milliseconds


def answer(request: Request, verify_token: str) -> tuple[int, dict[str, str], bytes] | None:
    """The answer to Meta's question whether this address is ours; None if it is another request."""
    asked = request.query
    if request.method != "GET" or "hub.mode" not in asked:
        return None
    given = asked.get("hub.verify_token", "").encode("utf-8", "replace")
    good = bool(verify_token) and hmac.compare_digest(given, verify_token.encode())
    if asked["hub.mode"] != "subscribe" or not good:
        return 403, {"Content-Type": "text/plain"}, b"The verify token is not the one of this channel."
    return 200, {"Content-Type": "text/plain"}, asked.get("hub.challenge", "").encode("utf-8", "replace")


def verify(request: Request, secrets: Sequence[str]) -> None:
    """Any of the app's secrets may have signed the exact bytes of the body. Raises `BadSignature`."""
    given = request.header(HEADER).encode("utf-8", "replace")
    good = [sign(secret, request.body).encode() for secret in secrets if secret]
    if not any(hmac.compare_digest(given, one) for one in good):
        raise BadSignature(f"{HEADER} does not fit the body")


def sign(secret: str, body: bytes) -> str:
    """The header that goes with `body`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def entries(document: Any, object: str) -> Iterator[tuple[Mapping[str, Any] | None, Event | None]]:
    """The entries of a webhook body about an `object`: each, or what is to be said instead of it."""
    if not isinstance(document, dict) or not isinstance(document.get("entry"), list):
        yield None, Ignored("the body is not Meta's: it has no list of entries", malformed=True)
        return
    if document.get("object") != object:
        yield None, Ignored(f"about something else than this channel: {shown(document.get('object'))}")
        return
    for one in document["entry"]:
        if isinstance(one, dict):
            yield one, None
        else:
            yield None, Ignored("an entry that is not as Meta documents it: an object is expected")


def each(data: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], list[Event]]) -> list[Event]:
    """What `read` makes of each object of the list under `name`; one that cannot be read costs no other."""
    found = data.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        return [Ignored(f"not as Meta documents it: {name}: a list is expected")]
    return [event for one in found for event in _one(one, name, read)]


def _one(one: Any, name: str, read: Callable[[Mapping[str, Any]], list[Event]]) -> list[Event]:
    try:
        return read(mapping(one, name))
    except Malformed as wrong:
        return [Ignored(f"not as Meta documents it: {shown(wrong, 200)}")]


def moment(value: Any) -> datetime | None:
    """A time as Meta writes it somewhere: (milli)seconds since 1970 as a number or in digits, or ISO 8601."""
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    ms = value * 1000 if 0 < value < _SECONDS else value
    return _EPOCH + timedelta(milliseconds=ms) if 0 < ms < _LATEST else None


def _number(value: str) -> int | datetime | None:
    if value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    if at.tzinfo is None or not 1970 <= at.year < 2200:
        return None
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None
