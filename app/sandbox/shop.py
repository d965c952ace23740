"""The demo shop's own system: what it tells about a customer whom an agent opens."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

HOST = "shop.kitakaze.example"
TOLERANCE = 300  # seconds
STATES = ("出荷準備中", "出荷済み", "配達中", "お届け済み")
STORES = ("青山店", "京都店", "神戸店")


class Shop:
    """Answers `GET /context`, signed with the secret both know."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def doors(self) -> list[BaseRoute]:
        return [Route("/context", self.context, methods=["GET"])]

    async def context(self, request: Request) -> Response:
        if not self._is_signed(request):
            return JSONResponse({"error": "the signature does not fit"}, 401)
        named = [one.partition(":") for one in request.query_params.get("identities", "").split(",")]
        known = [
            unquote(address)
            for kind, _, address in named
            if kind in ("email", "phone", "crm", "card", "user")
        ]
        return JSONResponse({"cards": _cards(known[0]) if known else []})

    def _is_signed(self, request: Request) -> bool:
        told = dict(
            part.partition("=")[::2] for part in request.headers.get("x-madoguchi-signature", "").split(",")
        )
        stamp = told.get("t", "")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > TOLERANCE:
            return False
        said = f"{stamp}.GET /context?{request.url.query}".encode()
        good = hmac.new(self.secret.encode(), said, hashlib.sha256).hexdigest()
        return hmac.compare_digest(good.encode(), told.get("v1", "").encode())


def _cards(address: str) -> list[dict[str, object]]:
    """The same for the same person, whoever that is: made up from their address."""
    roll = hashlib.sha256(address.encode()).digest()
    number = f"K{10_400 + roll[0]}"
    order = [["状態", STATES[roll[1] % 4]], ["配送", f"ヤマト 4{roll[2]:03}-{roll[3]:03}0-{roll[4]:03}5"]]
    member = [["会員番号", f"C-{10_000 + roll[5] * 4}"], ["よく行く店舗", STORES[roll[6] % 3]]]
    return [
        {"title": f"ご注文 {number}", "rows": order, "url": f"https://{HOST}/orders/{number}"},
        {"title": "会員情報", "rows": member},
    ]
