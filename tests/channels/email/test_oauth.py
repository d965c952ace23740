"""Tokens from Google and Microsoft, from a real HTTP server that answers as they do."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from channels import guard, oauth
from channels.email import oauth as mail
from channels.outbound import ChannelError
from tests.channels.servers import Answer, serving

BACK = "https://desk.example.jp/oauth/back"


def answer(status: int = 200, headers: dict[str, str] | None = None, **told: Any) -> Answer:
    return Answer(status, headers or {}, json.dumps(told).encode())


def client() -> httpx2.Client:
    return guard.Client(allow_private=True)


def asked(
    url: str, *, of: Callable[[httpx2.Client, oauth.Provider], oauth.Tokens] | None = None
) -> oauth.Tokens:
    provider = replace(mail.GOOGLE, token=url)
    return of(client(), provider) if of else oauth.refresh(client(), provider, "id", "secret", "refresh 1")


def test_a_token_is_refreshed() -> None:
    with serving(answer(access_token="access 2", expires_in=3599, token_type="Bearer")) as server:
        tokens = asked(server.url)
    assert (tokens.access, tokens.refresh) == ("access 2", "refresh 1")
    assert timedelta(minutes=58) < tokens.expires_at - datetime.now(UTC) < timedelta(minutes=61)
    assert parse_qs(server.seen[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "client_secret": ["secret"],
        "refresh_token": ["refresh 1"],
    }


def test_microsoft_gives_out_a_new_refresh_token_each_time() -> None:
    with serving(answer(access_token="a", refresh_token="refresh 2", expires_in="3600")) as server:
        assert asked(server.url).refresh == "refresh 2"


def test_a_token_is_stale_five_minutes_early() -> None:
    now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    tokens = oauth.Tokens("a", now + timedelta(minutes=5, seconds=1))
    assert not tokens.stale(now)
    assert tokens.stale(now + timedelta(seconds=1))


@pytest.mark.parametrize("error", ["invalid_grant", "interaction_required"])
def test_a_consent_taken_back_asks_to_connect_again(error: str) -> None:
    told = answer(400, error=error, error_description="Token has been expired or revoked.")
    with serving(told) as server, pytest.raises(oauth.Reauthorise) as raised:
        asked(server.url)
    assert raised.value.permanent
    assert "expired or revoked" in raised.value.detail
    assert "refresh 1" not in str(raised.value)


@pytest.mark.parametrize(
    ("told", "sentence", "permanent"),
    [
        (answer(401, error="invalid_client"), oauth.UNKNOWN_CLIENT, True),
        (answer(400, error="invalid_scope"), oauth.REFUSED, True),
        (answer(503), oauth.BUSY, False),
        (answer(429, {"Retry-After": "30"}), oauth.BUSY, False),
        (answer(200, token_type="Bearer"), oauth.PUZZLING, False),
        (Answer(200, {}, b"<html>"), oauth.PUZZLING, False),
        (Answer(200, {}, b"[1]"), oauth.PUZZLING, False),
        (Answer(400, {}, b"<html>"), oauth.REFUSED, True),
        (Answer(hang_up=True), oauth.UNREACHABLE, False),
    ],
)
def test_what_goes_wrong_is_told_apart(told: Answer, sentence: str, permanent: bool) -> None:
    with serving(told) as server, pytest.raises(ChannelError) as raised:
        asked(server.url)
    assert (raised.value.sentence, raised.value.permanent) == (sentence, permanent)
    assert not isinstance(raised.value, oauth.Reauthorise)


def test_a_provider_that_asks_to_wait_is_heard() -> None:
    with serving(answer(429, {"Retry-After": "30"})) as server, pytest.raises(ChannelError) as raised:
        asked(server.url)
    assert raised.value.retry_after == 30


@pytest.mark.parametrize("expires", ["soon", None, -5, 10**12])
def test_a_lifetime_of_nonsense_is_bounded(expires: Any) -> None:
    with serving(answer(access_token="a", expires_in=expires)) as server:
        assert asked(server.url).expires_at - datetime.now(UTC) <= timedelta(days=1)


def test_the_browser_is_sent_to_google_with_a_challenge_and_a_state() -> None:
    verifier, state = oauth.new_secret(), oauth.new_secret()
    url = urlsplit(
        oauth.authorise_url(mail.GOOGLE, "id", BACK, state=state, verifier=verifier, user="a@b.jp")
    )
    told = {name: values[0] for name, values in parse_qs(url.query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://accounts.google.com/o/oauth2/v2/auth"
    assert told == {
        "client_id": "id",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "https://mail.google.com/",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": "a@b.jp",
        "access_type": "offline",
        "prompt": "consent",
    }
    assert 43 <= len(verifier) <= 128
    assert verifier != state


def test_the_code_is_exchanged_with_the_verifier() -> None:
    with serving(answer(access_token="a", refresh_token="r", expires_in=3600)) as server:
        tokens = asked(
            server.url,
            of=lambda http, provider: oauth.exchange(
                http, provider, "id", "", "the code", redirect_uri=BACK, verifier="the verifier"
            ),
        )
    assert (tokens.access, tokens.refresh) == ("a", "r")
    assert parse_qs(server.seen[0].body.decode()) == {
        "grant_type": ["authorization_code"],
        "client_id": ["id"],
        "code": ["the code"],
        "redirect_uri": [BACK],
        "code_verifier": ["the verifier"],
    }


def test_microsoft_is_asked_in_the_tenant_of_the_shop() -> None:
    shop = mail.provider("microsoft", "shop.example.jp")
    assert shop.token == "https://login.microsoftonline.com/shop.example.jp/oauth2/v2.0/token"
    assert "offline_access" in shop.scopes
    assert "/common/" in mail.provider("microsoft").authorise
    with pytest.raises(ValueError, match="tenant"):
        mail.provider("microsoft", "../evil?x=")


def test_the_string_that_signs_in_cannot_be_broken_out_of() -> None:
    assert mail.xoauth2("a@b.jp", "t") == "user=a@b.jp\x01auth=Bearer t\x01\x01"
    with pytest.raises(ValueError, match="control"):
        mail.xoauth2("a@b.jp\x01auth=Bearer other", "t")


def test_tokens_do_not_show() -> None:
    assert "secret" not in repr(oauth.Tokens("secret 1", datetime.now(UTC), "secret 2"))


def test_a_provider_that_takes_too_long_is_left_before_the_lease_on_the_tokens_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oauth, "DEADLINE", 0.05)
    with serving(replace(answer(access_token="a"), wait=0.5)) as server, pytest.raises(ChannelError) as told:
        asked(server.url)
    assert (told.value.sentence, told.value.permanent) == (oauth.UNREACHABLE, False)
