"""WeChat as the sandbox plays it: one official account and who follows it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import pictures
from app.sandbox.files import File
from app.sandbox.house import BadAct, House, Platform
from app.sandbox.talks import Bubble, Customer
from app.sandbox.wechat import sealing
from app.sandbox.wechat.account import Account
from app.sandbox.wechat.acts import Acts
from app.sandbox.wechat.calls import Calls
from app.sandbox.wechat.sealing import Secrets

ID = re.compile(r"o[A-Za-z0-9_-]{27}")
PEOPLE = (("李 小雨", "en"), ("王 大偉", "en"), ("佐藤 美咲", "ja"))
SILENT = {b"", b"success"}


class WeChat(Platform):
    """Webhooks, customer service messages, and the followers of the account."""

    name = "wechat"
    label = "WeChat"
    batches = False
    within = 5.0
    settable = frozenset({"name", "safe", "ip_listed", "may_send", "menus", "used", "daily"})

    def __init__(self, house: House, hooks_url: str, secrets: Secrets, app_secret: str) -> None:
        super().__init__(house, hooks_url)
        self._given = secrets, app_secret
        self.acts, self.calls = Acts(self), Calls(self)
        self.begin()

    def begin(self) -> None:
        self.account = Account(self.house.ids, *self._given)
        for name, language in PEOPLE:
            id = "o" + hashlib.sha256(name.encode()).hexdigest()[:27]
            self.talks.customers[id] = Customer(id, name, language)

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return {
            "api.weixin.qq.com": self.calls.routes(),
            "mpvideo.qpic.cn": [Route("/{id}.mp4", self.calls.film, methods=["GET"])],
            "mp.weixin.qq.com": [
                Route("/submit", self._submit, methods=["POST"]),
                Route("/face/{id}.png", pictures.face, methods=["GET"]),
            ],
        }

    @property
    def shop(self) -> tuple[str, str]:
        return self.account.name, self.face("shop")

    def face(self, id: str) -> str:
        return f"/mp.weixin.qq.com/face/{id}.png"

    def stranger(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("An OpenID is o and 27 letters, digits, - or _.")
        return Customer(id, f"WeChat {id[-4:]}", ever=False)

    def new_id(self) -> str:
        return "o" + self.house.ids.hex(27)

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return self.acts.act(customer, action)

    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        """One webhook; another one each time, because what is sealed begins with chance."""
        (event,) = events
        xml = sealing.written(event)
        if self.account.safe:
            inside = sealing.sealed(self.account.secrets, xml, bytes.fromhex(self.house.ids.hex(32)))
            xml = sealing.written({"ToUserName": event["ToUserName"], "Encrypt": inside})
        return {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"}, xml.encode()

    def signed(self, url: str, body: bytes) -> str:
        """With the signatures in the address; what is sealed in the body is covered by the second."""
        told = self._proof()
        if inside := sealing.read(body.decode()).get("Encrypt"):
            mark = sealing.signature(self.account.secrets.token, told["timestamp"], told["nonce"], inside)
            told |= {"encrypt_type": "aes", "msg_signature": mark}
        return f"{url}?{urlencode(told)}"

    def event_id(self, event: dict[str, Any]) -> str:
        named = f"{event['FromUserName']}:{event['CreateTime']}:{event.get('Event', '')}"
        return str(event.get("MsgId") or named)

    async def heard(self, answer: bytes) -> None:
        """A message in the answer is shown at once; anything but that and “success” is an outage to the customer."""
        if answer in SILENT:
            return
        try:
            told = self._answered(answer)
        except (sealing.NotSealed, UnicodeDecodeError) as error:
            self.house.record.add(self.name, "refused", call="answer", status=0, message=str(error))
            return
        customer = self.talks.customers[told["ToUserName"]]
        bubble = Bubble(
            self.house.ids.digits(17), "shop", "text", self.house.clock.milliseconds(), told["Content"]
        )
        self.talks.show(customer, bubble)
        message = {"id": bubble.id, "type": "text", "text": bubble.text}
        self.house.record.add(self.name, "accepted", call="answer", to=customer.id, messages=[message])

    def file_of(self, message: str) -> File | None:
        return self.account.files.find(self.account.shown.get(message, ""))

    @property
    def holder(self) -> Any:
        return self.account

    def about(self) -> dict[str, Any]:
        account, secrets = self.account, self.account.secrets
        return {
            "app_id": secrets.app_id,
            "app_secret": account.app_secret,
            "token": secrets.token,
            "aes_key": secrets.key,
            "account_id": account.original_id,
            "tokens_made": account.tokens.made,
        }

    def change(self, name: str, value: Any) -> bool:
        if name == "revoke_token":
            self.account.tokens.revoke()
        return name == "revoke_token"

    def _proof(self) -> dict[str, str]:
        """By the real time, also where the sandbox's own was put forward: the product holds it against its clock."""
        timestamp, nonce = str(int(time.time())), self.house.ids.digits(9)
        made = sealing.signature(self.account.secrets.token, timestamp, nonce)
        return {"signature": made, "timestamp": timestamp, "nonce": nonce}

    def _answered(self, answer: bytes) -> dict[str, str]:
        """The message in an answer. Raises `NotSealed`."""
        told = sealing.read(answer.decode())
        if inside := told.get("Encrypt"):
            parts = (self.account.secrets.token, told.get("TimeStamp", ""), told.get("Nonce", ""), inside)
            if sealing.signature(*parts) != told.get("MsgSignature"):
                raise sealing.NotSealed("the signature does not fit")
            told = sealing.read(sealing.opened(self.account.secrets, inside))
        elif self.account.safe:
            raise sealing.NotSealed("it is not sealed")
        if told.get("ToUserName") not in self.talks.customers or not told.get("Content"):
            raise sealing.NotSealed("it is no message")
        return told

    async def _submit(self, request: Request) -> Response:
        """POST /submit {"url": …}: an address is given in the console; WeChat asks it for its word."""
        url, word = str((await request.json())["url"]), self.house.ids.digits(19)
        status, said = await self.hooks.ask(url, {**self._proof(), "echostr": word})
        if status != 200 or said != word:
            return JSONResponse({"ok": False, "status": status, "said": said[:200]}, 400)
        self.hooks.url = url
        return JSONResponse({"ok": True})
