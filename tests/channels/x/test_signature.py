"""Who signed a request, and the answer to X's challenge: judged by openssl, which knows nothing of our code."""

import json
import subprocess
from dataclasses import replace

import pytest

from channels.base import BadSignature, Challenge, Request
from channels.x import signature
from channels.x.signature import BY_CLIENT, BY_CONSUMER
from tests.channels.cases import payloads
from tests.channels.script import Script
from tests.channels.x import API_SECRET, SECRET, x

BODY = '{"for_user_id":"2244994945","text":"髙橋さん、\\u3042 😀"}'.encode()


def openssl(secret: str, message: bytes) -> str:
    """sha256= and what `openssl dgst` makes of it."""
    asked = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"key:{secret}", "-binary"]
    made = subprocess.run(asked, input=message, capture_output=True, check=True).stdout
    encoded = subprocess.run(["openssl", "base64", "-A"], input=made, capture_output=True, check=True).stdout
    return f"sha256={encoded.decode()}"


def request(**headers: str) -> Request:
    told = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "https://desk.example.jp/hooks/k1", told, {}, BODY)


def test_the_documented_example_is_answered_as_x_expects() -> None:
    assert signature.sign("consumer_secret", b"challenge_string") == (
        "sha256=v1WdiCVwy17uGTMWveHGlqQXN/qW1bQraNXXByRO2YA="
    )


def test_openssl_signs_a_body_as_we_do() -> None:
    assert signature.sign(SECRET, BODY) == openssl(SECRET, BODY)
    x(Script()).verify(request(**{BY_CLIENT: openssl(SECRET, BODY)}))


def test_trap_22_the_challenge_is_answered_with_the_secret_that_signs() -> None:
    asked = Request("GET", "https://desk.example.jp/hooks/k1", {}, {"crc_token": "YWE1NzM4+/ODU="})
    for account, secret in (
        (x(Script()), SECRET),
        (x(Script(), consumer_secret=API_SECRET), API_SECRET),
    ):
        assert isinstance(account, Challenge)
        told = account.answer(asked)
        assert told is not None
        status, headers, body = told
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert json.loads(body) == {"response_token": openssl(secret, b"YWE1NzM4+/ODU=")}


@pytest.mark.parametrize(
    "asked",
    [
        Request("GET", "https://desk.example.jp/hooks/k1"),
        Request("GET", "https://desk.example.jp/hooks/k1", {}, {"crc_token": ""}),
        Request("POST", "https://desk.example.jp/hooks/k1", {}, {"crc_token": "t"}),
    ],
)
def test_what_is_no_challenge_is_not_answered_as_one(asked: Request) -> None:
    assert x(Script()).answer(asked) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-be"])
def test_nobody_has_a_webhook_signed_by_asking_for_it_as_a_challenge(encoding: str) -> None:
    forged = json.dumps({"for_user_id": "1", "direct_message_events": []}).encode(encoding)
    asked = Request("GET", "https://desk.example.jp/hooks/k1", {}, {"crc_token": forged.decode()})
    assert x(Script()).answer(asked) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {BY_CLIENT: ""},
        {BY_CLIENT: "sha256="},
        {BY_CLIENT: openssl("another", BODY)},
        {BY_CLIENT: openssl(SECRET, BODY + b" ")},
        {BY_CLIENT: openssl(SECRET, BODY).removeprefix("sha256=")},
        {BY_CLIENT: openssl(API_SECRET, BODY)},
        {BY_CONSUMER: "sha256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        {BY_CONSUMER: "私"},
    ],
)
def test_a_forged_or_missing_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        x(Script()).verify(request(**headers))


def test_the_header_of_the_api_key_secret_counts_for_older_apps_only() -> None:
    legacy = request(**{BY_CONSUMER: openssl(API_SECRET, BODY)})
    x(Script(), consumer_secret=API_SECRET).verify(legacy)
    with pytest.raises(BadSignature):
        x(Script()).verify(legacy)
    with pytest.raises(BadSignature):
        x(Script(), client_secret="", consumer_secret="").verify(legacy)


def test_while_an_app_moves_over_either_of_the_two_headers_is_enough() -> None:
    both = {BY_CLIENT: openssl("the next secret", BODY), BY_CONSUMER: openssl(API_SECRET, BODY)}
    x(Script(), consumer_secret=API_SECRET).verify(request(**both))


def test_the_bytes_are_signed_and_not_what_they_mean() -> None:
    sample = next(one for one in payloads("x") if one.name == "escaped_letters")
    plain = json.dumps(json.loads(sample.request.body), ensure_ascii=False).encode()
    sample.connector().verify(sample.request)
    with pytest.raises(BadSignature):
        sample.connector().verify(replace(sample.request, body=plain))
