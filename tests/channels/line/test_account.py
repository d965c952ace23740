"""Tokens, profiles, dots while somebody writes, read marks, account linking, and “Test now”."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
import time_machine
from linebot.v3.messaging.models import (
    MarkMessagesAsReadByTokenRequest,
    ShowLoadingAnimationRequest,
)

from channels import forms
from channels.base import (
    ChannelError,
    Context,
    Fetching,
    Health,
    Linking,
    MarksRead,
    Person,
    Profile,
    Sent,
    TypingIndicator,
)
from channels.line import tokens
from channels.line.answer import Answer
from tests.channels.line.account import BOT, HANA, SECRET, line, no, ok, say
from tests.channels.script import Script

TOKEN, PUSH, INFO = "/oauth2/v3/token", "/v2/bot/message/push", "/v2/bot/info"
PROFILE = f"/v2/bot/profile/{HANA.address}"
QUOTA, USED = "/v2/bot/message/quota", "/v2/bot/message/quota/consumption"
ENDPOINT, TRY = "/v2/bot/channel/webhook/endpoint", "/v2/bot/channel/webhook/test"
HOOK = "https://desk.example.jp/hooks/k1"


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    tokens.forget("1657000000")
    yield
    tokens.forget("1657000000")


def issued(token: str, seconds: Any = 900) -> httpx2.Response:
    return ok({"token_type": "Bearer", "access_token": token, "expires_in": seconds})


def bearer(script: Script) -> list[str]:
    return [call.headers["authorization"] for call in script.seen if call.url.path != TOKEN]


def test_the_account_can_do_what_it_says() -> None:
    for ability in (Fetching, Profile, TypingIndicator, MarksRead, Linking, Health):
        assert isinstance(line(Script()), ability)


def test_without_a_long_lived_token_a_short_one_is_had_once_for_many_calls() -> None:
    script = Script().on(TOKEN, issued("a")).on(PUSH, ok())
    for _ in range(3):
        line(script, access_token="").send(say())
    assert script.paths == [TOKEN, PUSH, PUSH, PUSH]
    assert bearer(script) == ["Bearer a"] * 3
    assert dict(parse_qsl(script.seen[0].content.decode())) == {
        "grant_type": "client_credentials", "client_id": "1657000000", "client_secret": SECRET,
    }  # fmt: skip


def test_a_token_is_renewed_before_it_runs_out() -> None:
    script = Script().on(TOKEN, issued("a"), issued("b")).on(PUSH, ok())
    with time_machine.travel(0, tick=False) as clock:
        line(script, access_token="").send(say())
        clock.shift(839)
        line(script, access_token="").send(say())
        clock.shift(2)
        line(script, access_token="").send(say())
    assert bearer(script) == ["Bearer a", "Bearer a", "Bearer b"]


def test_a_token_that_was_taken_back_is_had_anew_once() -> None:
    script = (
        Script().on(TOKEN, issued("a"), issued("b")).on(PUSH, no(401), ok({"sentMessages": [{"id": "1"}]}))
    )
    assert line(script, access_token="").send(say()) == Sent(("1",))
    assert bearer(script) == ["Bearer a", "Bearer b"]


def test_a_long_lived_token_that_was_taken_back_is_for_the_admin() -> None:
    with pytest.raises(ChannelError, match="does not accept the access token") as told:
        line(Script().on(PUSH, no(401))).send(say())
    assert (told.value.permanent, told.value.everybody) == (True, True)


def test_another_secret_has_another_token() -> None:
    script = Script().on(TOKEN, issued("a"), issued("b")).on(PUSH, ok())
    line(script, access_token="").send(say())
    line(script, access_token="", channel_secret="n" * 32).send(say())
    assert bearer(script) == ["Bearer a", "Bearer b"]


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (no(400, {"error": "invalid_client", "error_description": "invalid client_secret"}), True),
        (no(401, {"error": "invalid_client"}), True),
        (no(500), False),
        (no(429), False),
        (ok({}), False),
        (issued(""), False),
    ],
)
def test_a_refused_token_says_whose_turn_it_is(answer: httpx2.Response, permanent: bool) -> None:
    with pytest.raises(ChannelError) as told:
        line(Script().on(TOKEN, answer), access_token="").send(say())
    assert (told.value.permanent, told.value.everybody, told.value.ambiguous) == (permanent, True, False)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("seconds", [None, "900", -1, 0, True, 10**12])
def test_a_token_of_an_odd_age_is_used_all_the_same(seconds: Any) -> None:
    script = Script().on(TOKEN, issued("a", seconds)).on(PUSH, ok())
    line(script, access_token="").send(say())
    assert bearer(script) == ["Bearer a"]


def test_a_person_is_looked_up() -> None:
    told = {
        "userId": HANA.address,
        "displayName": "花子🌸",
        "pictureUrl": "https://obs.line-apps.com/x",
        "language": "ja",
    }
    found = line(Script().on(PROFILE, ok(told))).lookup(HANA.address)
    assert found == Person(
        HANA.address, "k1", name="花子🌸", avatar_url="https://obs.line-apps.com/x", locale="ja"
    )


def test_who_is_no_friend_is_not_known() -> None:
    assert line(Script().on(PROFILE, no(404, {"message": "Not found"}))).lookup(HANA.address) is None


@pytest.mark.parametrize(
    "address", ["", "U1", "../info", "Ca56f94637c0a1b2c3d4e5f6071829304", HANA.address.upper()]
)
def test_an_id_that_is_no_person_s_is_not_asked_for(address: str) -> None:
    script = Script()
    assert line(script).lookup(address) is None
    assert script.seen == []


def test_a_picture_without_tls_is_none() -> None:
    found = line(Script().on(PROFILE, ok({"displayName": "x", "pictureUrl": "javascript:1"}))).lookup(
        HANA.address
    )
    assert found is not None
    assert found.avatar_url == ""


def test_dots_are_shown_while_somebody_writes() -> None:
    path = "/v2/bot/chat/loading/start"
    script = Script().on(path, httpx2.Response(202, json={}))
    line(script).typing(HANA, {})
    (body,) = script.bodies(path)
    assert ShowLoadingAnimationRequest(**body).to_dict() == {"chatId": HANA.address, "loadingSeconds": 20}


@pytest.mark.parametrize("answer", [no(400), no(500), httpx2.ReadTimeout, httpx2.ConnectError])
def test_dots_that_cannot_be_shown_cost_nothing(answer: Any) -> None:
    line(Script().on("/v2/bot/chat/loading/start", answer)).typing(HANA, {})


def test_dots_are_for_one_person_never_for_a_group() -> None:
    script = Script()
    line(script).typing(Person("Ca56f94637c0a1b2c3d4e5f6071829304"), {})
    assert script.seen == []


def test_what_was_read_is_marked_by_its_token() -> None:
    path = "/v2/bot/chat/markAsRead"
    script = Script().on(path, ok())
    line(script).mark_read({"read_token": "30yhdy232"})
    (body,) = script.bodies(path)
    assert MarkMessagesAsReadByTokenRequest(**body).to_dict() == {"markAsReadToken": "30yhdy232"}
    line(script).mark_read({})
    assert len(script.seen) == 1


def test_a_read_token_of_another_account_is_said_to_be_wrong() -> None:
    with pytest.raises(ChannelError, match="Invalid markAsReadToken"):
        line(
            Script().on("/v2/bot/chat/markAsRead", no(400, {"message": "Invalid markAsReadToken"}))
        ).mark_read({"read_token": "x"})


def test_an_account_is_linked_by_a_token_and_a_nonce() -> None:
    script = Script().on(
        f"/v2/bot/user/{HANA.address}/linkToken", ok({"linkToken": "NMZTNuVrPTqlr2IF8Bnymkb7rXfYv5EY"})
    )
    token = line(script).link_token(HANA)
    parts = urlsplit(line(script).link_page(token, "n+/=once"))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://access.line.me/dialog/bot/accountLink"
    assert parse_qs(parts.query) == {"linkToken": ["NMZTNuVrPTqlr2IF8Bnymkb7rXfYv5EY"], "nonce": ["n+/=once"]}


def healthy(**more: Any) -> Script:
    told: dict[str, Any] = {
        INFO: ok({"userId": BOT, "basicId": "@216ru...", "displayName": "ひだまり商店", "chatMode": "bot"}),
        QUOTA: ok({"type": "limited", "value": 200}),
        USED: ok({"totalUsage": 120}),
        ENDPOINT: ok({"endpoint": HOOK, "active": True}),
        TRY: ok(
            {
                "success": True,
                "timestamp": "2026-11-21T10:00:00Z",
                "statusCode": 200,
                "reason": "OK",
                "detail": "200",
            }
        ),
    }
    script = Script()
    for path, answer in {**told, **more}.items():
        script.on(path, answer)
    return script


def test_test_now_tells_the_account_and_the_messages_of_the_month() -> None:
    said = line(healthy(), bot_user_id=BOT).check()
    assert (
        said == f"LINE accepts the token and reaches this channel. (ひだまり商店 @216ru..., {BOT}, ✉ 120/200)"
    )


def test_an_account_without_a_limit_tells_what_was_used() -> None:
    assert line(healthy(**{QUOTA: ok({"type": "none"})})).check().endswith(", ✉ 120)")


def test_a_month_used_up_is_said() -> None:
    assert "used up" in line(healthy(**{USED: ok({"totalUsage": 200})})).check()


def test_without_a_public_address_only_the_token_is_tried() -> None:
    script = healthy()
    assert "only at a public address" in line(script, context=Context("k1", "http://127.0.0.1:8000")).check()
    assert ENDPOINT not in script.paths


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (INFO, no(401), "does not accept the access token"),
        (INFO, ok({"userId": "U" + "0" * 32}), "another account's"),
        (ENDPOINT, no(404), "LINE calls another address"),
        (ENDPOINT, ok({"endpoint": "https://old.example.jp/", "active": True}), "https://old.example.jp/"),
        (ENDPOINT, ok({"endpoint": HOOK, "active": False}), "switched off"),
        (TRY, ok({"success": False, "statusCode": 0, "reason": "COULD_NOT_CONNECT"}), "COULD_NOT_CONNECT"),
        (QUOTA, no(500), "not working"),
    ],
)  # fmt: skip
def test_test_now_says_what_is_wrong(path: str, answer: httpx2.Response, words: str) -> None:
    with pytest.raises(ChannelError) as told:
        line(healthy(**{path: answer}), bot_user_id=BOT).check()
    assert words in str(told.value)


def form(**answers: str) -> forms.Reading:
    return forms.read_settings("line", {"channel_id": "1657000000", "channel_secret": SECRET, **answers})


def test_the_form_asks_for_an_id_and_a_secret_and_keeps_secrets_apart() -> None:
    assert form().errors == {}
    assert form(access_token="t").secret == {"channel_secret": SECRET, "access_token": "t"}
    assert set(forms.read_settings("line", {}).errors) == {"channel_id", "channel_secret"}


@pytest.mark.parametrize(
    ("name", "value"), [("channel_id", "@216ru"), ("bot_user_id", "@216ru"), ("bot_user_id", "U12")]
)
def test_what_cannot_be_right_is_said_before_it_is_saved(name: str, value: str) -> None:
    assert set(form(**{name: value}).errors) == {name}


def test_a_channel_that_waits_for_its_token_keeps_no_other_waiting() -> None:
    answered = threading.Event()

    def late(_asked: object) -> Answer:
        answered.wait(10)
        return Answer(200, {}, b'{"access_token": "late", "expires_in": 900}')

    def quick(_asked: object) -> Answer:
        return Answer(200, {}, b'{"access_token": "soon", "expires_in": 900}')

    waiting = threading.Thread(target=tokens.token, args=("slow one", "s1", late))
    waiting.start()
    assert tokens.token("quick one", "s2", quick) == "soon"
    assert waiting.is_alive()
    answered.set()
    waiting.join()
    for one in ("slow one", "quick one"):
        tokens.forget(one)
