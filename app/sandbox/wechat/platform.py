"""WeChat as the sandbox plays it: one official account and who follows it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import drawing
from app.sandbox.house import BadAct, House, Platform
from app.sandbox.talks import Bubble, Customer
from app.sandbox.wechat import sealing
from app.sandbox.wechat.account import Account
from app.sandbox.wechat.acts import Acts
from app.sandbox.wechat.calls import Calls
from app.sandbox.wechat.sealing import Secrets

ID = re.compile(r"o[A-Za-z0-9_-]{27}")
FOREVER = {"Cache-Control": "public, max-age=86400"}
PEOPLE = (("李 小雨", "en"), ("王 大偉", "en"), ("佐藤 美咲", "ja"))
WITHIN = 5.0  # seconds the product has to answer a webhook
SETTABLE = {"name", "safe", "ip_listed", "may_send", "menus", "used", "daily"}
SILENT = {b"", b"success"}


class WeChat(Platform):
    """Webhooks, customer service messages, and the followers of the account."""

    name = "wechat"
    label = "WeChat"
    batches = False

    def __init__(self, house: House, hooks_url: str, secrets: Secrets, app_secret: str) -> None:
        super().__init__(house, hooks_url)
        self._given, self._first_url = (secrets, app_secret), hooks_url
        self.hooks.within = WITHIN
        self.acts, self.calls = Acts(self), Calls(self)
        self._open()

    def _open(self) -> None:
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
                Route("/face/{id}.png", _face, methods=["GET"]),
            ],
        }

    @property
    def shop(self) -> tuple[str, str]:
        return self.account.name, self.face("shop")

    def face(self, id: str) -> str:
        return f"/mp.weixin.qq.com/face/{id}.png"

    def customer(self, id: str) -> Customer:
        if not ID.fullmatch(id):
            raise BadAct("An OpenID is o and 27 letters, digits, - or _.")
        if id not in self.talks.customers:
            self.talks.customers[id] = Customer(id, f"WeChat {id[-4:]}", ever=False)
        return self.talks.customers[id]

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

    def again(self, event: dict[str, Any]) -> dict[str, Any]:
        return event

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

    def told(self, customer: Customer, event: dict[str, Any]) -> None:
        """WeChat shows a customer nothing of it."""

    def seen(self, customer: Customer) -> None:
        """WeChat tells an account nothing of it."""

    async def media(self, message: str, part: str) -> Response:
        file = self.account.files.find(self.account.shown.get(message, ""))
        if file is None or file.gone:
            return PlainTextResponse("Gone", 410)
        return Response(file.body, media_type=file.media_type)

    def settings(self) -> dict[str, Any]:
        account, secrets = self.account, self.account.secrets
        own = {name: getattr(account, name) for name in sorted(SETTABLE)}
        return {
            "app_id": secrets.app_id,
            "app_secret": account.app_secret,
            "token": secrets.token,
            "aes_key": secrets.key,
            "account_id": account.original_id,
            **own,
            "tokens_made": account.tokens.made,
            "webhook": self.hooks.url,
            "redeliver": self.hooks.redeliver,
            "within": self.hooks.within,
        }

    def set(self, told: Mapping[str, Any]) -> None:
        for name, value in told.items():
            if name in SETTABLE:
                setattr(self.account, name, value)
            elif name in ("redeliver", "within"):
                setattr(self.hooks, name, value)
            elif name == "webhook":
                self.hooks.url = str(value)
            elif name == "revoke_token":
                self.account.tokens.revoke()
            else:
                raise BadAct(f"{name} cannot be set")

    def reset(self) -> None:
        self.hooks.forget()
        self.hooks.url, self.hooks.redeliver = self._first_url, True
        self.talks.customers.clear()
        self._open()
        self.talks.reload()

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


async def _face(request: Request) -> Response:
    id = request.path_params["id"][:40]
    picture = drawing.mark() if id == "shop" else drawing.face(id)
    return Response(picture, media_type="image/png", headers=FOREVER)
