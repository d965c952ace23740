"""The API channel (app/help/api-channel.md)."""

from __future__ import annotations

from collections.abc import Sequence

from app.bench import posting
from app.bench.posting import Signed
from app.bench.webhooks.kind import Account, Kind, Said


def _body(said: Sequence[Said]) -> bytes:
    bodies = [posting.message(_id(one), f"customer-{one.customer}", one.text) for one in said]
    return bodies[0] if len(bodies) == 1 else b'{"events": [' + b",".join(bodies) + b"]}"


def _signed(account: Account, body: bytes) -> Signed:
    return posting.signed(account.answers["secret"].encode(), body)


def _id(one: Said) -> str:
    return f"m{one.number}"


API = Kind({"secret": "{secret}"}, _body, _signed, _id)
