"""An account at Twilio, played by a scripted server where it is called."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx2

from channels import guard, registry
from channels.base import Context
from channels.sms.connector import Sms
from tests.channels.servers import Answer, Scripted, serving

ACCOUNT = "AC0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TOKEN = "5f0c2d8b7a914e63b1d2c3f4a5968770"
SENDER, TARO = "+15005550006", "+14158675309"
BELOW = f"/api.twilio.com/2010-04-01/Accounts/{ACCOUNT}"


def told(document: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(document).encode())


def taken(sid: str = "SM1", **more: Any) -> Answer:
    """What Twilio says of a message that it took."""
    return told({"sid": sid, "status": "queued", "error_code": None, "num_segments": "1", **more}, 201)


def bad(status: int, code: int, message: str) -> Answer:
    return told({"code": code, "message": message, "more_info": "https://…", "status": status}, status)


def listed(*messages: tuple[str, str, datetime], now: datetime) -> Answer:
    """The list of messages (id, words, when they were made), as of `now`."""
    made = [
        {"sid": sid, "body": body, "status": "sent", "date_created": rfc(at)} for sid, body, at in messages
    ]
    return told({"messages": made}, Date=rfc(now))


def rfc(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


@contextmanager
def account(*answers: Answer, **settings: Any) -> Iterator[tuple[Sms, Scripted]]:
    """An account at a Twilio that answers as told."""
    with serving(*answers) as server:
        host, _, port = server.base.removeprefix("http://").partition(":")
        http = guard.Client(known=(host, int(port)), timeout=httpx2.Timeout(1.0))
        stored = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": SENDER, **settings}
        context = Context("k1", "https://desk.example.jp", sandbox=server.base)
        made = registry.build("sms", stored, http, context)
        assert isinstance(made, Sms)
        yield made, server
