"""An official account whose LINE is a script: each call is noted and answered by its path."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from channels.base import Context, Outbound, Person
from channels.line.connector import Line
from channels.line.settings import LineSettings

SECRET = "f3c1a6d09b7e4452a8d0c6e1b2947f58"
BOT = "U8f1d3a5c7e9b2d4f6a8c0e1b3d5f7a9c"
HANA = Person("U4af4980629b1c2d3e4f5061728394a5b", "k1")
CONTEXT = Context("k1", "https://desk.example.jp", bytes(range(32)))
MONTHLY = {"message": "You have reached your monthly limit."}
TOO_FAST = {"message": "The API rate limit has been exceeded. Try again later."}
USED_TOKEN = {"message": "Invalid reply token"}

Respond = Callable[[httpx2.Request], httpx2.Response]


def ok(document: Mapping[str, Any] | None = None, **headers: str) -> httpx2.Response:
    return httpx2.Response(200, json=document or {}, headers=headers)


def no(status: int, document: Mapping[str, Any] | None = None, **headers: str) -> httpx2.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json=document or {"message": "no"}, headers=told)


def line(script: Respond, *, context: Context = CONTEXT, **settings: Any) -> Line:
    """The account with a long-lived token, unless the settings say otherwise."""
    told: dict[str, Any] = {
        "channel_id": "1657000000",
        "channel_secret": SECRET,
        "access_token": "t0ken",
    } | settings
    return Line(LineSettings(**told), httpx2.Client(transport=httpx2.MockTransport(script)), context)


def say(text: str = "お待たせしました", **more: Any) -> Outbound:
    return Outbound("m1", HANA, text, **more)
