"""A business account at a TikTok that answers as told."""

import json
from typing import Any

import httpx2

from channels.base import Context, Outbound, Person
from channels.settings import settings_from
from channels.tiktok.connector import TikTok
from channels.tiktok.settings import TikTokSettings
from tests.channels.kept import Kept

APP, SECRET = "7412345678901234567", "9c1f7e2ab04d4d6c8f15e3a7b9d20c64"
BUSINESS, HANAKO = "_000BusinessOpenIdOfTheShop", "_000CustomerHanako"
CONVERSATION = "MDE6MToyMzQ1Njc4OTAxMjM0NTY3ODkwOjEyMzQ="
API = "https://business-api.tiktok.com/open_api/v1.3/"
STORED: dict[str, Any] = {
    "app_id": APP,
    "app_secret": SECRET,
    "business_id": BUSINESS,
    "access_token": "act.first",
    "access_until": "2099-01-01T00:00:00+00:00",
    "refresh_token": "rft.first",
    "refresh_until": "2099-01-01T00:00:00+00:00",
}
TOKENS = {
    "access_token": "act.second",
    "expires_in": 86_400,
    "refresh_token": "rft.second",
    "refresh_token_expires_in": 31_536_000,
    "open_id": BUSINESS,
    "scope": "message.list.send",
}


def good(**data: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"code": 0, "message": "OK", "request_id": "r1", "data": data})


def bad(code: int, message: str = "No.", status: int = 200, **headers: str) -> httpx2.Response:
    told = {"code": code, "message": message, "request_id": "r1", "data": {}}
    return httpx2.Response(status, json=told, headers=headers)


def taken(id: str = "7577000000000000101") -> httpx2.Response:
    """What TikTok says of a message that it took."""
    return good(message={"message_id": id})


class Scripted:
    """TikTok: each path answers from its list, the last answer for ever. `seen`: (path, document) of each call."""

    def __init__(self, **answers: list[httpx2.Response | Exception]) -> None:
        self.answers = {_PATHS[name]: list(each) for name, each in answers.items()}
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = str(request.url.copy_with(query=None)).removeprefix(API)
        waiting = self.answers.get(path) or [taken()]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def seen(self) -> list[tuple[str, Any]]:
        return [(str(one.url).removeprefix(API), document(one)) for one in self.requests]


_PATHS = {
    "send": "business/message/send/",
    "upload": "business/message/media/upload/",
    "download": "business/message/media/download/",
    "file": "https://p16.tiktokcdn.com/f.jpg",
    "account": "business/get/",
    "webhook": "business/webhook/update/",
    "refresh": "tt_user/oauth2/refresh_token/",
    "sign_in": "tt_user/oauth2/token/",
}


def document(request: httpx2.Request) -> Any:
    """The JSON of a call, else its bytes."""
    content = request.read()
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content


def account(tiktok: Scripted, kept: Kept | None = None, **settings: Any) -> TikTok:
    renew = (kept or Kept()).renew
    context = Context("k1", "https://desk.example.jp", renew=renew)
    http = httpx2.Client(transport=httpx2.MockTransport(tiktok))
    return TikTok(settings_from(TikTokSettings, {**STORED, **settings}), http, context)


def hello(words: str = "お待たせしました", **more: Any) -> Outbound:
    return Outbound("m1", Person(HANAKO), words, last={"conversation": CONVERSATION}, **more)
