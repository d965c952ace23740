"""LINE (developers.line.biz/en/reference/messaging-api/#webhooks)."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from app.bench.posting import Signed
from app.bench.webhooks.kind import JSON, Account, Kind, Said, dumped, milliseconds, sha256


def _body(said: Sequence[Said]) -> bytes:
    events = [
        {
            "type": "message",
            "message": {"id": str(one.number), "type": "text", "quoteToken": "q3Plxr4AgKd", "text": one.text},
            "webhookEventId": f"01{one.number:024d}",
            "deliveryContext": {"isRedelivery": False},
            "timestamp": milliseconds(),
            "source": {"type": "user", "userId": f"U{one.customer:032x}"},
            "replyToken": f"{one.number:032x}",
            "mode": "active",
        }
        for one in said
    ]
    return dumped({"destination": f"U{1:032x}", "events": events})


def _signed(account: Account, body: bytes) -> Signed:
    digest = base64.b64encode(sha256(account.answers["channel_secret"], body)).decode()
    return Signed(body, {"X-Line-Signature": digest, **JSON})


LINE = Kind(
    {"channel_id": "1650000000", "channel_secret": "{secret}", "access_token": "t0ken"},
    _body,
    _signed,
    lambda one: str(one.number),
)
