"""Access tokens for a day, refresh tokens for a year that are good once."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import time_machine

from channels.base import ChannelError, Sent
from channels.tiktok import health
from tests.channels.kept import Kept
from tests.channels.tiktok import APP, BUSINESS, SECRET, TOKENS, Scripted, account, bad, good, hello, taken

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
REFRESH, SEND = "tt_user/oauth2/refresh_token/", "business/message/send/"
SIGN_IN = "TikTok does not let us in any more: somebody has to sign in there again."


def kept(access: str = "act.first", refresh: str = "rft.first", **until: timedelta) -> Kept:
    times = {name: (NOW + left).isoformat() for name, left in until.items()}
    return Kept(access_token=access, refresh_token=refresh, **times)


def paths(tiktok: Scripted) -> list[str]:
    return [path for path, _ in tiktok.seen]


@time_machine.travel(NOW, tick=False)
def test_a_token_that_ends_soon_is_renewed_before_it_is_used() -> None:
    tiktok, secrets = Scripted(refresh=[good(**TOKENS)]), kept(access_until=timedelta(minutes=9))
    assert account(tiktok, secrets, **secrets.secrets).send(hello()) == Sent(("7577000000000000101",))
    (first, asked), (second, _) = tiktok.seen
    assert (first, second) == (REFRESH, SEND)
    assert asked == {
        "client_id": APP,
        "client_secret": SECRET,
        "grant_type": "refresh_token",
        "refresh_token": "rft.first",
    }
    assert "access-token" not in tiktok.requests[0].headers
    assert tiktok.requests[1].headers["access-token"] == "act.second"
    assert secrets.secrets == {
        "access_token": "act.second",
        "access_until": "2026-11-23T01:02:03+00:00",
        "refresh_token": "rft.second",
        "refresh_until": "2027-11-22T01:02:03+00:00",
    }


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("code", [40102, 40104, 40105])
def test_a_token_that_was_taken_back_is_renewed_once_and_the_call_made_again(code: int) -> None:
    tiktok, secrets = Scripted(send=[bad(code), taken("2")], refresh=[good(**TOKENS)]), kept()
    assert account(tiktok, secrets).send(hello()) == Sent(("2",))
    assert paths(tiktok) == [SEND, REFRESH, SEND]
    assert [one.headers.get("access-token") for one in tiktok.requests] == ["act.first", None, "act.second"]


@time_machine.travel(NOW, tick=False)
def test_a_token_that_another_process_has_renewed_is_taken_from_there() -> None:
    tiktok = Scripted(send=[bad(40105), taken("2")])
    secrets = kept("act.other", "rft.other", access_until=timedelta(hours=20))
    assert account(tiktok, secrets).send(hello()) == Sent(("2",))
    assert paths(tiktok) == [SEND, SEND]
    assert tiktok.requests[1].headers["access-token"] == "act.other"


@time_machine.travel(NOW, tick=False)
def test_a_new_token_that_is_refused_as_well_is_not_renewed_for_ever() -> None:
    tiktok = Scripted(send=[bad(40105)], refresh=[good(**TOKENS)])
    with pytest.raises(ChannelError) as told:
        account(tiktok, kept()).send(hello())
    assert (told.value.reauthorise, told.value.permanent, told.value.everybody) == (True, True, True)
    assert paths(tiktok) == [SEND, REFRESH, SEND]


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("code", [40103, 40105])
def test_a_permission_that_has_ended_asks_somebody_to_sign_in(code: int) -> None:
    tiktok, secrets = Scripted(send=[bad(40102)], refresh=[bad(code)]), kept()
    with pytest.raises(ChannelError) as told:
        account(tiktok, secrets).send(hello())
    assert (told.value.sentence, told.value.reauthorise) == (SIGN_IN, True)
    assert not told.value.ambiguous
    assert secrets.secrets["refresh_token"] == "rft.first"


def test_where_nobody_has_signed_in_nothing_is_called() -> None:
    tiktok = Scripted()
    with pytest.raises(ChannelError) as told:
        account(tiktok, access_token="", refresh_token="").send(hello())
    assert (told.value.reauthorise, tiktok.seen) == (True, [])


def test_a_renewal_without_an_answer_is_tried_again_and_nothing_was_sent() -> None:
    tiktok = Scripted(refresh=[httpx2.ReadTimeout("no")])
    with pytest.raises(ChannelError) as told:
        account(tiktok, access_token="").send(hello())
    assert (told.value.permanent, told.value.ambiguous) == (False, False)
    assert paths(tiktok) == [REFRESH]


@pytest.mark.parametrize("data", [{}, {"access_token": 7}, {"access_token": ""}])
def test_an_answer_without_tokens_is_none(data: dict[str, object]) -> None:
    tiktok, secrets = Scripted(refresh=[good(**data)]), kept("")
    with pytest.raises(ChannelError):
        account(tiktok, secrets, access_token="").send(hello())
    assert secrets.secrets["refresh_token"] == "rft.first"


def test_the_browser_is_sent_to_tiktok_with_what_is_asked_for() -> None:
    place = urlsplit(account(Scripted()).consent_url("https://desk.example.jp/back", "state-1", "verifier"))
    asked = {name: value for name, (value,) in parse_qs(place.query).items()}
    assert (place.scheme, place.netloc, place.path) == ("https", "www.tiktok.com", "/v2/auth/authorize")
    assert asked["client_key"] == APP
    assert (asked["response_type"], asked["state"]) == ("code", "state-1")
    assert asked["redirect_uri"] == "https://desk.example.jp/back"
    assert {"message.list.read", "message.list.send", "message.list.manage"} <= set(asked["scope"].split(","))
    assert SECRET not in place.geturl()
    assert account(Scripted(), app_secret="").consent_url("https://desk.example.jp/back", "s", "v") == ""


@time_machine.travel(NOW, tick=False)
def test_what_comes_back_from_signing_in_is_kept_with_the_account_s_id() -> None:
    tiktok = Scripted(sign_in=[good(**TOKENS)])
    told = account(tiktok, business_id="").consented("code-1", "https://desk.example.jp/back", "verifier")
    ((path, asked),) = tiktok.seen
    assert path == "tt_user/oauth2/token/"
    assert asked == {
        "client_id": APP,
        "client_secret": SECRET,
        "grant_type": "authorization_code",
        "auth_code": "code-1",
        "redirect_uri": "https://desk.example.jp/back",
    }
    assert told["business_id"] == BUSINESS
    assert (told["access_token"], told["refresh_token"]) == ("act.second", "rft.second")
    assert told["refresh_until"] == "2027-11-22T01:02:03+00:00"


def test_a_code_that_was_used_before_says_so() -> None:
    with pytest.raises(ChannelError, match="begin it again"):
        account(Scripted(sign_in=[bad(40110)])).consented("code-1", "https://desk.example.jp/back", "v")


def test_a_permission_that_does_not_last_is_none() -> None:
    with pytest.raises(ChannelError, match="no lasting permission"):
        account(Scripted(sign_in=[good(access_token="a")])).consented(
            "c", "https://desk.example.jp/back", "v"
        )


ACCOUNT = good(display_name="北風洋品店", username="kitakaze_shop", profile_image="https://…")


def test_test_now_names_the_account_and_tells_tiktok_where_to_call() -> None:
    tiktok = Scripted(account=[ACCOUNT], webhook=[good()])
    assert account(tiktok).check() == f"{health.WORKS} (北風洋品店 @kitakaze_shop)"
    (asked, _), (webhook, document) = tiktok.seen
    query = parse_qs(urlsplit(asked).query)
    assert query == {
        "business_id": [BUSINESS],
        "fields": ['["username", "display_name", "profile_image"]'],
    }
    assert webhook == "business/webhook/update/"
    assert document == {
        "app_id": APP,
        "secret": SECRET,
        "event_type": "DIRECT_MESSAGE",
        "callback_url": "https://desk.example.jp/hooks/k1",
    }


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(("days", "warned"), [(29, True), (31, False), (-1, True)])
def test_the_end_of_the_permission_is_told_ahead(days: int, warned: bool) -> None:
    until = (NOW + timedelta(days=days)).isoformat()
    told = account(Scripted(account=[ACCOUNT], webhook=[good()]), refresh_until=until).check()
    assert told.startswith(health.EXPIRES) is warned
    assert (f"{NOW + timedelta(days=days):%Y-%m-%d}" in told) is warned


@time_machine.travel(NOW, tick=False)
def test_the_tokens_are_looked_after_and_the_end_of_the_permission_is_told() -> None:
    tiktok, secrets = Scripted(refresh=[good(**TOKENS)]), kept(access_until=timedelta(hours=20))
    assert account(tiktok, secrets).look_after() == NOW + timedelta(days=365)
    assert paths(tiktok) == [REFRESH]
    assert secrets.secrets["refresh_token"] == "rft.second"


def test_test_now_fails_with_tiktok_s_own_words() -> None:
    with pytest.raises(ChannelError, match="lacks the permission") as told:
        account(Scripted(account=[bad(40001, "no scope")])).check()
    assert "no scope" in str(told.value)
