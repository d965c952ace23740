"""TikTok (business-api.tiktok.com/portal/docs?id=1832190670631937, developers.tiktok.com/doc/webhooks-verification)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from app.bench.posting import Signed
from app.bench.webhooks.kind import JSON, Account, Kind, Said, dumped, milliseconds, sha256

APP, BUSINESS = "7412345678901234567", "_000BusinessOfTheBench"


def _body(said: Sequence[Said]) -> bytes:
    """The content of an event is JSON in a string."""
    (one,) = said
    content = {
        "message_id": str(one.number),
        "conversation_id": f"conversation-{one.customer}",
        "timestamp": milliseconds(),
        "type": "text",
        "text": {"body": one.text},
        "from": f"customer{one.customer}",
        "to": "shop",
        "from_user": {"id": f"_000Customer{one.customer:08d}", "role": "PERSONAL_ACCOUNT"},
        "to_user": {"id": BUSINESS, "role": "BUSINESS_ACCOUNT"},
    }
    told = {"client_key": APP, "event": "im_receive_msg", "create_time": int(time.time())}
    return dumped({**told, "user_openid": BUSINESS, "content": dumped(content).decode()})


def _signed(account: Account, body: bytes) -> Signed:
    at = int(time.time())
    digest = sha256(account.answers["app_secret"], f"{at}.".encode() + body).hex()
    return Signed(body, {"Tiktok-Signature": f"t={at},s={digest}", **JSON})


TIKTOK = Kind(
    {"app_id": APP, "app_secret": "{secret}", "business_id": BUSINESS},
    _body,
    _signed,
    lambda one: str(one.number),
    several=False,
)
