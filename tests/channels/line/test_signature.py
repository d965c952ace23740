"""Signatures, judged by LINE's own SDK."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linebot.v3.webhook import SignatureValidator

from channels.base import BadSignature, Request
from channels.line.signature import sign, verify


def signed(body: bytes, signature: str, header: str = "x-line-signature") -> Request:
    return Request("POST", "", {header: signature}, {}, body)


@given(body=st.text(st.characters(exclude_categories=["Cs"])), secret=st.text("abcdef0123456789", min_size=1))
def test_what_we_sign_the_sdk_accepts(body: str, secret: str) -> None:
    assert SignatureValidator(secret).validate(body, sign(secret, body.encode()))


def test_the_known_vector() -> None:
    signature = "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k="
    assert SignatureValidator("channel_secret").validate("bodybodybodybody", signature)
    verify("channel_secret", signed(b"bodybodybodybody", signature))


@pytest.mark.parametrize("signature", ["", "x", "ｆ", "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k", "\x00"])
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        verify("channel_secret", signed(b"bodybodybodybody", signature))


def test_a_request_without_a_signature_is_refused() -> None:
    with pytest.raises(BadSignature):
        verify("channel_secret", Request("POST", "", {}, {}, b"bodybodybodybody"))


def test_without_a_secret_nothing_is_let_in() -> None:
    with pytest.raises(BadSignature, match="no channel secret"):
        verify("", signed(b"x", sign("", b"x")))
