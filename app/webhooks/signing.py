"""Signatures by the Standard Webhooks specification (standardwebhooks.com, "Symmetric"), so that receivers can use
the libraries there are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

START = "whsec_"
KEY_BYTES = 32


def new_key() -> str:
    """A fresh secret as it is shown: `whsec_` and base64."""
    return START + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def headers(keys: Sequence[str], id: str, stamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery; one signature for each key, so that either opens it during a change."""
    signed = [sign(key, id, stamp, body) for key in keys]
    return {"Webhook-Id": id, "Webhook-Timestamp": str(stamp), "Webhook-Signature": " ".join(signed)}


def sign(key: str, id: str, stamp: int, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 of `id.stamp.body`; `stamp` in Unix seconds."""
    content = b"%s.%d.%s" % (id.encode(), stamp, body)
    digest = hmac.new(base64.b64decode(key.removeprefix(START)), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
