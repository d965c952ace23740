"""SMS by Twilio (twilio.com/docs/usage/webhooks/webhooks-security)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from app.bench.posting import Signed
from app.bench.webhooks.kind import Account, Kind, Said

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ACCOUNT, NUMBER = f"AC{1:032x}", "+815012345678"


def _body(said: Sequence[Said]) -> bytes:
    (one,) = said
    id = _sid(one)
    told = {"MessageSid": id, "SmsSid": id, "SmsMessageSid": id, "AccountSid": ACCOUNT, "NumMedia": "0"}
    told |= {"From": f"+{one.phone}", "To": NUMBER, "Body": one.text, "SmsStatus": "received"}
    return urlencode(told | {"NumSegments": "1", "ApiVersion": "2010-04-01"}).encode()


def _signed(account: Account, body: bytes) -> Signed:
    fields = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    signed = account.url + "".join(name + value for name, value in fields)
    digest = hmac.digest(account.answers["auth_token"].encode(), signed.encode(), "sha1")
    return Signed(body, {"X-Twilio-Signature": base64.b64encode(digest).decode(), **FORM})


def _sid(one: Said) -> str:
    return f"SM{one.number:032x}"


SMS = Kind(
    {"account_sid": ACCOUNT, "auth_token": "{secret}", "sender": NUMBER},
    _body,
    _signed,
    _sid,
    several=False,
)
