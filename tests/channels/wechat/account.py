"""An official account whose WeChat is a script: each call is noted and answered by its path."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from channels.base import Context, Outbound, Person, Request
from channels.wechat.connector import WeChat
from channels.wechat.settings import WeChatSettings
from tests.channels.script import Script as Base

APP, SECRET = "wx5f3a9c0b7d2e4816", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TOKEN, KEY = "Kitakaze2026Mado9Guchi3Token7x", "aQ9mZ2cV7nL4xT1rW8yK5pD3sF6hJ0gB2uE9iO4vXcM"
GH, HANA = "gh_7c1e5a9b3d20", "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"
STABLE, SEND = "/cgi-bin/stable_token", "/cgi-bin/message/custom/send"
UPLOAD, GET = "/cgi-bin/media/upload", "/cgi-bin/media/get"
CONTEXT = Context("k1", "https://desk.example.jp")


def ok(**more: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"errcode": 0, "errmsg": "ok", **more})


def no(code: int, words: str = "no rid: 6604ca78-1fb82aff") -> httpx2.Response:
    return httpx2.Response(200, json={"errcode": code, "errmsg": words})


def token(value: str = "t1", seconds: int = 7200) -> httpx2.Response:
    return httpx2.Response(200, json={"access_token": value, "expires_in": seconds})


@dataclass
class Script(Base):
    """One that gives tokens and takes messages, unless it is told otherwise."""

    answers: dict[str, list[Any]] = field(default_factory=lambda: {STABLE: [token()], SEND: [ok()]})

    def tokens(self, path: str) -> list[str]:
        """The access tokens of the calls to it."""
        return [request.url.params["access_token"] for request in self.seen if request.url.path == path]


def wechat(script: Script | None = None, context: Context = CONTEXT, **settings: str) -> WeChat:
    stored = {"app_id": APP, "app_secret": SECRET, "token": TOKEN, "aes_key": KEY, **settings}
    http = httpx2.Client(transport=httpx2.MockTransport(script or Script()))
    return WeChat(WeChatSettings(**stored), http, context)


def answer(text: str = "", **more: Any) -> Outbound:
    return Outbound("m1", Person(HANA, "k1"), text, **more)


def xml(**fields: str) -> str:
    return (
        "<xml>"
        + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
        + "</xml>"
    )


def said(text: str = "はい", **more: str) -> str:
    told = {"ToUserName": GH, "FromUserName": HANA, "CreateTime": "1795255200", "MsgType": "text"}
    return xml(**{**told, "Content": text, "MsgId": "24500000000000001", **more})


def signed(*parts: str) -> str:
    """wechatpy's own signature."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def posted(body: str | bytes, *, token: str = TOKEN, at: int | None = None) -> Request:
    """A webhook in plain mode."""
    raw = body.encode() if isinstance(body, str) else body
    return Request("POST", "https://desk.example.jp/hooks/k1", {}, _query(token, at), raw)


def sealed(
    body: str, *, token: str = TOKEN, key: str = KEY, app: str = APP, at: int | None = None
) -> Request:
    """A webhook in safe mode, as wechatpy seals it."""
    query = _query(token, at)
    told = WeChatCrypto(token, key, app).encrypt_message(body, query["nonce"], query["timestamp"])
    found = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]>", told, re.S)
    assert found
    inside = xml(ToUserName=GH, Encrypt=found[1])
    mark = signed(token, query["timestamp"], query["nonce"], found[1])
    whole = {**query, "encrypt_type": "aes", "msg_signature": mark}
    return Request("POST", "https://desk.example.jp/hooks/k1", {}, whole, inside.encode())


def _query(token: str, at: int | None) -> Mapping[str, str]:
    timestamp, nonce = str(at if at is not None else int(time.time())), "486134520"
    return {"signature": signed(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
