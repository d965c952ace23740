"""“Test now”: what Meta says of tokens, accounts and webhooks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from channels.base import ChannelError
from tests.channels.meta.accounts import (
    APP,
    IG,
    PAGE,
    SECRET,
    error,
    instagram,
    messenger,
    paths,
    said,
    whatsapp,
)
from tests.channels.servers import Answer, serving

ME = said({"id": PAGE, "name": "青山コート店"})
OK = said({"success": True})
NUMBER = {
    "display_phone_number": "+81 3-1234-5678",
    "verified_name": "青山コート店",
    "quality_rating": "GREEN",
}


def token(days: float | None = None, **more: Any) -> Answer:
    ends = int((datetime.now(UTC) + timedelta(days=days)).timestamp()) if days is not None else 0
    told = {"app_id": APP, "is_valid": True, "expires_at": ends, "data_access_expires_at": 0, **more}
    return said({"data": told})


def test_a_page_is_asked_who_it_is_until_when_and_to_tell_us_everything() -> None:
    with serving(ME, token(), OK) as server:
        told = messenger(server).check()
    assert told == "Meta accepts the access token, and tells this channel of what is written. (青山コート店)"
    assert [path.removeprefix("/graph.facebook.com/v26.0/") for path in paths(server)] == [
        "me",
        "debug_token",
        f"{PAGE}/subscribed_apps",
    ]
    assert server.seen[1].header("authorization") == f"Bearer {APP}|{SECRET}"
    assert server.seen[1].query["input_token"] == "page-token"
    fields = unquote(server.seen[2].query["subscribed_fields"]).split(",")
    assert {"messages", "message_echoes", "message_reads", "message_edits", "messaging_postbacks"} <= set(
        fields
    )


@pytest.mark.parametrize("name", ["expires_at", "data_access_expires_at"])
def test_a_token_that_ends_soon_is_warned_of(name: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=5)
    with serving(ME, token(**{name: int(soon.timestamp())}), OK) as server:
        told = messenger(server).check()
    assert told.startswith("Everything works, but the access token expires soon.")
    assert f"{soon:%Y-%m-%d}" in told


def test_a_token_that_holds_for_months_is_not() -> None:
    with serving(ME, token(80), OK) as server:
        assert messenger(server).check().startswith("Meta accepts the access token")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([error(190, 463, 401)], "Meta does not accept the access token any more. An admin has to renew it."),
        ([said({"id": "9", "name": "x"})], "The access token is another page's."),
        (
            [ME, token(is_valid=False)],
            "Meta does not accept the access token any more. An admin has to renew it.",
        ),
        ([ME, token(app_id="9")], "The access token is one of another app."),
        (
            [ME, token(), error(200, status=403)],
            "The access token lacks a permission. An admin has to grant it at Meta.",
        ),
        ([Answer(hang_up=True)], "The other side did not answer."),
        ([Answer(500)], "The other side is not working at the moment."),
    ],
)
def test_what_is_wrong_with_a_page_is_said(answers: list[Answer], sentence: str) -> None:
    with serving(*answers) as server, pytest.raises(ChannelError) as told:
        messenger(server).check()
    assert told.value.sentence == sentence


def test_instagram_login_is_asked_for_the_account_and_shows_its_id() -> None:
    with serving(said({"user_id": IG, "username": "aoyama_coat"}), OK) as server:
        told = instagram(server).check()
    assert told.endswith(f"(aoyama_coat, {IG})")
    assert paths(server) == ["/graph.instagram.com/v26.0/me", "/graph.instagram.com/v26.0/me/subscribed_apps"]


def test_instagram_by_a_page_finds_the_account_of_the_page() -> None:
    account = {"instagram_business_account": {"id": IG, "username": "aoyama_coat"}}
    with serving(said(account), token(3), OK) as server:
        assert instagram(server, "facebook").check().startswith("Everything works, but")


@pytest.mark.parametrize("told", [{"user_id": "1", "username": "x"}, {}, {"instagram_business_account": 5}])
@pytest.mark.parametrize("login", ["instagram", "facebook"])
def test_the_token_of_another_account_is_told_with_its_id(told: dict[str, Any], login: str) -> None:
    with serving(said(told), token()) as server, pytest.raises(ChannelError) as wrong:
        instagram(server, login).check()
    assert wrong.value.sentence == "The access token is another account's."


@pytest.mark.parametrize(
    ("more", "beginning"),
    [
        ({}, "Meta accepts the access token"),
        ({"quality_rating": "RED"}, "Everything works, but WhatsApp rates the number low"),
        ({"status": "FLAGGED"}, "Everything works, but WhatsApp limits the number"),
    ],
)
def test_a_number_is_asked_how_whatsapp_rates_it(more: dict[str, str], beginning: str) -> None:
    with serving(said({**NUMBER, **more}), token(), OK) as server:
        told = whatsapp(server).check()
    assert told.startswith(beginning)
    assert told.endswith("(青山コート店 +81 3-1234-5678)")
    assert paths(server)[2].endswith("/1022/subscribed_apps")
