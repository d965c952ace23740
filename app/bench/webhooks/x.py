"""X, by its activity API (docs.x.com/x-api/activity/introduction, docs.x.com/x-api/webhooks/introduction)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from typing import Any

from app.bench.posting import Signed
from app.bench.webhooks.kind import JSON, Account, Kind, Said, dumped, milliseconds, sha256

ACCOUNT = "2244994945"


def _body(said: Sequence[Said]) -> bytes:
    (one,) = said
    told = {
        "event_uuid": str(uuid.UUID(int=one.number)),
        "filter": {"user_id": ACCOUNT},
        "event_type": "dm.received",
        "tag": "bench",
        "payload": {
            "direct_message_events": [_event(one)],
            "users": {_user(one): _person(_user(one), f"客{one.customer}"), ACCOUNT: _person(ACCOUNT, "店")},
        },
    }
    return dumped({"data": told})


def _event(one: Said) -> dict[str, Any]:
    return {
        "type": "message_create",
        "id": str(one.number),
        "created_timestamp": str(milliseconds()),
        "message_create": {
            "target": {"recipient_id": ACCOUNT},
            "sender_id": _user(one),
            "source_app_id": "268278",
            "message_data": {
                "text": one.text,
                "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
            },
        },
    }


def _person(id: str, name: str) -> dict[str, Any]:
    return {"data": {"id": id, "name": name, "username": f"user{id}"}}


def _user(one: Said) -> str:
    return f"13{one.customer:08d}"


def _signed(account: Account, body: bytes) -> Signed:
    digest = base64.b64encode(sha256(account.answers["client_secret"], body)).decode()
    return Signed(body, {"X-Twitter-Webhooks-Signature-OAuth2": f"sha256={digest}", **JSON})


X = Kind(
    {"client_id": "Y2xpZW50", "client_secret": "{secret}", "user_id": ACCOUNT},
    _body,
    _signed,
    lambda one: str(one.number),
    several=False,
)
