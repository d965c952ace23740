"""Messenger, Instagram and WhatsApp (developers.facebook.com/docs/graph-api/webhooks/getting-started)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from app.bench.posting import Signed
from app.bench.webhooks.kind import JSON, Account, Kind, Said, dumped, milliseconds, sha256

APP = {
    "access_token": "t0ken",
    "app_id": "1",
    "app_secret": "{secret}",
    "verify_token": "verify-{secret}",
}
ACCOUNT, BUSINESS = "1020", "1030"


def _messages(object: str) -> Callable[[Sequence[Said]], bytes]:
    def body(said: Sequence[Said]) -> bytes:
        messaging = [
            {
                "sender": {"id": str(one.customer)},
                "recipient": {"id": ACCOUNT},
                "timestamp": milliseconds(),
                "message": {"mid": _mid(one), "text": one.text},
            }
            for one in said
        ]
        entry = {"id": ACCOUNT, "time": milliseconds(), "messaging": messaging}
        return dumped({"object": object, "entry": [entry]})

    return body


def _whatsapp(said: Sequence[Said]) -> bytes:
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "81312345678", "phone_number_id": ACCOUNT},
        "contacts": [{"profile": {"name": f"客{one.customer}"}, "wa_id": one.phone} for one in said],
        "messages": [
            {
                "from": one.phone,
                "id": _wamid(one),
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": one.text},
            }
            for one in said
        ],
    }
    changes = [{"value": value, "field": "messages"}]
    return dumped({"object": "whatsapp_business_account", "entry": [{"id": BUSINESS, "changes": changes}]})


def _signed(account: Account, body: bytes) -> Signed:
    digest = sha256(account.answers["app_secret"], body).hex()
    return Signed(body, {"X-Hub-Signature-256": f"sha256={digest}", **JSON})


def _mid(one: Said) -> str:
    return f"m_{one.number}"


def _wamid(one: Said) -> str:
    return f"wamid.{one.number}"


MESSENGER = Kind({"page_id": ACCOUNT, **APP}, _messages("page"), _signed, _mid)
INSTAGRAM = Kind({"account_id": ACCOUNT, **APP}, _messages("instagram"), _signed, _mid)
WHATSAPP = Kind({"phone_number_id": ACCOUNT, "waba_id": BUSINESS, **APP}, _whatsapp, _signed, _wamid)
