"""Who may show the chat, and whom it believes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from channels.base import BadSignature, Context, Ignored, Inbound, Person, Request
from channels.webchat import WebChat, WebChatSettings, frame
from channels.webchat_identity import sign_user, verify_hash, verify_jwt
from tests.channels.cases import HTTP

SECRET = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
SOON = int(NOW.timestamp()) + 600


def chat(*origins: str) -> WebChat:
    settings = WebChatSettings(allowed_origins=origins, identity_secret=SECRET)
    return WebChat(settings, HTTP, Context("k1", "https://desk.example.jp"))


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    given = {"sub": "user-9", "aud": "k1", "exp": SOON, "email": "m@example.it", "name": "Marta"} | claims
    return jwt.encode({name: value for name, value in given.items() if value is not None}, secret, algorithm)


def test_a_fresh_token_proves_who_it_is() -> None:
    person = verify_jwt(token(attributes={"rank": "gold", "deep": {}}), SECRET, "k1", NOW, "shop")
    assert person == Person(
        "user-9",
        "shop",
        "Marta",
        email="m@example.it",
        kind="user",
        proof="signed",
        attributes={"rank": "gold"},
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": SOON - 1000},
        {"exp": SOON + 3700},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 201},
        {"aud": "k2"},
        {"aud": None},
        {"iat": SOON},
        {"nbf": SOON},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_here_and_now_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        verify_jwt(token(**claims), SECRET, "k1", NOW)


def test_a_forged_token_is_refused() -> None:
    unsigned = jwt.encode({"sub": "user-9", "aud": "k1", "exp": SOON}, "", "none")
    for bad in (token(OTHER), unsigned, token(OTHER + OTHER, "HS512"), "", "a.b.c", "é" * 40, "x" * 9000):
        with pytest.raises(BadSignature):
            verify_jwt(bad, SECRET, "k1", NOW)


def test_without_a_secret_nobody_is_believed() -> None:
    for secret in ("", "short"):
        with pytest.raises(BadSignature):
            verify_hash("user-9", sign_user("user-9", secret), secret)
    with pytest.raises(BadSignature):
        verify_jwt(token(), "", "k1", NOW)


def test_a_hash_proves_the_id_alone() -> None:
    assert verify_hash("user-9", sign_user("user-9", SECRET).upper(), SECRET) == Person(
        "user-9", kind="user", proof="signed"
    )
    for user, given in [
        ("user-8", sign_user("user-9", SECRET)),
        ("", sign_user("", SECRET)),
        ("user-9", "é"),
    ]:
        with pytest.raises(BadSignature):
            verify_hash(user, given, SECRET)


def test_the_channel_gives_its_own_scope_to_the_ids_of_a_shop() -> None:
    assert chat().identify(NOW, token=token()).scope == "k1"
    assert chat().identify(NOW, user_id="u", user_hash=sign_user("u", SECRET)).scope == "k1"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example.jp", True),
        ("https://a.example.com", True),
        ("https://a.b.example.com", True),
        ("https://desk.example.jp", True),
        ("https://example.com", False),
        ("https://.example.com", False),
        ("http://a.example.com", False),
        ("https://evilexample.com", False),
        ("https://shop.example.jp.evil.example", False),
        ("https://shop.example.jp:8443", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_the_sites_listed_may_show_the_chat(origin: str, allowed: bool) -> None:
    assert chat("https://shop.example.jp", "https://*.example.com").allows(origin) is allowed


def test_a_frame_cannot_come_by_the_webhook() -> None:
    made = frame(Person("v-1"), "d-1", {"t": "end"}, NOW)
    chat().verify(made)
    with pytest.raises(BadSignature):
        chat().verify(Request("POST", "/hooks/k1", made.headers, {}, made.body))


def test_a_message_sent_again_after_signing_in_is_the_same_message() -> None:
    body = {"t": "send", "id": "0f8b7c1e", "text": "hi"}
    signed_in = Person("user-9", kind="user", proof="signed")
    (before,) = chat().parse(frame(Person("v-1"), "d-1", body, NOW))
    (after,) = chat().parse(frame(signed_in, "d-1", body, NOW + timedelta(seconds=9)))
    assert isinstance(before, Inbound)
    assert isinstance(after, Inbound)
    assert before.external_id == after.external_id == "d-1:0f8b7c1e"


def test_a_frame_nested_without_end_is_not_an_error() -> None:
    (event,) = chat().parse(frame(Person("v-1"), "d-1", b"[" * 1_000_000, NOW))
    assert isinstance(event, Ignored)
