"""Captured payloads, and what the contract test must know of a kind beyond what the kind itself declares."""

import json
import os
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from channels import guard, registry
from channels.base import Connector, Context, Event, Outbound, Person, Request
from channels.line.messages import retry_key

ROOT = Path(__file__).parents[2]
# A connector of another package is held to the same contract: a folder like this one, with `cases.py` and payloads.
THEIRS = os.environ.get("MADOGUCHI_TEST_CONNECTOR", "")
HERE = Path(THEIRS).resolve() if THEIRS else Path(__file__).parent
CONTEXT = Context("k1", "https://desk.example.jp")
HTTP = guard.Client()
SOMEBODY = Person("u-1")


@dataclass(frozen=True)
class Payload:
    """One file of tests/channels/<kind>/: a request as it came, when, its settings, and what it says."""

    kind: str
    name: str
    at: datetime
    settings: dict[str, Any]
    request: Request
    events: list[dict[str, Any]]

    def connector(self) -> Connector[Any]:
        return registry.build(self.kind, self.settings, HTTP, CONTEXT)


@cache
def _told(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def payload(path: Path) -> Payload:
    told = json.loads(_told(path))
    request = told["request"] | {"body": told["request"]["body"].encode()}
    return Payload(
        kind=path.parent.name,
        name=path.stem,
        at=datetime.fromisoformat(told["at"]),
        settings=told["settings"],
        request=Request(**request),
        events=told["events"],
    )


@cache
def _files(kind: str) -> Sequence[Path]:
    return sorted(HERE.glob(f"{kind}/*.json"))


def payloads(kind: str = "*") -> list[Payload]:
    return [payload(path) for path in _files(kind)]


def shown(event: Event) -> dict[str, Any]:
    """`event` as the payload files write it."""
    told: dict[str, Any] = json.loads(json.dumps(asdict(event), default=_plain))
    return {"event": type(event).__name__, **told}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)


def _longer_body(request: Request) -> Request:
    return replace(request, body=request.body + b" ")


def _foreign_origin(request: Request) -> Request:
    return replace(request, headers={**request.headers, "origin": "https://evil.example"})


@dataclass(frozen=True)
class Case:
    """`tamper` makes a good request one that must be refused. `sends` are settings with which `send` calls
    out by HTTP, None if it never does. `sent_key` is how the key of a message goes along.
    `to` is somebody who can be written to, `last` the context of what they wrote. `unsign` takes away what proves
    who sent a request. `asked_before`: path → what is answered there before the call that a test is about (a token).
    """

    tamper: Callable[[Request], Request]
    sends: dict[str, Any] | None = None
    sent_key: Callable[[Outbound], str] = lambda outbound: outbound.key
    to: Person = SOMEBODY
    last: Mapping[str, Any] = field(default_factory=dict)
    unsign: Callable[[Request], Request] = lambda request: replace(request, method="POST", headers={})
    asked_before: Mapping[str, Any] = field(default_factory=dict)


def _nobody_signs(request: Request) -> Request:
    return replace(request, headers={**request.headers, "authorization": "Bearer of-somebody-else"})


def _another_key(request: Request) -> Request:
    return replace(request, headers={**request.headers, "x-madoguchi-key": "of-somebody-else"})


def _another_secret(request: Request) -> Request:
    return replace(request, headers={**request.headers, "x-telegram-bot-api-secret-token": "0" * 64})


def _another_nonce(request: Request) -> Request:
    return replace(request, query={**request.query, "nonce": "0"})


OURS = {
    "email": Case(tamper=_nobody_signs),
    "webchat": Case(tamper=_foreign_origin),
    "line": Case(
        tamper=_longer_body,
        sends={"channel_id": "1657000000", "channel_secret": "s" * 32, "access_token": "t0ken"},
        sent_key=lambda outbound: retry_key(CONTEXT.seal_key, outbound, 0),
    ),
    "telegram": Case(
        tamper=_another_secret, sends={"token": "7204518631:AAHk3vXw9qLz0RtYp5mNc2bD8fG6jS1eUoQ"}
    ),
    "messenger": Case(
        tamper=_longer_body, sends={"page_id": "1020", "app_secret": "s" * 32, "access_token": "t"}
    ),
    "instagram": Case(tamper=_longer_body, sends={"account_id": "1784", "access_token": "t"}),
    "whatsapp": Case(tamper=_longer_body, sends={"phone_number_id": "1065", "access_token": "t"}),
    "x": Case(
        tamper=_longer_body,
        sends={"client_id": "c", "client_secret": "s" * 32, "refresh_token": "r", "access_token": "t"},
        to=Person("1374285921"),
    ),
    "wechat": Case(
        tamper=_another_nonce,
        unsign=lambda request: replace(request, method="POST", query={}),
        sends={"app_id": "wx5f3a9c0b7d2e4816", "app_secret": "s" * 32},
        asked_before={"/cgi-bin/stable_token": {"access_token": "t0ken", "expires_in": 7200}},
    ),
    "tiktok": Case(
        tamper=_longer_body,
        sends={"app_id": "7412", "app_secret": "s" * 32, "business_id": "b1", "access_token": "t"},
        last={"conversation": "c1"},
    ),
    "sms": Case(
        tamper=_longer_body,
        sends={"account_sid": "AC" + "0" * 32, "auth_token": "t" * 32, "sender": "+15005550006"},
        to=Person("+14158675309"),
    ),
    "twilio_voice": Case(tamper=_longer_body),
    "amazon_connect": Case(tamper=_another_key),
    "zoom_phone": Case(tamper=_longer_body),
    "asterisk": Case(tamper=_longer_body),
    "call": Case(tamper=_longer_body),
    "shop": Case(tamper=_longer_body),
    "store": Case(tamper=_longer_body),
    "api": Case(tamper=_longer_body, sends={"secret": "s" * 20, "callback_url": "https://example.jp/in"}),
}
CASES: Mapping[str, Case] = runpy.run_path(str(HERE / "cases.py"))["CASES"] if THEIRS else OURS


def answering(kind: str, answer: Callable[[httpx2.Request], httpx2.Response]) -> Connector[Any]:
    """A connector of `kind` whose provider answers as told."""
    made, before = registry.connector(kind), CASES[kind].asked_before

    def answered(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        return httpx2.Response(200, json=before[path]) if path in before else answer(request)

    settings = registry.build(kind, CASES[kind].sends or {}, HTTP, CONTEXT).settings
    return made(settings, httpx2.Client(transport=httpx2.MockTransport(answered)), CONTEXT)
