"""The form of a kind is made from its settings, and read back into them."""

from typing import Any

import pytest

from channels import forms, registry
from channels.forms import read_settings
from tests.channels.cases import CONTEXT, HTTP

SECRET = "0123456789abcdef0123456789abcdef"


def api(**answers: Any) -> forms.Reading:
    return read_settings("api", {"secret": SECRET, **answers})


def chat(**answers: Any) -> forms.Reading:
    return read_settings("webchat", answers)


def test_every_kind_can_be_asked_for() -> None:
    for kind in registry.KINDS:
        assert all(made.label and made.name for made in forms.fields(kind))


def test_a_secret_is_kept_apart_from_the_rest() -> None:
    reading = api(callback_url="https://example.jp/in")
    assert reading.errors == {}
    assert reading.secret == {"secret": SECRET}
    assert "secret" not in reading.plain
    assert reading.plain["callback_url"] == "https://example.jp/in"


def test_a_secret_that_is_kept_already_need_not_be_given_again() -> None:
    again = read_settings("api", {}, frozenset({"secret"}))
    assert (again.errors, again.secret) == ({}, {})
    assert read_settings("api", {}).errors == {"secret": ("This is needed.", {})}


@pytest.mark.parametrize(
    "url", ["ftp://example.jp", "javascript:alert(1)", "example.jp", "https://", "http://a@b/", "http://[x"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert "callback_url" in api(callback_url=url).errors


@pytest.mark.parametrize(
    ("answer", "on"), [("on", True), ("1", True), (True, True), (False, False), ("", False), ("no", False)]
)
def test_a_box_is_ticked_or_not(answer: object, on: bool) -> None:
    assert api(trust_contacts=answer).plain["trust_contacts"] is on
    assert chat(ask_name=answer).plain["ask_name"] is on


def test_lines_are_a_list_without_blanks() -> None:
    reading = chat(quick_replies_ja="送料は？\r\n\r\n 返品したい \n")
    assert reading.plain["quick_replies_ja"] == ["送料は？", "返品したい"]


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"max_upload_mb": "many"}, "max_upload_mb"),
        ({"max_upload_mb": "26"}, "max_upload_mb"),
        ({"max_upload_mb": "9" * 5000}, "max_upload_mb"),
        ({"position": "middle"}, "position"),
        ({"position": ["left"]}, "position"),
        ({"brand_colour": "red"}, "brand_colour"),
        ({"allowed_origins": "https://shop.example.jp/path"}, "allowed_origins"),
        ({"allowed_origins": "shop.example.jp"}, "allowed_origins"),
        ({"identity_secret": "short"}, "identity_secret"),
        ({"greeting_ja": "あ" * 1001}, "greeting_ja"),
        ({"prechat": "required", "ask_name": False, "ask_email": ""}, "prechat"),
    ],
)
def test_a_wrong_answer_is_told_at_its_field(answers: dict[str, Any], wrong: str) -> None:
    reading = chat(**answers)
    assert list(reading.errors) == [wrong]
    assert forms.told(reading.errors[wrong]).endswith(".")


def test_how_long_and_how_large_an_answer_may_be_is_told() -> None:
    wrong = chat(max_upload_mb="26", greeting_ja="あ" * 1001, identity_secret="short").errors
    told = {name: forms.told(problem) for name, problem in wrong.items()}
    assert told == {
        "max_upload_mb": "The number must be 25 or less.",
        "greeting_ja": "At most 1000 characters.",
        "identity_secret": "At least 32 characters.",
    }
    assert forms.told(chat(max_upload_mb="-1").errors["max_upload_mb"]).endswith(" or more.")


def test_no_answers_at_all_are_the_defaults() -> None:
    reading = read_settings("webchat", {})
    assert reading.errors == {}
    assert reading.plain["max_upload_mb"] == 10
    assert reading.plain["ask_name"] is True
    assert reading.plain["upload_types"] == ["image/*", "application/pdf", "text/plain"]


def test_what_was_read_builds_the_channel() -> None:
    reading = chat(allowed_origins="https://shop.example.jp\nhttps://*.example.com", ask_email="")
    built = registry.build("webchat", {**reading.plain, **reading.secret}, HTTP, CONTEXT)
    assert built.settings.allowed_origins == ("https://shop.example.jp", "https://*.example.com")
    assert built.settings.ask_email is False


def test_stored_settings_of_another_version_fall_back_to_their_defaults() -> None:
    stored = {"max_upload_mb": "ten", "position": "top", "allowed_origins": "x", "ask_name": 1, "gone": True}
    assert (
        registry.build("webchat", stored, HTTP, CONTEXT).settings
        == registry.build("webchat", {}, HTTP).settings
    )
