"""How Twilio signs what it posts (twilio.com/docs/usage/webhooks/webhooks-security)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import urldefrag

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"


def headers(url: str, fields: Mapping[str, str], token: str, shared_key: str = "") -> dict[str, str]:
    """The signature over the address and the fields in their order; with a shared key it is SHA-256, which a header
    of its own says."""
    signed = urldefrag(url).url + "".join(name + fields[name] for name in sorted(fields))
    if shared_key:
        settings = {SETTINGS: "key=sandbox,algorithm=HMAC_SHA256"}
        return {SIGNATURE: _hmac(shared_key, signed, "sha256"), **settings}
    return {SIGNATURE: _hmac(token, signed, "sha1")}


def _hmac(secret: str, signed: str, algorithm: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), algorithm)).decode()
