"""Bad input, over every kind by itself: each is refused or becomes nothing, in words, and its neighbours lose nothing.

What a kind alone knows (its codes of a revoked token, of a page that is gone) stands with its own tests.
"""

from __future__ import annotations

import hmac
import json
import tracemalloc
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import httpx2
import pytest
import time_machine

from app.i18n import catalogue
from channels import guard, registry, text
from channels.base import (
    Attachment,
    BadSignature,
    Call,
    ChannelError,
    Fetching,
    Ignored,
    Inbound,
    Outbound,
)
from tests.channels.cases import CASES, CONTEXT, HTTP, Payload, answering, payloads, shown
from tests.channels.test_contract import CALLING, JSON, KINDS, put, said_in

ANY_KIND = pytest.mark.parametrize("kind", KINDS)
ANY_CALLING = pytest.mark.parametrize("kind", CALLING)
FAMILY = "👨‍👩‍👧‍👦"
NO_OTHER_ACCOUNT = {  # kinds whose requests name no account: their own secret says whose they are
    *("api", "email", "webchat"),
    "wechat",  # its own token; what is sealed names its AppID, and is refused where that is another
    "telegram",  # the secret token is made of the bot's own token
    *("sms", "twilio_voice"),  # the address that was called is signed
    *("call", "shop", "store", "asterisk", "zoom_phone"),  # a secret of the channel's own
}
BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "haha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b'<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><FromUserName>&j;&x;</FromUserName></xml>'
)


def said(kind: str) -> Payload:
    """A captured request of this kind that is somebody's words, or, where nothing is said, tells something."""
    told = [one for one in payloads(kind) if any(event["event"] != "Ignored" for event in one.events)]
    return next((one for one in told if any(event.get("text") for event in one.events)), told[0])


@ANY_KIND
def test_nothing_is_accepted_while_the_secret_is_not_set(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even what somebody signed with the empty secret: here every signature fits."""
    if kind in ("webchat", "telegram"):
        return  # a page's chat has no secret, see its own tests; a bot's is made of one of ours
    payload = said(kind)
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: True)
    unset = {name: "" if isinstance(value, str) else value for name, value in payload.settings.items()}
    with time_machine.travel(payload.at, tick=False), pytest.raises(BadSignature):
        registry.build(payload.kind, unset, HTTP, CONTEXT).verify(payload.request)


@ANY_KIND
def test_what_is_meant_for_another_account_becomes_nothing_and_says_so(kind: str) -> None:
    other = [one for one in payloads(kind) if one.name.startswith("for_another_")]
    assert other or kind in NO_OTHER_ACCOUNT, "capture a request for another account: for_another_….json"
    for payload in other:
        events = payload.connector().parse(payload.request)
        assert events
        assert all(isinstance(one, Ignored) and one.reason for one in events)


@ANY_KIND
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"entry":' + b"[" * 900 + b"]" * 900 + b"}",
        b"<a>" * 200_000,
        b"\x00" * 3_000_000,
        b"a=b&" * 700_000,
    ],
    ids=["lists", "objects", "deep but whole", "tags", "zeros", "fields"],
)
def test_a_hostile_body_becomes_no_message(kind: str, body: bytes) -> None:
    sample = payloads(kind)[0]
    events = sample.connector().parse(replace(sample.request, body=body))
    assert not any(isinstance(one, Inbound) and one.text for one in events) or kind == "email"


@ANY_KIND
def test_an_xml_bomb_does_not_go_off(kind: str) -> None:
    sample = payloads(kind)[0]
    tracemalloc.start()
    try:
        events = sample.connector().parse(replace(sample.request, body=BILLION_LAUGHS))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not any("haha" in one.text for one in events if isinstance(one, Inbound)) or kind == "email"
    assert most < 20_000_000


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize(
    "value",
    ["あ" * 1_000_000, json.loads("[" * 400 + "]" * 400), {str(n): n for n in range(5_000)}],
    ids=["3 MB of text", "a deep value", "5,000 fields"],
)
def test_a_value_of_three_megabytes_or_great_depth_is_no_error_wherever_it_stands(
    kind: str, value: Any
) -> None:
    sample = next(one for one in payloads(kind) if one.request.json() is not None and one.events)
    document = json.loads(sample.request.body)
    for path in leaves(document)[:: 4 if isinstance(value, list) else 8]:
        body = json.dumps(put(document, path, value)).encode()
        events = sample.connector().parse(replace(sample.request, body=body))
        assert all(json.dumps(shown(one)) for one in events)


@pytest.mark.parametrize("kind", KINDS)
def test_five_thousand_emoji_come_in_whole(kind: str) -> None:
    spoken = [
        (event["text"], one)
        for one in payloads(kind)
        for event in one.events
        if event["event"] in ("Inbound", "Call") and event.get("text")
    ]
    if not spoken:
        return  # nobody says anything there
    words, sample = max(spoken, key=lambda pair: (pair[1].name.startswith("text"), len(pair[0])))
    emoji = "😀" * 5000
    told = sample.request.body.decode("utf-8", "surrogateescape")
    ways = [
        (json.dumps(words)[1:-1], json.dumps(emoji)[1:-1]),
        (words, emoji),
        (quote_plus(words), quote_plus(emoji)),
    ]
    changed = next((told.replace(old, new) for old, new in ways if old in told), None)
    if changed is None:
        return  # packed or sealed: these kinds cut no text, their own tests say
    events = sample.connector().parse(
        replace(sample.request, body=changed.encode("utf-8", "surrogateescape"))
    )
    texts = [one.text for one in events if isinstance(one, Inbound | Call)]
    assert any(emoji in one for one in texts)


@ANY_CALLING
def test_five_thousand_emoji_go_out_whole_and_within_the_limit(kind: str) -> None:
    seen: list[str] = []

    def accept(request: httpx2.Request) -> httpx2.Response:
        seen.extend(said_in(request))
        return httpx2.Response(200, json={})

    features = registry.connector(kind).features
    answering(kind, accept).send(outbound(kind, FAMILY * 5000))
    pieces = [one for one in seen if FAMILY in one]
    assert "".join(pieces) == FAMILY * 5000
    if features.max_length is not None:
        assert all(text.length(one, features.length_unit) <= features.max_length for one in pieces)
        assert all(one == FAMILY * (len(one) // len(FAMILY)) for one in pieces)


@ANY_CALLING
@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_who_blocks_in_mid_sentence_is_never_sent_the_beginning_twice(kind: str, status: int) -> None:
    """Several calls were needed, and one after the first is refused."""
    features = registry.connector(kind).features
    if features.max_length is None:
        return
    answers = iter([200])
    connector = answering(kind, lambda _: httpx2.Response(next(answers, status), json={}))
    with pytest.raises(ChannelError) as told:
        connector.send(outbound(kind, "あ" * features.max_length * 12))
    assert told.value.permanent
    assert told.value.ambiguous or features.idempotent
    assert told.value.sentence in catalogue("ja")


@ANY_CALLING
def test_a_revoked_token_makes_the_channel_wait_and_not_only_the_message(kind: str) -> None:
    if kind in ("tiktok", "wechat"):
        return  # they answer 200 with a code of their own
    with pytest.raises(ChannelError) as told:
        answering(kind, lambda _: httpx2.Response(401, json={})).send(outbound(kind, "はい"))
    assert told.value.permanent
    assert told.value.everybody
    assert told.value.sentence in catalogue("ja")


@ANY_CALLING
@pytest.mark.parametrize("status", [302, 400, 403, 404, 410, 413, 418, 422, 429, 500, 502, 503])
def test_every_refusal_is_a_sentence_that_can_be_read_in_japanese(kind: str, status: int) -> None:
    with pytest.raises(ChannelError) as told:
        answering(kind, lambda _: httpx2.Response(status, content=b"<h1>no")).send(outbound(kind, "はい"))
    assert told.value.sentence in catalogue("ja")
    assert told.value.sentence in catalogue("en")


INSIDE = [
    "http://169.254.169.254/latest/meta-data",
    "https://127.0.0.1/",
    "http://[::1]/",
    "https://10.0.0.1/x",
]


class Judged(httpx2.MockTransport):
    """Answers every call by sending it on to `location`; what lies inside is refused as `guard.Client` does."""

    def __init__(self, location: str) -> None:
        super().__init__(self._sent_on)
        self.location = location
        self.inside: list[str] = []

    def _sent_on(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host in ("169.254.169.254", "127.0.0.1", "::1", "10.0.0.1"):
            self.inside.append(str(request.url))
            raise guard.Forbidden("inside")
        told = {"url": self.location, "result": {"file_path": "a"}, "mime_type": "image/png", "file_size": 3}
        return httpx2.Response(302, headers={"location": self.location}, json=told)


@pytest.mark.parametrize("kind", [one for one in KINDS if issubclass(registry.connector(one), Fetching)])
@pytest.mark.parametrize("location", INSIDE)
def test_a_file_that_is_sent_on_into_our_own_network_is_not_fetched(kind: str, location: str) -> None:
    """Neither where the file's address leads inside, nor where the platform sends us on to it."""
    files = [one for payload in payloads(kind) for one in attached(payload)][:3]
    for file in (*files, Attachment("x.png", "image/png", url=location)):
        transport = Judged(location)
        connector = answering(kind, lambda _: httpx2.Response(500))
        connector.http = httpx2.Client(transport=transport)
        with pytest.raises(ChannelError) as told:
            connector.fetch(file)  # type: ignore[attr-defined]
        assert told.value.sentence in catalogue("ja")


def attached(payload: Payload) -> list[Attachment]:
    events = payload.connector().parse(payload.request)
    sent = [file for one in events if isinstance(one, Inbound) for file in one.attachments]
    recorded = [one.recording for one in events if isinstance(one, Call) and one.recording]
    return [file for file in (*sent, *recorded) if file.url or file.ref]


def outbound(kind: str, words: str) -> Outbound:
    case = CASES[kind]
    return Outbound("key-1", case.to, words, last=case.last)


def leaves(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [path for key, inner in pairs for path in leaves(inner, (*here, key))]
    return [here]
