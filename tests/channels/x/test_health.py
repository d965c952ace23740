"""“Test now”, who somebody is, and signing in."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels import oauth
from channels.base import ChannelError, Consent, Context, Health, Person, Profile
from tests.channels.kept import Kept
from tests.channels.line.account import no, ok
from tests.channels.script import Script
from tests.channels.x import ME, SECRET, SUBSCRIPTIONS, TOKEN, US, WEBHOOKS, bearers, tokens, x

HERE = "https://desk.example.jp/hooks/k1"
KITAKAZE = ok({"data": {"id": US, "name": "北風洋品店", "username": "kitakaze"}})
HOOK = {"id": "1860", "url": HERE, "valid": True, "created_at": "2026-11-01T00:00:00Z"}
BACK = "https://desk.example.jp/settings/channels/1/oauth/return"


def hooks(*known: dict[str, Any]) -> Any:
    return ok({"data": list(known), "meta": {"result_count": len(known)}})


def subscribed(*kinds: str, webhook: str = "1860") -> Any:
    had = [
        {"subscription_id": one, "event_type": one, "filter": {"user_id": US}, "webhook_id": webhook}
        for one in kinds
    ]
    return ok({"data": had})


def script() -> Script:
    return Script().on(ME, KITAKAZE)


def wrong(account: Script, **settings: Any) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        x(account, bearer_token="app", **settings).check()
    return told.value


def test_the_first_test_registers_the_webhook_and_subscribes() -> None:
    account = script().on(WEBHOOKS, hooks(), ok({"data": HOOK})).on(SUBSCRIPTIONS, subscribed(), ok())
    made = x(account, bearer_token="app")
    assert isinstance(made, Health)
    assert (
        made.check() == f"X accepts the sign-in, and tells this channel of direct messages. (@kitakaze, {US})"
    )
    posted = [(one.url.path, one.headers["Authorization"]) for one in account.seen if one.method == "POST"]
    assert posted[0] == (WEBHOOKS, "Bearer app")
    assert posted[1:] == [(SUBSCRIPTIONS, "Bearer access 1")] * 6
    assert said(account) == [
        "dm.received",
        "dm.sent",
        "dm.read",
        "dm.indicate_typing",
        "chat.received",
        "chat.sent",
    ]


def said(account: Script) -> list[str]:
    posts = [one for one in account.seen if one.method == "POST" and one.url.path == SUBSCRIPTIONS]
    bodies = [json.loads(one.content) for one in posts]
    assert all(one["filter"] == {"user_id": US} and one["webhook_id"] == "1860" for one in bodies)
    return [one["event_type"] for one in bodies]


def test_what_is_there_already_is_left_alone() -> None:
    had = subscribed("dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent")
    account = (
        script()
        .on(WEBHOOKS, hooks({**HOOK, "url": "https://elsewhere.example"}, HOOK))
        .on(SUBSCRIPTIONS, had)
    )
    x(account, bearer_token="app").check()
    assert [one.method for one in account.seen] == ["GET"] * 3


def test_a_subscription_that_leads_to_another_webhook_does_not_count() -> None:
    account = (
        script().on(WEBHOOKS, hooks(HOOK)).on(SUBSCRIPTIONS, subscribed("dm.received", webhook="77"), ok())
    )
    x(account, bearer_token="app").check()
    assert len(said(account)) == 6


def test_a_webhook_that_x_gave_up_is_asked_about_anew() -> None:
    given_up = {**HOOK, "valid": False}
    account = script().on(WEBHOOKS, hooks(given_up)).on(f"{WEBHOOKS}/1860", ok({"data": {"valid": True}}))
    x(account.on(SUBSCRIPTIONS, subscribed(), ok()), bearer_token="app").check()
    assert ("PUT", f"{WEBHOOKS}/1860") in [(one.method, one.url.path) for one in account.seen]
    account.on(f"{WEBHOOKS}/1860", ok({"data": {"valid": False}}))
    assert "could not reach this channel" in wrong(account).sentence


def test_without_the_apps_token_it_says_what_is_missing() -> None:
    assert "With the bearer token of the app" in x(script()).check()


def test_what_is_wrong_is_told() -> None:
    assert "another account's" in wrong(script(), user_id="77").sentence
    assert "bearer token" in wrong(script().on(WEBHOOKS, no(401))).sentence
    refused = no(400, {"errors": [{"message": "CrcValidationFailed"}]})
    assert wrong(script().on(WEBHOOKS, hooks(), refused)).detail == "400 CrcValidationFailed"
    assert wrong(Script().on(ME, no(403))).sentence == "X does not allow this."


def test_x_calls_no_address_without_tls() -> None:
    account = x(script(), bearer_token="app")
    account.context = Context("k1", "http://desk.example.jp")
    with pytest.raises(ChannelError, match="https://"):
        account.check()


def test_somebody_is_looked_up() -> None:
    told = {"id": "7", "name": "花", "username": "hana", "profile_image_url": "https://pbs.twimg.com/a.jpg"}
    made = x(Script().on("/2/users/7", ok({"data": told})))
    assert isinstance(made, Profile)
    assert made.lookup("7") == Person(
        "7", name="花", avatar_url="https://pbs.twimg.com/a.jpg", attributes={"X": "@hana"}
    )


def test_who_is_gone_or_never_was_is_nobody() -> None:
    gone = ok({"errors": [{"title": "Not Found Error", "detail": "Could not find user with id: [7]."}]})
    assert x(Script().on("/2/users/7", gone)).lookup("7") is None
    assert x(Script().on("/2/users/7", no(404))).lookup("7") is None
    assert x(Script()).lookup("me") is None
    with pytest.raises(ChannelError):
        x(Script().on("/2/users/7", no(503))).lookup("7")


def test_the_browser_is_sent_to_x_with_a_challenge_and_every_scope() -> None:
    made = x(Script())
    assert isinstance(made, Consent)
    parts = urlsplit(made.consent_url(BACK, "a state", "a verifier of forty-three characters at least"))
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    digest = hashlib.sha256(b"a verifier of forty-three characters at least").digest()
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://x.com/i/oauth2/authorize"
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert set(asked["scope"].split()) == {
        "dm.read", "dm.write", "tweet.read", "users.read", "media.write", "offline.access",
    }  # fmt: skip
    assert (asked["client_id"], asked["redirect_uri"], asked["state"]) == ("c1", BACK, "a state")
    assert x(Script(), client_id="").consent_url(BACK, "s", "v") == ""


def test_the_code_becomes_both_tokens() -> None:
    account = Script().on(TOKEN, tokens(1)).on(ME, KITAKAZE)
    told = x(account, Kept(access_token="of another")).consented("the code", BACK, "the verifier")
    assert told == {"access_token": "access 1", "refresh_token": "refresh 1", "user_id": US}
    assert bearers(account)[1] == "Bearer access 1"
    form = parse_qs(account.seen[0].content.decode())
    assert form["code"] == ["the code"]
    assert form["code_verifier"] == ["the verifier"]
    assert "client_secret" not in form
    assert bearers(account)[0] == f"Basic {base64.b64encode(f'c1:{SECRET}'.encode()).decode()}"


@pytest.mark.parametrize("answer", [no(429), no(401), ok({"data": {"id": "kitakaze"}}), ok({"data": []})])
def test_a_sign_in_counts_although_x_does_not_say_whose_it_is(answer: Any) -> None:
    account = Script().on(TOKEN, tokens(1)).on(ME, answer)
    told = x(account, Kept(access_token="of another", user_id="77")).consented("the code", BACK, "v")
    assert told == {"access_token": "access 1", "refresh_token": "refresh 1", "user_id": ""}


def test_the_account_that_was_not_known_is_found_out_and_kept() -> None:
    kept = Kept(access_token="access 1", refresh_token="refresh 1")
    x(script(), kept, user_id="").check()
    assert kept.secrets["user_id"] == US
    later = Kept(access_token="access 1", refresh_token="refresh 1")
    x(script().on(TOKEN, tokens(2)), later, user_id="").look_after()
    assert later.secrets == {"access_token": "access 2", "refresh_token": "refresh 2", "user_id": US}


def test_nothing_is_kept_of_an_account_without_an_id() -> None:
    kept = Kept(access_token="access 1", refresh_token="refresh 1")
    with pytest.raises(ChannelError, match="not working"):
        x(Script().on(ME, ok({"data": {"id": "kitakaze"}})), kept, user_id="").check()
    assert "user_id" not in kept.secrets


def test_a_user_name_is_no_user_id() -> None:
    assert "user_id" in x(Script(), user_id="kitakaze").settings.problems()
    assert x(Script()).settings.problems() == {}


def test_tokens_are_renewed_before_they_are_left_alone_for_too_long() -> None:
    kept = Kept(access_token="access 1", refresh_token="refresh 1")
    assert x(Script().on(TOKEN, tokens(2)), kept).look_after() is None
    assert kept.secrets == {"access_token": "access 2", "refresh_token": "refresh 2"}
    over = no(400, {"error": "invalid_request"})
    with pytest.raises(oauth.Reauthorise):
        x(Script().on(TOKEN, over), kept).look_after()
    with pytest.raises(oauth.Reauthorise):
        x(Script(), Kept()).look_after()
