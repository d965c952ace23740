"""Raw mail as inbound-mail services push it: in the body, or in a field of a form or of JSON."""

import base64
import hmac
import json
from email import policy
from email.parser import BytesParser
from urllib.parse import parse_qs

from channels.events import BadSignature, Request
from channels.protocols import Answer

FIELDS = ("email", "body-mime", "message", "raw", "rawemail", "content", "mime")
"""Where services put it: SendGrid, Mailgun, Postmark (RawEmail), Amazon SES over SNS (content) …"""


def verify(secret: str, request: Request) -> None:
    """Return if the caller knows the secret: as bearer token (RFC 6750) or basic password (RFC 7617)."""
    if not secret:
        raise BadSignature("no secret is set: mail cannot be pushed here")
    given = _given(request.header("authorization"))
    if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
        raise BadSignature("the secret is not right")


def challenge(request: Request) -> Answer | None:
    """SNS keeps the password of an address to itself until it is asked for it
    (https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html)."""
    if not request.header("x-amz-sns-message-type") or request.header("authorization"):
        return None
    return 401, {"WWW-Authenticate": 'Basic realm="mail"'}, b""


def to_confirm(request: Request) -> str:
    """Where SNS wants to be told that it may push here, "" in any other request."""
    told = _object(request.body.decode("utf-8", "replace"))
    return str(told.get("SubscribeURL", "")) if told.get("Type") == "SubscriptionConfirmation" else ""


def raw_mail(request: Request) -> bytes | None:
    """The mail in a request, None if there is none."""
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if request.method == "MAIL" or kind in ("", "message/rfc822", "application/octet-stream"):
        return request.body
    if kind == "text/plain":  # SNS says so of its JSON; no mail begins with a brace
        notice = _object(request.body.decode("utf-8", "surrogateescape"))
        return _bytes(_field(notice)) if notice else request.body
    if kind == "application/json":
        return _bytes(_field(request.json()))
    if kind == "application/x-www-form-urlencoded":
        told = parse_qs(request.body.decode("utf-8", "surrogateescape"), errors="surrogateescape")
        return _bytes(_field({name: values[0] for name, values in told.items()}))
    if kind == "multipart/form-data":
        return _of_form(request)
    return None


def _given(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""


def _field(told: object) -> str:
    if not isinstance(told, dict):
        return ""
    by_name = {str(name).lower(): value for name, value in told.items()}
    if "topicarn" in by_name:  # the envelope of SNS: what SES says is JSON in it
        by_name = {**_object(by_name.get("message"))}
    return next((value for name in FIELDS if isinstance(value := by_name.get(name), str) and value), "")


def _object(text: object) -> dict[str, object]:
    """The JSON object `text` is, an empty one where it is none."""
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _bytes(text: str) -> bytes | None:
    """A mail as text, or base64 of one."""
    if not text:
        return None
    plain = _plain(text)
    if ":" in text[:2000]:
        return plain
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return plain


def _plain(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # bytes that were no UTF-8 come back as they were
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _of_form(request: Request) -> bytes | None:
    head = b"Content-Type: " + request.header("content-type").encode("latin-1", "replace") + b"\r\n\r\n"
    form = BytesParser(policy=policy.compat32).parsebytes(head + request.body)
    if not form.is_multipart():
        return None
    parts = {}
    for part in form.get_payload():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]  # a list of parts
        parts[str(name).lower()] = part.get_payload(decode=True)  # type: ignore[union-attr]
    return next((data for name in FIELDS if isinstance(data := parts.get(name), bytes) and data), None)
