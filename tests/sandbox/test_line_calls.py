"""What a bot sends and asks, through LINE's own client: it finds in the sandbox what it knows from LINE."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from linebot.v3 import messaging, oauth
from linebot.v3.messaging.exceptions import ApiException
from linebot.v3.oauth.exceptions import ApiException as OauthException

from tests.sandbox import MISAKI, TAKASHI, Sandbox
from tests.sandbox.conftest import Bot

TOKEN = "sandbox-line-token"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(3000)).decode()
PUSH = "/api.line.me/v2/bot/message/push"


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[messaging.MessagingApi]:
    """LINE's client, pointed to the sandbox."""
    with messaging.ApiClient(messaging.Configuration(access_token=TOKEN, host=sandbox.api)) as client:
        made = messaging.MessagingApi(client)
        made.line_base_path = sandbox.api
        sandbox.says(TAKASHI, "始めまして")
        yield made


def push(sandbox: Sandbox, key: str = "", to: str = TAKASHI, **body: Any) -> httpx2.Response:
    """A push, written by hand."""
    headers = {"Authorization": f"Bearer {TOKEN}", **({"X-Line-Retry-Key": key} if key else {})}
    told = {"to": to, "messages": [{"type": "text", "text": "はい"}], **body}
    return sandbox.http.post(PUSH, json=told, headers=headers)


def said(error: ApiException) -> dict[str, Any]:
    """The error as LINE's client understood it."""
    body: dict[str, Any] = json.loads(error.body)
    return body


def test_a_push_is_on_the_record_and_on_the_phone(sandbox: Sandbox, api: messaging.MessagingApi) -> None:
    request = messaging.PushMessageRequest(
        to=TAKASHI,
        messages=[
            messaging.TextMessage(
                text="どちらにしますか",
                quickReply=messaging.QuickReply(
                    items=[messaging.QuickReplyItem(action=messaging.MessageAction(label="赤", text="赤"))]
                ),
            ),
            messaging.StickerMessage(packageId="446", stickerId="1988"),
        ],
    )
    key = str(uuid4())
    sent = api.push_message(request, x_line_retry_key=key).sent_messages
    (entry,) = sandbox.record(what="accepted")
    assert entry["to"] == TAKASHI
    assert entry["retry_key"] == key
    assert [message["id"] for message in entry["messages"]] == [one.id for one in sent]
    assert all(one.quote_token for one in sent)
    assert [(b["by"], b["kind"]) for b in sandbox.phone(TAKASHI)] == [
        ("customer", "text"),
        ("shop", "text"),
        ("shop", "sticker"),
    ]


def test_the_same_retry_key_is_accepted_once_and_told_by_whom(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    key = str(uuid4())
    first, second = push(sandbox, key), push(sandbox, key)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert second.json() == {"message": "The retry key is already accepted", **first.json()}
    assert sandbox.accepted() == ["はい"]
    sandbox.post("/clock", {"forward": 24 * 3600 + 1})
    assert push(sandbox, key).status_code == 200, "a retry key holds for a day"


def test_a_retry_key_that_is_no_uuid_is_refused(sandbox: Sandbox, api: messaging.MessagingApi) -> None:
    assert push(sandbox, "again").status_code == 400
    assert sandbox.accepted() == []


def test_wrong_messages_are_refused_with_lines_own_details(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    wrong = [{"type": "text", "text": ""}, {"type": "file"}, {"type": "text", "text": "😀" * 2501}]
    wrong += [{"type": "image", "originalContentUrl": "ftp://x", "previewImageUrl": "https://x.example/a b"}]
    answer = push(sandbox, messages=wrong)
    assert answer.status_code == 400
    assert answer.json()["message"] == "The request body has 5 error(s)"
    where = {one["property"]: one["message"] for one in answer.json()["details"]}
    assert where["messages[0].text"] == "May not be empty"
    assert where["messages[1].type"].startswith("Must be one of the following values: [text, textV2, image")
    assert where["messages[2].text"] == "Length must be between 0 and 5000"
    assert where["messages[3].originalContentUrl"] == "invalid uri scheme"
    assert where["messages[3].previewImageUrl"] == "invalid uri"
    assert sandbox.accepted() == []


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ({"type": "sticker", "packageId": "446", "stickerId": "1"}, "messages[0].stickerId"),
        (
            {"type": "location", "title": "店", "address": "神戸", "latitude": 91, "longitude": 0},
            "messages[0].latitude",
        ),
        ({"type": "text", "text": "x", "quickReply": {"items": []}}, "messages[0].quickReply.items"),
        (
            {"type": "template", "altText": "x", "template": {"type": "confirm", "text": "x", "actions": []}},
            "messages[0].template.actions",
        ),
        ({"type": "flex", "altText": "x", "contents": {"type": "box"}}, "messages[0].contents.type"),
        ({"type": "audio", "originalContentUrl": "https://x.example/a.m4a"}, "messages[0].duration"),
    ],
)
def test_each_kind_of_message_is_looked_at(
    sandbox: Sandbox, api: messaging.MessagingApi, message: dict[str, Any], where: str
) -> None:
    answer = push(sandbox, messages=[message])
    assert answer.status_code == 400
    assert [one["property"] for one in answer.json()["details"]] == [where]


def test_a_text_of_5000_units_and_thirteen_quick_replies_pass(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    items = [{"type": "action", "action": {"type": "message", "label": "👨‍👩‍👧" * 20, "text": "x"}}] * 13
    message = {"type": "text", "text": "😀" * 2500, "quickReply": {"items": items}}
    assert push(sandbox, messages=[message]).status_code == 200


def test_nobody_is_written_to_who_does_not_exist(sandbox: Sandbox, api: messaging.MessagingApi) -> None:
    assert "'to'" in push(sandbox, to="taro").json()["message"]
    assert push(sandbox, to="U" + "9" * 32).json() == {"message": "Failed to send messages"}


def test_who_has_blocked_the_account_gets_nothing_but_lines_answer_is_200(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    sandbox.act(TAKASHI, "unfollow")
    assert push(sandbox).status_code == 200
    assert sandbox.record(what="accepted")[0]["delivered"] is False
    assert [bubble["by"] for bubble in sandbox.phone(TAKASHI)] == ["customer"]
    with pytest.raises(ApiException) as caught:
        api.get_profile(TAKASHI)
    assert caught.value.status == 404


def test_a_reply_token_is_good_once_and_for_a_minute(
    sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi
) -> None:
    sandbox.says(TAKASHI, "もう一つ")
    first, second = (event.reply_token for event in bot.events(2))
    request = messaging.ReplyMessageRequest(replyToken=first, messages=[messaging.TextMessage(text="はい")])
    assert len(api.reply_message(request).sent_messages) == 1
    sandbox.post("/clock", {"forward": 61})
    for token in (first, second):
        with pytest.raises(ApiException) as caught:
            api.reply_message(messaging.ReplyMessageRequest(replyToken=token, messages=request.messages))
        assert (caught.value.status, said(caught.value)) == (400, {"message": "Invalid reply token"})
    assert sandbox.accepted() == ["はい"]
    assert api.get_message_quota_consumption().total_usage == 0, "replies are free"


def test_a_retry_key_on_a_reply_is_refused(sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi) -> None:
    (event,) = bot.events(1)
    told = {"replyToken": event.reply_token, "messages": [{"type": "text", "text": "x"}]}
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Line-Retry-Key": str(uuid4())}
    answer = sandbox.http.post("/api.line.me/v2/bot/message/reply", json=told, headers=headers)
    assert answer.status_code == 400


def test_the_two_kinds_of_429_are_told_apart_by_their_words(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    sandbox.set(quota=1)
    assert api.get_message_quota().to_dict() == {"type": "limited", "value": 1}
    assert push(sandbox).status_code == 200
    answer = push(sandbox)
    assert (answer.status_code, answer.json()) == (429, {"message": "You have reached your monthly limit."})
    assert api.get_message_quota_consumption().total_usage == 1
    sandbox.set(quota=None)
    sandbox.misbehaves({"fault": "rate_limit", "count": 1})
    answer = push(sandbox)
    assert answer.status_code == 429
    assert answer.json() == {"message": "The API rate limit has been exceeded. Try again later."}
    assert push(sandbox).status_code == 200


def test_the_profile_and_its_picture(sandbox: Sandbox, api: messaging.MessagingApi) -> None:
    customer = next(one for one in sandbox.state()["customers"] if one["name"] == "佐藤 美咲")
    profile = api.get_profile(customer["id"])
    assert (profile.display_name, profile.language) == ("佐藤 美咲", "ja")
    picture = sandbox.http.get(profile.picture_url)
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_the_bot_is_the_destination_of_its_webhooks(
    sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi
) -> None:
    bot.events(1)
    info = api.get_bot_info()
    assert bot.destinations == {info.user_id}
    assert (info.chat_mode, info.mark_as_read_mode) == ("chat", "manual")


def test_the_webhook_address_is_set_shown_and_tried(
    sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi
) -> None:
    api.set_webhook_endpoint(messaging.SetWebhookEndpointRequest(endpoint=bot.url))
    shown = api.get_webhook_endpoint()
    assert (shown.endpoint, shown.active) == (bot.url, True)
    bot.events(1)
    tried = api.test_webhook_endpoint(messaging.TestWebhookEndpointRequest())
    assert (tried.success, tried.status_code) == (True, 200)
    assert bot.requests[-1] == [], "a test is a webhook without events"
    bot.answers = [500]
    tried = api.test_webhook_endpoint(messaging.TestWebhookEndpointRequest(endpoint=bot.url))
    assert (tried.success, tried.status_code, tried.reason) == (False, 500, "ERROR_STATUS_CODE")
    with pytest.raises(ApiException):
        api.set_webhook_endpoint(messaging.SetWebhookEndpointRequest(endpoint="http://shop.example/hook"))


def test_dots_show_until_a_message_comes(sandbox: Sandbox, api: messaging.MessagingApi) -> None:
    def until() -> float:
        told: float = next(one for one in sandbox.state()["customers"] if one["id"] == TAKASHI)[
            "typing_until"
        ]
        return told

    api.show_loading_animation(messaging.ShowLoadingAnimationRequest(chatId=TAKASHI, loadingSeconds=60))
    assert until() > time.time() + 50
    push(sandbox)
    assert until() == 0
    headers = {"Authorization": f"Bearer {TOKEN}"}
    told = {"chatId": TAKASHI, "loadingSeconds": 7}
    answer = sandbox.http.post("/api.line.me/v2/bot/chat/loading/start", json=told, headers=headers)
    assert answer.status_code == 400


def test_marking_a_message_as_read_marks_those_before_it(
    sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi
) -> None:
    for text in ("二", "三"):
        sandbox.says(TAKASHI, text)
    token = bot.events(3)[1].message.mark_as_read_token
    api.mark_messages_as_read_by_token(messaging.MarkMessagesAsReadByTokenRequest(markAsReadToken=token))
    assert [bubble["read"] for bubble in sandbox.phone(TAKASHI)] == [True, True, False]
    with pytest.raises(ApiException):
        api.mark_messages_as_read_by_token(messaging.MarkMessagesAsReadByTokenRequest(markAsReadToken="x"))


@pytest.fixture
def files(sandbox: Sandbox) -> Iterator[messaging.MessagingApiBlob]:
    """LINE's client for files. Its host is written into the client, so the place is given a call."""
    configuration = messaging.Configuration(access_token=TOKEN, host=sandbox.data)
    with messaging.ApiClient(configuration) as client:
        plain = client.call_api

        def pointed(*args: Any, **about: Any) -> Any:
            return plain(*args, **{**about, "_host": sandbox.data})

        client.call_api = pointed
        yield messaging.MessagingApiBlob(client)


def test_a_file_is_had_while_it_is_there(sandbox: Sandbox, files: messaging.MessagingApiBlob) -> None:
    id = sandbox.act(TAKASHI, "image", content=PNG, type="image/png")["message"]
    assert bytes(files.get_message_content(id)) == base64.b64decode(PNG)
    sandbox.act(TAKASHI, "unsend", message=id)
    for asked, status in ((id, 410), ("123", 404)):
        with pytest.raises(ApiException) as caught:
            files.get_message_content(asked)
        assert caught.value.status == status


def test_a_file_is_in_preparation_as_long_as_is_said(
    sandbox: Sandbox, files: messaging.MessagingApiBlob
) -> None:
    sandbox.misbehaves({"fault": "media_pending", "times": 2})
    id = sandbox.act(TAKASHI, "video", content=PNG, duration=9000)["message"]
    assert files.get_message_content_with_http_info(id).status_code == 202
    assert files.get_message_content_transcoding_by_message_id(id).status == "processing"
    assert files.get_message_content_transcoding_by_message_id(id).status == "succeeded"
    assert bytes(files.get_message_content(id)) == base64.b64decode(PNG)


def test_a_file_may_lead_inside(sandbox: Sandbox) -> None:
    sandbox.misbehaves({"fault": "redirect_media", "count": 1})
    id = sandbox.act(TAKASHI, "image", content=PNG)["message"]
    path = f"/api-data.line.me/v2/bot/message/{id}/content"
    answer = sandbox.http.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.headers["location"][:23]) == (302, "http://169.254.169.254/")


def test_tokens_are_issued_expire_and_are_revoked(sandbox: Sandbox) -> None:
    with oauth.ApiClient(oauth.Configuration(host=sandbox.api)) as client:
        door = oauth.ChannelAccessToken(client)
        door.line_base_path = sandbox.api
        stateless = door.issue_stateless_channel_token_by_client_secret("1650000000", "sandbox-line-secret")
        assert stateless.expires_in == 900
        claims = {"iss": "1650000000", "sub": "1650000000", "aud": "https://api.line.me/"}
        claims_of = {**claims, "exp": int(time.time()) + 600, "token_exp": 3600}
        assertion = jwt.encode(claims_of, "x" * 40, "HS256")
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        signed = door.issue_channel_token_by_jwt("client_credentials", kind, assertion)
        assert (signed.expires_in, bool(signed.key_id)) == (3600, True)
        short = door.issue_channel_token("client_credentials", "1650000000", "sandbox-line-secret")
        assert door.verify_channel_token_by_jwt(short.access_token).client_id == "1650000000"
        with pytest.raises(OauthException):
            door.issue_stateless_channel_token_by_client_secret("1650000000", "guessed")

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return sandbox.http.get("/api.line.me/v2/bot/info", headers=headers).status_code

    tokens = (stateless.access_token, signed.access_token, short.access_token, TOKEN)
    assert [status(token) for token in tokens] == [200, 200, 200, 200]
    sandbox.post("/clock", {"forward": 901})
    assert [status(token) for token in tokens] == [401, 200, 200, 200]
    sandbox.post("/clock", {"forward": 2700})
    assert [status(token) for token in tokens] == [401, 401, 200, 200]
    sandbox.set(revoke_tokens=True)
    assert [status(token) for token in tokens] == [401, 401, 401, 401]


def test_what_drops_before_was_not_accepted_and_what_drops_after_was(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    before, after, failed = str(uuid4()), str(uuid4()), str(uuid4())
    sandbox.misbehaves({"fault": "drop_before", "count": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        push(sandbox, before)
    assert sandbox.accepted() == []
    assert push(sandbox, before).status_code == 200
    sandbox.misbehaves({"fault": "drop_after", "call": "message/push", "count": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        push(sandbox, after)
    assert len(sandbox.accepted()) == 2
    assert push(sandbox, after).status_code == 409
    sandbox.misbehaves({"fault": "error_after", "count": 1}, {"fault": "error", "count": 1})
    assert [push(sandbox, failed).status_code for _ in range(3)] == [500, 500, 409]
    assert len(sandbox.accepted()) == 3


def test_misbehaviour_strikes_in_the_same_places_in_every_run(
    sandbox: Sandbox, api: messaging.MessagingApi
) -> None:
    keys = [f"00000000-0000-4000-8000-{number:012}" for number in range(60)]

    def struck() -> list[int]:
        sandbox.misbehaves({"fault": "error", "probability": 0.2})
        sandbox.says(TAKASHI, "x")
        return [push(sandbox, key).status_code for key in keys]

    first = struck()
    assert 3 < first.count(500) < 25
    sandbox.post("/reset", {})
    assert struck() == first
    sandbox.post("/reset", {"seed": 2})
    assert struck() != first


def test_who_asks_without_a_token_or_with_something_else_than_json_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(PUSH, json={})
    assert answer.status_code == 401
    assert answer.json()["message"].startswith(
        "Authentication failed due to the following reason: invalid token."
    )
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert sandbox.http.post(PUSH, data={"a": "b"}, headers=headers).status_code == 415
    json_headers = headers | {"Content-Type": "application/json"}
    broken = sandbox.http.post(PUSH, content=b'{"to": ', headers=json_headers)
    assert broken.json()["message"] == "The request body could not be parsed as JSON (line: 1, column: 8)"
    huge = sandbox.http.post(PUSH, content=b'"' + b"x" * 2_100_000 + b'"', headers=json_headers)
    assert huge.status_code == 413


def test_accounts_are_linked_through_the_dialog(
    sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi
) -> None:
    token = api.issue_link_token(TAKASHI).link_token
    path = "/access.line.me/dialog/bot/accountLink"
    nonce = "n" * 24
    told = {"linkToken": token, "nonce": nonce}
    assert "連携する" in sandbox.http.get(path, params=told, headers={"accept-language": "ja"}).text
    assert sandbox.http.post(path, data=told).status_code == 200
    event = bot.events(2)[1]
    assert (event.type, event.link.result, event.link.nonce) == ("accountLink", "ok", nonce)
    assert event.source.user_id == TAKASHI
    assert [sandbox.http.get(path, params=told).status_code] == [400]
    assert sandbox.http.post(path, data=told).status_code == 400


def test_who_is_somebody_else_cannot_link(sandbox: Sandbox, bot: Bot, api: messaging.MessagingApi) -> None:
    path = "/access.line.me/dialog/bot/accountLink"
    told = {"linkToken": api.issue_link_token(TAKASHI).link_token, "nonce": "n" * 24, "by": MISAKI}
    assert sandbox.http.post(path, data=told).status_code == 200
    event = bot.events(2)[1]
    assert (event.link.result, event.source) == ("failed", None)


def test_only_pages_of_its_own_may_tell_it_something(sandbox: Sandbox) -> None:
    told = {"user": MISAKI, "action": "text", "text": "x"}
    answer = sandbox.http.post("/act/line", json=told, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert sandbox.phone(MISAKI) == []
