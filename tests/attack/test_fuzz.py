"""Junk at every door: whatever comes, no failure of ours and nothing of our inside is shown."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attack.scene import Guest, Scene, at_length, browser, routes, unharmed
from tests.examples import some
from tests.web.visiting import Browser

DIGITS = ("9" * 30, str(2**63), str(2**63 - 1), "9" * 5000, "0", "-1")
NO_DIGITS = ("1e9", "١٢", "%00", "a%00b", "%ed%a0%80")
WORDS = (
    "", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "‮evil‬", "​", "👩‍👩‍👧‍👦" * 50, "<script>alert(1)</script>",
    "' OR 1=1 --", "%", "_", "*", '"', "NEAR(", "a" * 100_000, "9" * 5000, str(2**63), "-1", "NaN", "１２３",
    "javascript:alert(1)", "//evil.example", "\r\nSet-Cookie: x=1", "{{7*7}}", "%(name)s", "%s%n", "[", "../..",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00", "2026-13-45", "﷽" * 500, "İ" * 300, "٪", "\u2028",
)  # fmt: skip
FIELDS = (
    *("text", "client_id", "channel_id", "attachments", "resolve", "agent_id", "team_id", "until", "local"),
    *("type", "reason", "label_id", "take", "kind", "version", "note", "words", "name", "email", "role"),
    *("password", "current", "locale", "timezone", "theme", "send_key", "title", "language", "questions"),
    *("answer", "links", "quick_replies", "tags", "enabled", "keywords", "pattern", "action", "label", "step"),
    *("up", "member", "shortcut", "body", "undo", "always", "zone", "mon", "tue", "holidays", "days", "hue"),
    *("holiday_hours", "colour", "set_callback_url", "set_allowed_origins", "set_brand_colour", "bot", "channel"),
    *("set_logo_url", "set_secret", "set_max_upload_mb", "q", "question", "user", "next", "on", "state"),
)  # fmt: skip
QUERIES = (
    "after",
    "before",
    "m",
    "q",
    "view",
    "sort",
    "open",
    "next",
    "lang",
    "locale",
    "wait",
    "e",
    "v",
    "s",
    "channel",
)


def texts() -> st.SearchStrategy[str]:
    wild = st.text(st.characters(exclude_categories=()), max_size=40)
    return st.one_of(st.sampled_from(WORDS), wild)


def sendable(text: str) -> str:
    """What a form can carry at all: it is UTF-8, so a lone surrogate arrives as three bytes of nonsense."""
    return text.encode("utf-8", "replace").decode()


QUICK = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.mark.parametrize("role", ["nobody", "admin"])
def test_no_path_however_written_breaks_a_page(scene: Scene, role: str) -> None:
    agent = None if role == "nobody" else getattr(scene, role)
    with at_length(browser(agent)) as here:
        for method, pattern in routes():
            # What is no number never comes to a page that wants one: which it is makes no difference there.
            for id in DIGITS if re.search(r":int}", pattern) else (*DIGITS, *NO_DIGITS):
                path = "/".join(id if part.startswith("{") else part for part in pattern.split("/"))
                if path == pattern:
                    break
                if path == "/widget/files/0" or method == "OPTIONS":
                    continue
                unharmed(here.request(method, path, headers={"x-csrf-token": here.csrf}), (method, path[:80]))


def test_no_query_breaks_a_page(scene: Scene) -> None:
    rolls = random.Random(7)
    with at_length(browser(scene.admin)) as admin:
        for method, pattern in routes():
            if method != "GET":
                continue
            for word in rolls.sample(WORDS, 4):
                asked = {name: sendable(word)[:3000] for name in QUERIES if name != "wait"}
                unharmed(admin.get(scene.path(pattern), params=asked), (pattern, word[:40]))


@pytest.mark.parametrize("role", ["insider", "admin"])
def test_no_form_breaks_a_handler(scene: Scene, role: str) -> None:
    here, rolls = browser(getattr(scene, role)), random.Random(role)
    harmless = {"/logout", "/settings/me/password"}
    for method, pattern in routes():
        if (
            method not in ("POST", "DELETE")
            or pattern.startswith(("/widget", "/hooks"))
            or pattern in harmless
        ):
            continue
        path = scene.path(pattern)
        for round in range(2):
            form = {name: sendable(rolls.choice(WORDS)) for name in rolls.sample(FIELDS, 30)}
            if round == 0:
                form = dict.fromkeys(FIELDS, sendable(rolls.choice(WORDS))[:2000])
            headers = {"x-csrf-token": here.csrf}
            unharmed(here.request(method, path, data=form, headers=headers), (method, path, form))
        for body, kind in rolls.sample(BODIES, 2):
            headers = {"x-csrf-token": here.csrf, "content-type": kind}
            unharmed(here.request(method, path, content=body, headers=headers), (method, path, body[:60]))


BODIES = [
    (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
    (b"%ff=%fe&text=%00&%", "application/x-www-form-urlencoded"),
    (b"&".join(b"a=1" for _ in range(2000)), "application/x-www-form-urlencoded"),
    (b"[" * 5000, "application/json"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=\"text\"; filename=\"\x00\"\r\n\r\nhi\r\n--x--\r\n",
     "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data\r\n\r\nhi\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    (b"junk", "multipart/form-data"),
    (b"junk", "multipart/form-data; boundary=" + "x" * 500),
    (b"text=a", "application/x-www-form-urlencoded; charset=utf-7"),
    (b"", ""),
]  # fmt: skip

KINDS = (
    "hello",
    "send",
    "ask",
    "typing",
    "read",
    "end",
    "rate",
    "history",
    "identify",
    "code",
    "redeem",
    "ping",
    "pong",
)
KEYS = (
    *("id", "text", "files", "page", "age", "sent_at", "on", "message", "score", "comment", "before", "after", "v"),
    *("identity", "code", "token", "ticket", "locale", "name", "email", "phone", "in_reply_to", "ref", "url"),
    *("title", "jwt", "user_id", "user_hash", "attributes", "type", "size"),
)  # fmt: skip
numbers = st.one_of(
    st.integers(), st.sampled_from([2**63, 2**63 - 1, -(2**63), 10**40, -1, 0, 1]), st.floats(), st.booleans()
)
values = st.recursive(
    st.one_of(st.none(), numbers, texts().map(lambda text: text[:9000])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), texts()), inner, max_size=4),
    ),
    max_leaves=8,
)
frames = st.fixed_dictionaries({"t": st.sampled_from(KINDS)}, optional=dict.fromkeys(KEYS, values))


def test_no_frame_of_a_visitor_breaks_their_line(
    scene: Scene, nobody: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    guest = Guest(nobody)
    guest.send("はじめまして", "first")

    @settings(QUICK, max_examples=some(100))
    @given(frames)
    def storm(frame: dict[str, Any]) -> None:
        if frame["t"] == "hello":
            frame = {"v": 1, "ticket": guest.ticket, **frame}
        told = guest.say(frame)
        assert "failed" not in [one.get("code") for one in told], (frame, caplog.text[-3000:])
        json.dumps(told, ensure_ascii=False).encode()

    storm()
    assert not [record for record in caplog.records if record.exc_info]
    assert guest.send("まだいます", "last")["t"] in ("ack", "error")


def test_no_envelope_of_frames_breaks_polling(scene: Scene, nobody: Browser) -> None:
    @settings(QUICK, max_examples=some(60))
    @given(st.one_of(values, st.fixed_dictionaries({"token": values, "frames": values})))
    def storm(envelope: Any) -> None:
        answer = nobody.post("/widget/shop/frames", content=json.dumps(envelope).encode())
        unharmed(answer, envelope)

    storm()
    for body in (
        b"\xff",
        b'{"token": "' + b"\\ud800" * 30 + b'", "frames": []}',
        b"9" * 5000,
        b"-" * 99,
        b"NaN",
    ):
        unharmed(nobody.post("/widget/shop/frames", content=body), body[:40])


def test_no_frame_of_an_agent_breaks_the_inbox_socket(scene: Scene) -> None:
    rolls = random.Random(3)
    with browser(scene.insider) as here, here.websocket_connect("/inbox/socket") as line:
        for _ in range(60):
            told: dict[str, Any] = {"t": rolls.choice(["looking", "typing", "x", 5, None])}
            told |= {"conversation": rolls.choice([1, 2**70, -1, "1", None, 1.5, [], True, 9 * 10**18])}
            told |= {"on": rolls.choice([True, "x", None]), "note": rolls.choice([False, 1])}
            line.send_text(json.dumps(told))
        for junk in ("", "{", "[]", "null", "[" * 90_000, '"\\ud800"', "9" * 5000, "NaN"):
            line.send_text(junk)
        line.send_bytes(b"\xff\xff")
        line.send_json({"t": "looking", "conversation": scene.thread.id})
        while scene.thread.id != int(next(iter(line.receive_json().get("heads", {})), 0)):
            pass


@pytest.mark.parametrize("key", ["partner", "shop", "nowhere"])
def test_no_call_of_a_stranger_breaks_a_webhook(scene: Scene, key: str) -> None:
    here = browser()
    for body, kind in BODIES:
        for signature in (b"", b"sha256=" + b"0" * 64, b"t=1,v1=0", b"t=9" + b"9" * 5000, b"\xe9"):
            headers = {b"content-type": kind.encode(), b"x-madoguchi-signature": signature}
            answer = here.post(f"/hooks/{key}?a=%00&b=%ff", content=body, headers=headers)
            unharmed(answer, (body[:40], signature[:20]))
            assert answer.status_code != 200
