"""The doors under api.weixin.qq.com (developers.weixin.qq.com/doc/service/api/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.files import File
from app.sandbox.misbehaving import INTERNAL, Trickle
from app.sandbox.talks import Bubble, Customer
from app.sandbox.wechat import door
from app.sandbox.wechat.account import Account
from app.sandbox.wechat.door import Refused, Told

if TYPE_CHECKING:
    from app.sandbox.wechat.platform import WeChat

TYPING = 15.0  # seconds
TEXT_BYTES = 2048
MENU = 20  # lines
UPLOADS = {  # type → bytes of one, and the media types of its files
    "image": (10 * 2**20, ("image/jpeg", "image/png", "image/gif")),
    "voice": (2 * 2**20, ("audio/amr", "audio/mpeg")),
    "video": (10 * 2**20, ("video/mp4",)),
    "thumb": (64 * 2**10, ("image/jpeg",)),
}
FILMS = "https://mpvideo.qpic.cn"


class Calls:
    """What an account may ask for and send."""

    def __init__(self, wechat: WeChat) -> None:
        self.wechat, self.house = wechat, wechat.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.wechat.account

    def routes(self) -> list[BaseRoute]:
        """Every door, misbehaviour and the access token looked after."""
        asked = {"token": False}
        return [
            self._door("/stable_token", self.token, "POST", **asked),
            self._door("/message/custom/send", self.send, "POST"),
            self._door("/message/custom/typing", self.typing, "POST"),
            self._door("/media/upload", self.upload, "POST", form=True),
            self._door("/media/get", self.media, "GET"),
            self._door("/openapi/quota/get", self.quota, "POST"),
        ]

    async def token(self, _request: Request, told: Told) -> Told:
        """POST stable_token: the one token there is; another only by force."""
        if not self.account.ip_listed:
            raise Refused(40164)
        if told.get("appid") != self.account.secrets.app_id:
            raise Refused(40013)
        if told.get("secret") != self.account.app_secret:
            raise Refused(40125)
        token, seconds = self.account.tokens.handed(told.get("force_refresh") is True)
        return {"access_token": token, "expires_in": seconds}

    async def send(self, _request: Request, told: Told) -> Told:
        """POST message/custom/send: one message, without a number."""
        customer = self._customer(told)
        if not self.account.may_send:
            raise Refused(48001)
        if self.account.used >= self.account.daily:
            raise Refused(45009)
        bubble = self._bubble(told)
        if code := self.account.allowances.spend(customer.id):
            raise Refused(code)
        self.account.used += 1
        customer.typing_until = 0.0
        if customer.friend:
            self.wechat.talks.show(customer, bubble)
        self.wechat.talks.show_state(customer)
        message = {"id": bubble.id, "type": told["msgtype"], "text": bubble.text, "raw": dict(told)}
        self.house.record.add(
            "wechat", "accepted", call="message/custom/send", to=customer.id, messages=[message]
        )
        return {"errcode": 0, "errmsg": "ok"}

    async def typing(self, _request: Request, told: Told) -> Told:
        """POST message/custom/typing."""
        customer = self._customer(told)
        on = told.get("command") == "Typing"
        customer.typing_until = self.house.clock.seconds() + TYPING if on else 0.0
        self.wechat.talks.show_state(customer)
        return {"errcode": 0, "errmsg": "ok"}

    async def upload(self, request: Request, _told: Told) -> Told:
        """POST media/upload: a file for three days."""
        sort = request.query_params.get("type", "")
        if sort not in UPLOADS:
            raise Refused(40004)
        most, types = UPLOADS[sort]
        async with request.form(max_part_size=door.BODY_BYTES) as form:
            given = form.get("media")
            if not isinstance(given, UploadFile):
                raise Refused(47001)
            media_type = (given.content_type or "").partition(";")[0]
            file = File("", given.filename or "file", media_type, await given.read())
        if media_type not in types:
            raise Refused(40004)
        if len(file.body) > most:
            raise Refused(45001)
        id = self.house.ids.hex(40)
        self.account.files.keep(id, file)
        return {"type": sort, "media_id": id, "created_at": int(self.house.clock.seconds())}

    async def media(self, request: Request, _told: Told) -> Response | Told:
        """GET media/get: the file; of a film, where it lies."""
        id = request.query_params.get("media_id", "")
        file = self.account.files.find(id)
        subject = f"{file.user} {len(file.body)}" if file else id
        if file is None or file.gone or self.wechat.strikes("media_gone", "media/get", subject):
            raise Refused(40007)
        if file.media_type.startswith("video/"):
            return JSONResponse({"video_url": f"{FILMS}/{id}.mp4"})
        return self._handed(file, subject)

    async def film(self, request: Request) -> Response:
        """GET mpvideo.qpic.cn/….mp4."""
        file = self.account.files.find(request.path_params["id"])
        if file is None:
            return PlainTextResponse("Not found", 404)
        return self._handed(file, f"{file.user} {len(file.body)}")

    async def quota(self, _request: Request, _told: Told) -> Told:
        """POST openapi/quota/get: of the messages of today."""
        if not self.account.may_send:
            raise Refused(48001)
        used, daily = self.account.used, self.account.daily
        return {
            "errcode": 0,
            "errmsg": "ok",
            "quota": {"daily_limit": daily, "used": used, "remain": daily - used},
        }

    def _handed(self, file: File, subject: str) -> Response:
        if self.wechat.strikes("redirect_media", "media/get", subject):
            return RedirectResponse(INTERNAL, 302)
        if rule := self.wechat.strikes("slow_media", "media/get", subject):
            return Trickle(file.body, file.media_type, rule.seconds)
        return Response(file.body, media_type=file.media_type)

    def _customer(self, told: Told) -> Customer:
        found = self.wechat.talks.customers.get(str(told.get("touser")))
        if found is None:
            raise Refused(40003)
        return found

    def _bubble(self, told: Told) -> Bubble:
        """What the phone shows of a message. Raises `Refused` where it is none."""
        sort = told.get("msgtype")
        inside = told.get(str(sort))
        if not isinstance(inside, dict):
            raise Refused(40008)
        made = Bubble(self.house.ids.digits(17), "shop", str(sort), self.house.clock.milliseconds())
        if sort == "text":
            made.text = _words(inside.get("content"))
        elif sort == "msgmenu":
            self._menu(made, inside)
        elif sort in ("image", "voice", "video"):
            self._file(made, inside)
        else:
            raise Refused(40008)
        return made

    def _menu(self, bubble: Bubble, inside: dict[str, Any]) -> None:
        if not self.account.menus:
            raise Refused(40200)
        lines = inside.get("list")
        if not isinstance(lines, list) or not 0 < len(lines) <= MENU:
            raise Refused(45098)
        bubble.text = _words(inside.get("head_content"), empty=True)
        actions = [{"type": "choice", "label": str(one["content"]), "id": str(one["id"])} for one in lines]
        bubble.kind, bubble.data = "template", {"template": {"text": bubble.text, "actions": actions}}

    def _file(self, bubble: Bubble, inside: dict[str, Any]) -> None:
        file = self.account.files.find(str(inside.get("media_id")))
        if file is None or file.gone:
            raise Refused(40007)
        bubble.kind = {"voice": "audio"}.get(bubble.kind, bubble.kind)
        bubble.text = str(inside.get("title") or "")
        self.account.shown[bubble.id] = str(inside["media_id"])

    def _door(self, path: str, work: door.Work, method: str, **how: bool) -> Route:
        return Route(f"/cgi-bin{path}", door.door(self.wechat, work, **how), methods=[method])


def _words(value: Any, *, empty: bool = False) -> str:
    if not isinstance(value, str) or (not value and not empty):
        raise Refused(44004)
    if len(value.encode()) > TEXT_BYTES:
        raise Refused(45002)
    return value
