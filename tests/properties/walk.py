"""Every address there is, as an outsider goes through them: with the ids of what they may not see in each place."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select, text
from starlette.routing import Route

from app.db import Base, reading
from app.models import Conversation
from app.web import routes
from app.web.api.framework import ENDPOINTS, PREFIX, Endpoint
from tests.hostile import plausible
from tests.hostile.asgi import Caller, Headers, Reply
from tests.properties.world import Viewer, World, hidden_from, ids_of, nobody_is_told

ABSENT = 987_654_321
FORM = {"text": "hello", "client_id": "client-of-an-outsider", "take": "1", "type": "complaint", "reason": "x",
        "until": "2100-01-01T00:00", "agent_id": "1", "label_id": "1", "name": "x", "version": "0"}  # fmt: skip
NOUNS = {"conversations": "conversation_id", "inbox": "conversation_id", "messages": "message_id",
         "escalations": "escalation_id", "links": "link_id", "relocations": "relocation_id",
         "tasks": "task_id", "calls": "call_id"}  # fmt: skip
FOR_NOBODY = (
    "/login",
    "/logout",
    "/demo",
    "/help",
    "/hooks",
    "/robots.txt",
    "/widget",
    "/static",
    "/settings/me",
)
KNOWN = ("conversation_id", "message_id", "customer_id", "case_id", "escalation_id", "attachment_id",
         "identity_id", "link_id", "relocation_id", "task_id", "call_id", "other_id", "other_thread_id")  # fmt: skip
OTHERS = ("other_id", "other_thread_id")  # the second of two: the API names a customer, pages a conversation
NOTHING = dict.fromkeys(KNOWN, ABSENT) | {"key": "nothing"}
FREE = ("agent_id", "rule_id", "form_id", "reply_id", "channel_id", "entry_id", "label_id", "team_id",
        "webhook_id", "question_id", "delivery_id")  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A route, and the parameters of it that name something of a conversation."""

    method: str
    path: str
    endpoint: Endpoint | None = None

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)", self.path)

    @property
    def scoped(self) -> bool:
        return any(name in KNOWN or name == "key" for name in self.named())

    @property
    def paired(self) -> bool:
        """Whether it takes two, of which one may be shown and the other hidden."""
        return any(name in OTHERS for name in self.named())

    def named(self) -> list[str]:
        """The parameters by the names of what they identify."""
        if self.endpoint is not None:
            return self.parameters
        first = self.path.split("/")[1]
        if first == "files":
            return ["key"]
        known = {"id": NOUNS.get(first, "other"), "other": "other_thread_id"}
        return [known.get(name, "other") for name in self.parameters]

    def filled(self, ids: dict[str, Any]) -> str:
        """The path with these ids in it."""
        path = self.path
        for parameter, name in zip(self.parameters, self.named(), strict=True):
            path = re.sub(rf"\{{{parameter}(:\w+)?\}}", str(ids.get(name, 1)), path, count=1)
        return path


def places() -> list[Place]:
    """Every route of pages and of the API, but those where nobody is signed in."""
    found = [
        Place(method, route.path)
        for route in routes()
        if isinstance(route, Route) and not route.path.startswith((*FOR_NOBODY, PREFIX))
        for method in sorted(route.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]
    api = [Place(one.method, PREFIX + one.path, one) for one in ENDPOINTS]
    strange = {name for one in api for name in one.parameters} - {*KNOWN, *FREE}
    assert not strange, f"new kinds of ids: say in walk.py what they are: {strange}"
    return [*found, *api]


def look_everywhere(world: World, viewer: Viewer, caller: Caller) -> int:
    """Every GET, with the ids of something hidden, and of something shown; returns how many answers there were.

    Raises AssertionError where an answer gives anything away, or tells that something hidden is there.
    """
    hidden = sorted(hidden_from(world, viewer))
    told_by = {own: world.words[own][1] for own in hidden}
    shown = [one for one in sorted(world.words) if one not in hidden]
    asked = 0
    for place in [one for one in places() if one.method == "GET"]:
        for own in [world.rolls.choice(hidden), *world.rolls.sample(shown, min(place.scoped, len(shown)))]:
            ids = ids_of(own)
            for query in _queries(place, ids, world.words[own][0]):
                reply = ask(caller, viewer, place, ids, query)
                told = [one for one, word in told_by.items() if word in reply.text]
                assert not told, f"{place.path}?{query} shows agent {viewer.id} conversations {told}"
                assert reply.status < 500, (place, reply.text)
                asked += 1
            if place.scoped and own in told_by and reply.status != 404:
                absent = ask(caller, viewer, place, NOTHING, "").status
                assert reply.status == absent == 403, f"{place.path} answers {reply.status}, not 404"
        for pair in _pairs(world, place, hidden, shown):
            replies = [ask(caller, viewer, place, ids, "") for ids in pair]
            nobody_is_told(world, viewer, replies[0].text, place.path)
            assert [one.status for one in replies] == [404, 404], (
                f"{place.path} takes what is hidden, not 404"
            )
            asked += 1
    return asked


def try_everything(world: World, viewer: Viewer, caller: Caller) -> int:
    """Every other method, on what is hidden: nothing may change, and the answer is that for what is not there."""
    hidden = sorted(hidden_from(world, viewer))
    shown = [one for one in sorted(world.words) if one not in hidden]
    before, tried = fingerprint(), 0
    for place in [one for one in places() if one.method != "GET" and one.scoped and hidden]:
        seed = world.rolls.random()
        alone = (ids_of(world.rolls.choice(hidden)), NOTHING)
        for pair in (alone, *_pairs(world, place, hidden, shown)):
            replies = [ask(caller, viewer, place, ids, "", random.Random(seed)) for ids in pair]
            nobody_is_told(world, viewer, replies[0].text, (place.method, place.path))
            same = [reply.status for reply in replies]
            assert same[0] == same[1], (place.method, place.path, same, replies[0].text)
            assert 400 <= same[0] < 500, (place.method, place.path, same, replies[0].text)
            tried += 1
    assert fingerprint() == before, "an outsider changed something"
    return tried


def _pairs(
    world: World, place: Place, hidden: list[int], shown: list[int]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Where a place takes two: something shown with something hidden, and with what is not there."""
    if place.paired and hidden and shown:
        first, second = ids_of(world.rolls.choice(shown)), ids_of(world.rolls.choice(hidden))
        yield {**first, **{name: second[name] for name in OTHERS}}, {**first, **dict.fromkeys(OTHERS, ABSENT)}


def _queries(place: Place, ids: dict[str, Any], word: str) -> Iterator[str]:
    """What to ask with: nothing, and one by one whatever could name something of the conversation."""
    if place.endpoint is None:
        yield urlencode({"q": word, "after": 0, "view": "open"})
        return
    if place.path.endswith("/stream"):
        yield "after=0"
        return
    yield "limit=100" if "limit" in _fields(place.endpoint) else ""
    guesses = {"q": word, "conversation": ids["conversation_id"], "customer": ids["customer_id"],
               "after": "0", **ids}  # fmt: skip
    for name in _fields(place.endpoint):
        if name in guesses and name != "limit":
            yield urlencode({name: guesses[name]})


def _fields(endpoint: Endpoint) -> tuple[str, ...]:
    return endpoint.query.__struct_encode_fields__ if endpoint.query else ()


def ask(
    caller: Caller,
    viewer: Viewer,
    place: Place,
    ids: dict[str, Any],
    query: str,
    rolls: random.Random | None = None,
) -> Reply:
    """As this viewer's browser, or a program of theirs."""
    headers, body = _pages(viewer) if place.endpoint is None else _program(viewer), b""
    if place.method != "GET" and rolls is not None:
        body = _form() if place.endpoint is None else _json(place, rolls)
    patience = 0.3 if place.path.endswith("/stream") else 20.0
    return caller.call(place.method, place.filled(ids), query.encode(), headers, body, patience)


def _pages(viewer: Viewer) -> Headers:
    return [
        (b"cookie", f"madoguchi={viewer.session}".encode()),
        (b"x-csrf-token", viewer.csrf.encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"accept", b"text/html"),
    ]


def _program(viewer: Viewer) -> Headers:
    return [
        (b"authorization", f"Bearer {viewer.token}".encode()),
        (b"content-type", b"application/json"),
        (b"if-match", b"*"),
    ]


def _form() -> bytes:
    return urlencode(FORM).encode()


def _json(place: Place, rolls: random.Random) -> bytes:
    body = plausible.body_of(place.method, place.path)
    return b"" if body is None else plausible.packed(plausible.value(body, rolls))


def fingerprint() -> list[object]:
    """How many rows every table has, and the conversations as they are."""
    aside = {"signin", "api_token", "idempotency", "kept_answer"}
    with reading() as db:
        tables = [one for one in Base.metadata.sorted_tables if one.name not in aside]
        counts = [(one.name, db.scalar(select(func.count()).select_from(one))) for one in tables]
        rows = db.execute(select(Conversation.__table__).order_by(text("id"))).all()
    return [*counts, *map(tuple, rows)]
