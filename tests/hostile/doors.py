"""The doors, and one attack on each: what is sent is made by a seeded random, so that it can be made again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

from app import visitors
from app.auth import find, sign_in
from app.db import now, transaction
from app.models import Agent
from app.tokens import SCOPES, make
from app.web.api.framework import ENDPOINTS, PREFIX, Endpoint
from channels import api
from tests import factories
from tests.attack.scene import Scene, routes
from tests.attack.test_fuzz import FIELDS, KEYS, KINDS, QUERIES
from tests.channels import cases
from tests.hostile import files, mutation, plausible
from tests.hostile.asgi import Caller, Headers, Reply

LARGEST = 1024 * 1024  # bytes of a frame that our server hands on
SECRET = factories.SECRETS["api"]["secret"]


@dataclass
class Stage:
    """What attacks are aimed at, and the keys that an attacker who has come in holds."""

    scene: Scene
    caller: Caller
    session: str
    csrf: str
    token: str
    visitor: str = ""


def stage(scene: Scene, caller: Caller) -> Stage:
    """The attacker is an admin, so that every handler is reached."""
    admin = scene.admin
    session = sign_in(admin.email, factories.PASSWORD, "127.0.0.1", "a browser").token
    signed = find(session)
    assert signed is not None
    with transaction() as db:
        token = make(db, db.get_one(Agent, admin.id), "a program", SCOPES)[1]
    return Stage(scene, caller, session, signed.csrf, token)


def renew(at: Stage) -> None:
    """A fresh session of a visitor (what was sent may have ended the last); the other keys must still open."""
    said = json.dumps({"token": None, "frames": [_hello(at) | {"token": None}]}).encode()
    told = json.loads(at.caller.call("POST", "/widget/shop/frames", body=said).body)
    at.visitor = told["frames"][0].get("token", "")  # an admin may have shut the chat by the API
    for path in ("/inbox", f"{PREFIX}/me"):
        reply = at.caller.call("GET", path, headers=_keys(at, path))
        assert reply.status == 200, (
            f"the attacker has locked themselves out of {path}: nothing is tried any more"
        )


Attack = Callable[[Stage, random.Random], Reply]


def hooks(at: Stage, rolls: random.Random) -> Reply:
    """A provider's request: signed and wrong, or unsigned."""
    ground = rolls.choice(_events())
    body = mutation.packed(mutation.tree(ground, rolls), rolls)
    if rolls.random() < 0.4:
        body = mutation.bytes_of(body, rolls)
    stamp = int(time.time())
    signature = f"t={stamp},v1={api.sign(SECRET, stamp, body)}".encode()
    if rolls.random() < 0.15:
        signature = mutation.sendable(mutation.bytes_of(signature, rolls))
    headers = [(b"x-madoguchi-signature", signature), *mutation.headers(rolls)]
    method = rolls.choice(("POST",) * 9 + ("GET",))
    return at.caller.call(method, "/hooks/partner", _query(rolls), headers, body)


@cache
def _events() -> list[Any]:
    """Captured payloads of the API channel, and receipts for what was sent."""
    captured = [json.loads(one.request.body) for one in cases.payloads("api")]
    return [*captured, {"type": "receipt", "id": "m1", "state": "read", "through": True, "from": {"id": "u"}}]


def widget(at: Stage, rolls: random.Random) -> Reply:
    """A visitor's frames by the polling door."""
    frames = [_frame(at, rolls) for _ in range(rolls.choice((1, 1, 2, 5)))]
    told = {"token": at.visitor or None, "frames": frames}
    body = mutation.packed(mutation.tree(told, rolls) if rolls.random() < 0.3 else told, rolls)
    if rolls.random() < 0.2:
        body = mutation.bytes_of(body, rolls)
    return at.caller.call("POST", "/widget/shop/frames", b"", mutation.headers(rolls), body)


def socket(at: Stage, rolls: random.Random) -> Reply:
    """A visitor's or an agent's socket, with text and bytes that are no frames among those that are."""
    said: list[str | bytes] = []
    if rolls.random() < 0.5:
        path, headers = "/inbox/socket", [(b"cookie", f"madoguchi={at.session}".encode()),
                                          (b"origin", b"http://testserver")]  # fmt: skip
        ground: list[Any] = [
            {"t": "looking", "conversation": 1},
            {"t": "typing", "conversation": 1, "on": True},
        ]
    else:
        path, headers = "/widget/shop/socket", mutation.headers(rolls)
        ground = [_frame(at, rolls) for _ in range(3)]
        said.append(mutation.packed(_hello(at), rolls).decode("utf-8", "replace"))
    for _ in range(rolls.randrange(4)):
        wire = mutation.packed(mutation.tree(rolls.choice(ground), rolls), rolls)
        wire = mutation.bytes_of(wire, rolls) if rolls.random() < 0.3 else wire
        wire = wire[:LARGEST]
        said.append(wire if rolls.random() < 0.2 else wire.decode("utf-8", "replace"))
    return at.caller.talk(path, said, headers)


def _hello(at: Stage) -> dict[str, Any]:
    ticket = visitors.issue_ticket("shop", "https://shop.example.jp", now())
    return {"t": "hello", "v": 1, "ticket": ticket, "locale": "ja", "token": at.visitor or None}


def _frame(at: Stage, rolls: random.Random) -> dict[str, Any]:
    """A frame of any kind, most of it wrong."""
    kind = rolls.choice(KINDS)
    good = {
        "id": f"m{rolls.randrange(10**9)}",
        "text": "送料はいくらですか",
        "message": 1,
        "score": 5,
        "after": 0,
    }
    frame: dict[str, Any] = {"t": kind, **(_hello(at) if kind == "hello" else good)}
    for name in rolls.sample(KEYS, rolls.choice((0, 1, 1, 2, 4))):
        frame[name] = mutation.junk(rolls)
    return frame


def program(at: Stage, rolls: random.Random) -> Reply:
    """The API: an operation of its document, asked nearly as the document says."""
    endpoint = rolls.choice(_operations())
    path = PREFIX + endpoint.path
    for name in endpoint.places:
        path = path.replace(f"{{{name}}}", _segment(str(rolls.choice((1, 1, 2, 3))), rolls))
    query = {name: mutation.text(rolls) for name in _fields(endpoint) if rolls.random() < 0.3}
    headers = [(b"authorization", f"Bearer {at.token}".encode()), (b"content-type", b"application/json"),
               *([(b"if-match", b"*")] if rolls.random() < 0.8 else []), *mutation.headers(rolls)]  # fmt: skip
    body = _body(endpoint, rolls)
    sent = _urlencoded(query) if rolls.random() < 0.8 else _query(rolls)
    patience = 0.05 if endpoint.path.endswith("/stream") else 20.0
    return at.caller.call(endpoint.method, path, sent, headers, body, patience)


@cache
def _operations() -> list[Endpoint]:
    """Not those that end the attacker's own ability to attack, or call other hosts."""
    return [one for one in ENDPOINTS if not one.path.endswith("/tests")]


def _fields(endpoint: Endpoint) -> tuple[str, ...]:
    return endpoint.query.__struct_encode_fields__ if endpoint.query else ()


def _body(endpoint: Endpoint, rolls: random.Random) -> bytes:
    schema = plausible.body_of(endpoint.method, PREFIX + endpoint.path)
    if schema is None:
        return b"" if rolls.random() < 0.8 else rolls.randbytes(20)
    body = mutation.packed(mutation.tree(plausible.value(schema, rolls), rolls), rolls)
    return mutation.bytes_of(body, rolls) if rolls.random() < 0.15 else body


def uploads(at: Stage, rolls: random.Random) -> Reply:
    """Files by each of the three doors for them."""
    body, kind = files.form(rolls, at.csrf)
    door = rolls.choice(("/widget/shop/files", "/conversations/1/attachments", f"{PREFIX}/attachments"))
    headers = [(b"content-type", kind), *_keys(at, door)]
    return at.caller.call("POST", door, b"", [*headers, *mutation.headers(rolls)], body)


def forms(at: Stage, rolls: random.Random) -> Reply:
    """Any form of ours, with any fields."""
    method, pattern = rolls.choice(_forms())
    path = at.scene.path(pattern)
    names = rolls.sample(FIELDS, rolls.randrange(1, 30))
    sent = _urlencoded({name: mutation.text(rolls) if rolls.random() < 0.6 else "1" for name in names})
    if rolls.random() < 0.2:
        sent = mutation.bytes_of(sent, rolls)
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        *_keys(at, path),
        *mutation.headers(rolls),
    ]
    return at.caller.call(method, path, b"", headers, sent)


@cache
def _forms() -> list[tuple[str, str]]:
    """What would sign the attacker out, or call other hosts, is left out."""
    ends = ("/logout", "/me/password", "/me/sessions", "/test", "/deactivation", "/password", "/revocation")
    outside = ("/widget", "/hooks", PREFIX, "/demo", "/settings/people/{id}", "/settings/channels/{id}")
    return [
        (method, path)
        for method, path in routes()
        if method in ("POST", "DELETE") and not path.startswith(outside) and not path.endswith(ends)
    ]


def pages(at: Stage, rolls: random.Random) -> Reply:
    """Any page, with what pages are asked with, searches above all; paths of nonsense among them."""
    if rolls.random() < 0.4:
        path, query = rolls.choice(("/search", f"{PREFIX}/search")), {"q": _search(rolls)}
    else:
        path = at.scene.path(rolls.choice(_pages()))
        query = {name: mutation.text(rolls) for name in QUERIES if name != "wait" and rolls.random() < 0.4}
    if rolls.random() < 0.2:
        path = "/".join(_segment(part, rolls) if rolls.random() < 0.3 else part for part in path.split("/"))
    sent = _urlencoded(query) if rolls.random() < 0.8 else _query(rolls)
    headers = [*_keys(at, path), *mutation.headers(rolls)]
    return at.caller.call("GET", path, sent, headers, b"", 0.05)


@cache
def _pages() -> list[str]:
    return [path for method, path in routes() if method == "GET" and not path.startswith(PREFIX)]


def _search(rolls: random.Random) -> str:
    words = [
        "送料",
        "返",
        "from:佐藤",
        "before:2026-01-01",
        "has:file",
        '"',
        "-",
        "(",
        ")",
        "OR",
        "*",
        "#1",
        "label:x",
        ":",
    ]
    return " ".join(
        rolls.choice((rolls.choice(words), mutation.text(rolls)[:300])) for _ in range(rolls.randrange(1, 8))
    )


def _keys(at: Stage, path: str) -> Headers:
    if path.startswith(PREFIX):
        return [(b"authorization", f"Bearer {at.token}".encode())]
    if path.startswith("/widget"):
        return [(b"authorization", f"Bearer {at.visitor}".encode())]
    return [(b"cookie", f"madoguchi={at.session}".encode()), (b"x-csrf-token", at.csrf.encode())]


def _segment(part: str, rolls: random.Random) -> str:
    """As a server hands a part of a path on: decoded, and what is no UTF-8 replaced."""
    junk = mutation.text(rolls)[:300].replace("/", "").encode("utf-8", "replace").decode()
    return junk if rolls.random() < 0.3 else part


def _urlencoded(fields: dict[str, str]) -> bytes:
    return urlencode(fields, errors="surrogatepass").encode()


def _query(rolls: random.Random) -> bytes:
    return rolls.choice(
        (b"", b"", b"%", b"&=&", b"a=%ff", quote_from_bytes(rolls.randbytes(30)).encode(), b"after=%00")
    )


DOORS: dict[str, Attack] = {
    "hooks": hooks, "widget": widget, "socket": socket, "api": program,
    "uploads": uploads, "forms": forms, "pages": pages,
}  # fmt: skip
