"""Webhooks as the platforms send them, written and signed by their own documents' rules, not by our connectors.

`python -m app.bench.webhooks KIND`, run with an installation's settings, makes a channel of that kind there and prints
its :class:`Account` as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app import switchboard
from app.bench import clients
from app.bench.stack import Served
from app.config import settings
from app.db import transaction
from channels import registry

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
NOBODY = "http://127.0.0.1:9"  # plays the platforms: what is asked of them (a customer's name) fails at once


@dataclass(frozen=True)
class Said:
    """One message: the `number` of it, and of who wrote it."""

    number: int
    customer: int
    text: str


@dataclass(frozen=True)
class Account:
    """A channel: its address, the secret to sign with, and headers that go with every request."""

    kind: str
    key: str
    url: str
    secret: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """`answers` are settings (`{secret}` among them is made up), `secret` names the one that signs; `body` writes
    messages, `signs` gives the headers that prove it, `id` is what a message is known by. `several`: of them go into
    one request."""

    answers: Mapping[str, str]
    secret: str
    body: Callable[[Sequence[Said]], bytes]
    signs: Callable[[Account, bytes], Mapping[str, str]]
    id: Callable[[Said], str]
    several: bool = True


def account(served: Served, kind: str) -> Account:
    """A new channel of this kind in `served`, which must be started with :data:`NOBODY` as its sandbox."""
    made = Account(**json.loads(served.run("app.bench.webhooks", kind)))
    return replace(made, url=f"{served.base}/hooks/{made.key}")


def make(kind: str) -> Account:
    """The same in the installation of this process's settings."""
    one, secret, key = KINDS[kind], secrets.token_hex(16), f"sandbox-bench-{secrets.token_hex(4)}"
    answers = {name: value.format(secret=secret) for name, value in one.answers.items()}
    with transaction() as db:
        switchboard.add_channel(db, kind, key, answers, key, bot=False)
    headers = {}
    if kind == "telegram":
        headers["X-Telegram-Bot-Api-Secret-Token"] = telegram_secret(key, answers["token"])
    return Account(kind, key, "", answers[one.secret], headers)


def telegram_secret(key: str, token: str) -> str:
    """Telegram repeats what it was told when the webhook was set: the channel's own secret."""
    from channels.telegram.signature import secret_of

    return secret_of(settings().seal_key(key), token)


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _ms() -> int:
    return time.time_ns() // 1_000_000


# --- each platform -------------------------------------------------------------------------------------------


def _api(said: Sequence[Said]) -> bytes:
    bodies = [clients.message(f"m{one.number}", f"customer-{one.customer}", one.text) for one in said]
    return bodies[0] if len(bodies) == 1 else b'{"events": [' + b",".join(bodies) + b"]}"


def _line(said: Sequence[Said]) -> bytes:
    events = [
        {
            "type": "message",
            "message": {"id": str(one.number), "type": "text", "quoteToken": "q3Plxr4AgKd", "text": one.text},
            "webhookEventId": f"01{one.number:024d}",
            "deliveryContext": {"isRedelivery": False},
            "timestamp": _ms(),
            "source": {"type": "user", "userId": f"U{one.customer:032x}"},
            "replyToken": f"{one.number:032x}",
            "mode": "active",
        }
        for one in said
    ]
    return _json({"destination": f"U{1:032x}", "events": events})


def _telegram(said: Sequence[Said]) -> bytes:
    (one,) = said
    person = {"id": one.customer, "first_name": f"客{one.customer}"}
    message = {"message_id": one.number, "date": int(time.time()), "text": one.text}
    message |= {"from": {**person, "is_bot": False}, "chat": {**person, "type": "private"}}
    return _json({"update_id": one.number, "message": message})


def _meta(object: str) -> Callable[[Sequence[Said]], bytes]:
    def body(said: Sequence[Said]) -> bytes:
        messaging = [
            {
                "sender": {"id": str(one.customer)},
                "recipient": {"id": "1020"},
                "timestamp": _ms(),
                "message": {"mid": f"m_{one.number}", "text": one.text},
            }
            for one in said
        ]
        return _json({"object": object, "entry": [{"id": "1020", "time": _ms(), "messaging": messaging}]})

    return body


def _whatsapp(said: Sequence[Said]) -> bytes:
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "81312345678", "phone_number_id": "1020"},
        "contacts": [{"profile": {"name": f"客{one.customer}"}, "wa_id": _phone(one)} for one in said],
        "messages": [
            {
                "from": _phone(one),
                "id": f"wamid.{one.number}",
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": one.text},
            }
            for one in said
        ],
    }
    changes = [{"value": value, "field": "messages"}]
    return _json({"object": "whatsapp_business_account", "entry": [{"id": "1030", "changes": changes}]})


def _sms(said: Sequence[Said]) -> bytes:
    (one,) = said
    id = _sid(one)
    told = {"MessageSid": id, "SmsSid": id, "SmsMessageSid": id, "AccountSid": f"AC{1:032x}", "NumMedia": "0"}
    told |= {"From": f"+{_phone(one)}", "To": "+815012345678", "Body": one.text, "SmsStatus": "received"}
    return urlencode(told | {"NumSegments": "1", "ApiVersion": "2010-04-01"}).encode()


def _phone(one: Said) -> str:
    return f"8190{one.customer:08d}"


def _sid(one: Said) -> str:
    return f"SM{one.number:032x}"


def _by_api(told: Account, body: bytes) -> Mapping[str, str]:
    return clients.signed(told.secret.encode(), body)


def _by_line(told: Account, body: bytes) -> Mapping[str, str]:
    digest = hmac.new(told.secret.encode(), body, hashlib.sha256).digest()
    return {"X-Line-Signature": base64.b64encode(digest).decode(), **JSON}


def _by_telegram(told: Account, body: bytes) -> Mapping[str, str]:
    return {**told.headers, **JSON}


def _by_meta(told: Account, body: bytes) -> Mapping[str, str]:
    digest = hmac.new(told.secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", **JSON}


def _by_twilio(told: Account, body: bytes) -> Mapping[str, str]:
    fields = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    signed = told.url + "".join(name + value for name, value in fields)
    digest = hmac.new(told.secret.encode(), signed.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode(), **FORM}


_APP = {"access_token": "t0ken", "app_id": "1", "app_secret": "{secret}", "verify_token": "verify-{secret}"}
KINDS: dict[str, Kind] = {
    "api": Kind({"secret": "{secret}"}, "secret", _api, _by_api, lambda one: f"m{one.number}"),
    "line": Kind(
        {"channel_id": "1650000000", "channel_secret": "{secret}", "access_token": "t0ken"},
        "channel_secret",
        _line,
        _by_line,
        lambda one: str(one.number),
    ),
    "telegram": Kind(
        {"token": "7204518631:AA{secret}"},
        "token",
        _telegram,
        _by_telegram,
        lambda one: f"{one.customer}:{one.number}",
        several=False,
    ),
    "messenger": Kind(
        {"page_id": "1020", **_APP}, "app_secret", _meta("page"), _by_meta, lambda one: f"m_{one.number}"
    ),
    "instagram": Kind(
        {"account_id": "1020", **_APP},
        "app_secret",
        _meta("instagram"),
        _by_meta,
        lambda one: f"m_{one.number}",
    ),
    "whatsapp": Kind(
        {"phone_number_id": "1020", "waba_id": "1030", **_APP},
        "app_secret",
        _whatsapp,
        _by_meta,
        lambda one: f"wamid.{one.number}",
    ),
    "sms": Kind(
        {"account_sid": f"AC{1:032x}", "auth_token": "{secret}", "sender": "+815012345678"},
        "auth_token",
        _sms,
        _by_twilio,
        _sid,
        several=False,
    ),
}


def registered() -> list[str]:
    """Those of :data:`KINDS` that there are."""
    return [kind for kind in KINDS if kind in registry.KINDS]


if __name__ == "__main__":
    print(json.dumps(asdict(make(sys.argv[1]))))
