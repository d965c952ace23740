"""What every connector promises, over every registered kind and every captured payload."""

import contextlib
import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import registry, text
from channels.base import BadSignature, ChannelError, Event, Outbound, Previewing, bubbles, split_text
from channels.settings import fields_of
from tests.channels.cases import (
    CASES,
    CONTEXT,
    HTTP,
    ROOT,
    SOMEBODY,
    THEIRS,
    Payload,
    answering,
    payloads,
    shown,
)
from tests.examples import some

ICONS = {
    line.split("#")[0].strip() for line in (ROOT / "static" / "icons.txt").read_text("utf-8").splitlines()
}
KINDS = sorted(CASES if THEIRS else registry.KINDS)
JSON = [kind for kind in KINDS if any(one.request.json() is not None for one in payloads(kind))]
CALLING = [kind for kind in KINDS if CASES[kind].sends is not None]
ANY_PAYLOAD = pytest.mark.parametrize("payload", payloads(), ids=lambda p: f"{p.kind}/{p.name}")
ANY_KIND = pytest.mark.parametrize("kind", KINDS)
MESSAGE = Outbound("key-1", SOMEBODY, "お待たせしました")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@ANY_KIND
def test_a_kind_declares_itself(kind: str) -> None:
    made = registry.connector(kind)
    assert made.kind == kind
    assert made.label
    assert made.features.icon in ICONS
    assert payloads(kind), "a kind needs captured payloads"
    assert kind in CASES, "the contract test needs a case for every kind"


@ANY_KIND
def test_a_kind_can_be_built_from_nothing_stored(kind: str) -> None:
    built = registry.build(kind, {"of_another_version": 1}, HTTP, CONTEXT)
    assert is_dataclass(built.settings)
    assert all(made.label for made in fields_of(type(built.settings)))


@ANY_PAYLOAD
def test_a_captured_request_is_accepted_and_says_what_it_says(payload: Payload) -> None:
    connector = payload.connector()
    with time_machine.travel(payload.at, tick=False):
        connector.verify(payload.request)
    events = connector.parse(payload.request)
    assert len(events) == len(payload.events)
    for event, expected in zip(events, payload.events, strict=True):
        assert within(shown(event), expected) == expected


@ANY_PAYLOAD
def test_the_same_request_says_the_same_twice(payload: Payload) -> None:
    first = payload.connector().parse(payload.request)
    with time_machine.travel(payload.at + timedelta(days=3), tick=False):
        assert payload.connector().parse(payload.request) == first


@ANY_PAYLOAD
def test_every_time_is_aware_and_utc(payload: Payload) -> None:
    for event in payload.connector().parse(payload.request):
        for at in times(event):
            assert at.tzinfo is UTC


@ANY_PAYLOAD
def test_a_tampered_or_unsigned_request_is_refused(payload: Payload) -> None:
    connector = payload.connector()
    with time_machine.travel(payload.at, tick=False):
        with pytest.raises(BadSignature):
            connector.verify(CASES[payload.kind].tamper(payload.request))
        with pytest.raises(BadSignature):
            connector.verify(CASES[payload.kind].unsign(payload.request))


@ANY_KIND
@given(body=st.binary(max_size=300))
@settings(max_examples=some(60), deadline=None)
def test_junk_never_raises(kind: str, body: bytes) -> None:
    sample = payloads(kind)[0]
    assert isinstance(sample.connector().parse(replace(sample.request, body=body)), list)


@pytest.mark.parametrize("kind", JSON)
@given(value=json_values, data=st.data())
@settings(max_examples=some(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_payload_with_any_value_swapped_never_raises(kind: str, value: Any, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from([one for one in payloads(kind) if one.request.json() is not None]))
    document = json.loads(sample.request.body)
    path = data.draw(st.sampled_from(list(paths(document))))
    body = json.dumps(put(document, path, value)).encode("utf-8", "surrogatepass")
    events = sample.connector().parse(replace(sample.request, body=body))
    assert all(storable(event) for event in events)


@ANY_KIND
@given(
    headers=st.dictionaries(st.text(max_size=20), st.text(max_size=80), max_size=4),
    method=st.text(max_size=6),
)
@settings(max_examples=some(60), deadline=None)
def test_any_headers_are_refused_or_accepted_but_never_an_error(
    kind: str, headers: dict[str, str], method: str
) -> None:
    sample = payloads(kind)[0]
    request = replace(sample.request, method=method, headers={**sample.request.headers, **headers})
    connector = sample.connector()
    with contextlib.suppress(BadSignature):
        connector.verify(request)
    connector.parse(request)


@ANY_KIND
@given(words=st.text(min_size=1, max_size=60), times_over=st.integers(1, 400))
@settings(max_examples=some(40), deadline=None)
def test_a_long_text_is_split_in_the_unit_of_the_platform(kind: str, words: str, times_over: int) -> None:
    features = registry.connector(kind).features
    pieces = split_text(words * times_over, features)
    if features.max_length is not None:
        assert all(0 < text.length(piece, features.length_unit) <= features.max_length for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join((words * times_over).split())


@pytest.mark.parametrize("kind", CALLING)
@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (401, True), (404, True), (429, False), (500, False), (503, False)]
)
def test_a_refusal_is_permanent_or_passing(kind: str, status: int, permanent: bool) -> None:
    connector = answering(kind, lambda request: httpx2.Response(status, headers={"Retry-After": "7"}))
    with pytest.raises(ChannelError) as told:
        connector.send(message(kind))
    assert told.value.permanent is permanent
    # a failure of theirs may come after the message was taken: who has a key may say so, and is asked again
    assert told.value.ambiguous is False or (status >= 500 and connector.features.idempotent)
    assert told.value.sentence.endswith(".")
    assert told.value.retry_after == (None if permanent else 7.0)


@pytest.mark.parametrize("kind", CALLING)
@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (httpx2.ConnectError, False),
        (httpx2.ConnectTimeout, False),
        (httpx2.ReadTimeout, True),
        (httpx2.ReadError, True),
        (httpx2.WriteTimeout, True),
        (httpx2.RemoteProtocolError, True),
    ],
)
def test_a_lost_answer_is_ambiguous_and_a_lost_connection_is_not(
    kind: str, error: type[httpx2.TransportError], ambiguous: bool
) -> None:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise error("no")

    with pytest.raises(ChannelError) as told:
        answering(kind, fail).send(message(kind))
    assert told.value.ambiguous is ambiguous
    assert told.value.permanent is False


@pytest.mark.parametrize("kind", CALLING)
def test_a_kind_that_says_it_is_idempotent_sends_the_key(kind: str) -> None:
    seen: list[httpx2.Request] = []

    def accept(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={})

    answering(kind, accept).send(message(kind))
    if registry.connector(kind).features.idempotent:
        key = CASES[kind].sent_key(message(kind))
        assert any(key in value for value in seen[0].headers.values())


@pytest.mark.parametrize("kind", CALLING)
@pytest.mark.parametrize("choices", [(), ("はい", "いいえ")])
def test_what_is_previewed_is_what_is_sent(kind: str, choices: tuple[str, ...]) -> None:
    """Each of the messages a preview shows goes out with these words, in this order, and nothing is said besides."""
    features = registry.connector(kind).features
    words = "".join(f"{n}番目の文です、👨‍👩‍👧‍👦が読みます。" for n in range(400))[
        : 2 * (features.max_length or 2000)
    ]
    outbound = replace(message(kind), text=words, quick_replies=choices[: features.max_quick_replies])
    seen: list[str] = []

    def accept(request: httpx2.Request) -> httpx2.Response:
        seen.extend(said_in(request))
        return httpx2.Response(200, json={})

    connector = answering(kind, accept)
    connector.send(outbound)
    shown = (
        connector.preview(outbound).bubbles
        if isinstance(connector, Previewing)
        else bubbles(outbound, features)
    )
    told = [one.text for one in shown]
    assert "".join("".join(told).split()) == "".join(words.split())
    assert [one for one in seen if one in told] == told
    assert [choice for one in shown for choice in one.choices] == list(outbound.quick_replies)
    assert set(outbound.quick_replies) <= set(seen)


@ANY_KIND
def test_a_kind_has_a_page_of_help(kind: str) -> None:
    page = registry.connector(kind).help_page
    if THEIRS and not page:
        return
    pages = ROOT / "app" / "help"
    guides = [pages / locale / f"{page}.md" for locale in ("ja", "en")]
    assert (pages / f"{page}.md").is_file() or all(one.is_file() for one in guides)


def message(kind: str) -> Outbound:
    return replace(MESSAGE, to=CASES[kind].to, last=CASES[kind].last)


def said_in(request: httpx2.Request) -> list[str]:
    """Every string in the body of a call, in its order."""
    if "json" in request.headers.get("content-type", ""):
        document = json.loads(request.content)
        found = [at(document, path) for path in paths(document)]
        return [one for one in found if isinstance(one, str)]
    return [value for values in parse_qs(request.content.decode()).values() for value in values]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    return at(document[path[0]], path[1:]) if path else document


def within(told: Any, expected: Any) -> Any:
    """The part of `told` that `expected` speaks of."""
    if isinstance(told, dict) and isinstance(expected, dict):
        return {key: within(told.get(key), value) for key, value in expected.items()}
    return told


def times(value: Any) -> list[datetime]:
    if isinstance(value, datetime):
        return [value]
    if is_dataclass(value):
        return [at for made in fields(value) for at in times(getattr(value, made.name))]
    return []


def paths(value: Any, here: tuple[Any, ...] = ()) -> Any:
    yield here
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*here, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(document, dict):
        return {**document, path[0]: put(document[path[0]], path[1:], value)}
    return [put(inner, path[1:], value) if at == path[0] else inner for at, inner in enumerate(document)]


def storable(event: Event) -> bool:
    """No NUL and nothing that cannot be written as UTF-8, which no database takes."""
    written = json.dumps(shown(event), ensure_ascii=False)
    return "\\u0000" not in written and bool(written.encode("utf-8"))
