"""WeChat in safe mode (developers.weixin.qq.com/doc/service/guide/dev/push/): sealed, and signed in the address."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from urllib.parse import urlencode

from app.bench.posting import Signed
from app.bench.webhooks.kind import Account, Kind, Said
from app.sandbox.wechat import sealing

APP, ORIGINAL_ID = "wx5f3a9c0b7d2e4816", "gh_7c1e5a9b3d20"
XML = {"Content-Type": "text/xml"}


def _body(said: Sequence[Said]) -> bytes:
    (one,) = said
    told = {
        "ToUserName": ORIGINAL_ID,
        "FromUserName": f"o{one.customer:027d}",
        "CreateTime": int(time.time()),
        "MsgType": "text",
        "Content": one.text,
        "MsgId": one.number,
    }
    return sealing.written(told).encode()


def _signed(account: Account, body: bytes) -> Signed:
    own = account.answers
    keys = sealing.Secrets(own["app_id"], own["token"], own["aes_key"])
    inside = sealing.sealed(keys, body.decode(), secrets.token_bytes(16))
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**9))
    query = {
        "signature": sealing.signature(keys.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sealing.signature(keys.token, timestamp, nonce, inside),
    }
    whole = sealing.written({"ToUserName": ORIGINAL_ID, "Encrypt": inside})
    return Signed(whole.encode(), XML, f"?{urlencode(query)}")


WECHAT = Kind(
    {
        "app_id": APP,
        "app_secret": "{secret}",
        "token": "{secret}",
        "aes_key": "{secret}0123456789A",  # 43 signs of base64
        "account_id": ORIGINAL_ID,
    },
    _body,
    _signed,
    lambda one: str(one.number),
    several=False,
)
