"""Twilio as the sandbox plays it: one account with a number, and the telephones it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox import drawing
from app.sandbox.hooks import UNREACHED
from app.sandbox.house import BadAct, House, Platform
from app.sandbox.talks import Customer
from app.sandbox.twilio import acts, signing
from app.sandbox.twilio.account import Account
from app.sandbox.twilio.doors import CDN, Doors
from app.sandbox.twilio.sending import NUMBER, Sending

WITHIN = 15.0  # seconds the product has to answer a webhook
JAPAN = "+81"
PEOPLE = (
    ("+14155550142", "Emily Carter", "en"),
    ("+447700900123", "Oliver Hughes", "en"),
    ("+819012345678", "佐藤 美咲", "ja"),
)
FOREVER = {"Cache-Control": "public, max-age=86400"}
SETTABLE = {"algorithm", "opt_out", "trial", "status", "fates", "closed"}


class Twilio(Platform):
    """Programmable Messaging. `sid` and `token` are the account's."""

    name = "twilio"
    label = "SMS"
    places = False
    batches = False
    retries = (UNREACHED,)

    def __init__(self, house: House, hooks_url: str, sid: str, token: str) -> None:
        super().__init__(house, hooks_url)
        self._given, self._first_url = (sid, token), hooks_url
        self.hooks.within = WITHIN
        self._open()
        self.sending, self.doors = Sending(self), Doors(self)

    def _open(self) -> None:
        self.account, self.revoked = Account(self.house.ids, *self._given), False
        for number, name, language in PEOPLE:
            self.talks.customers[number] = Customer(number, name, language)

    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        return {
            "api.twilio.com": self.doors.api(),
            "messaging.twilio.com": self.doors.messaging(),
            CDN: self.doors.cdn(),
            "www.twilio.com": [Route("/face/{id}.png", _face, methods=["GET"])],
        }

    @property
    def shop(self) -> tuple[str, str]:
        number = self.account.number
        return f"{number[:2]} {number[2:5]}-{number[5:8]}-{number[8:]}", self.face("shop")

    def face(self, id: str) -> str:
        return f"/www.twilio.com/face/{id.lstrip('+')}.png"

    def customer(self, id: str) -> Customer:
        number = id if id.startswith("+") else f"+{id.strip()}"
        if not NUMBER.fullmatch(number):
            raise BadAct("A number has its country in front, such as +14155550142.")
        if number not in self.talks.customers:
            self.talks.customers[number] = Customer(
                number, number, "ja" if number.startswith(JAPAN) else "en"
            )
        return self.talks.customers[number]

    def new_id(self) -> str:
        return f"+1415555{self.house.ids.digits(4)}"

    def mute(self, customer: Customer) -> bool:
        """Twilio carries SMS to Japan one way only."""
        return customer.id.startswith(JAPAN)

    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        return acts.act(self, customer, action)

    def goes_to(self, event: dict[str, Any]) -> str:
        """What is behind a # is for Twilio itself."""
        return (str(event["url"]) or self.hooks.url).partition("#")[0]

    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        (event,) = events
        own = self.account
        key = own.shared_key if own.algorithm == "sha256" else ""
        signed = signing.headers(self.goes_to(event), event["fields"], own.token, key)
        plain = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "Accept": "*/*"}
        headers = {**plain, "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": event["token"]}
        return {**headers, **signed}, urlencode(event["fields"]).encode()

    def again(self, event: dict[str, Any]) -> dict[str, Any]:
        return event

    def event_id(self, event: dict[str, Any]) -> str:
        return " ".join(filter(None, (event["fields"].get("MessageStatus"), event["fields"]["MessageSid"])))

    def told(self, customer: Customer, event: dict[str, Any]) -> None:
        """Nothing comes of it here."""

    def seen(self, customer: Customer) -> None:
        """SMS tells nobody of it."""

    async def media(self, message: str, part: str) -> Response:
        file = self.account.files.find(message)
        if file is None or file.gone:
            return PlainTextResponse("Gone", 410)
        return Response(file.body, media_type=file.media_type)

    def settings(self) -> dict[str, Any]:
        own, hooks = self.account, self.hooks
        told = {name: getattr(own, name) for name in sorted(SETTABLE)}
        keys = {"api_key": own.api_key, "api_secret": own.api_secret, "shared_key": own.shared_key}
        about = {
            "account_sid": own.sid,
            "auth_token": own.token,
            "number": own.number,
            "service": own.service,
        }
        hooked = {"webhook": hooks.url, "redeliver": hooks.redeliver, "within": hooks.within}
        return {
            **about,
            **keys,
            **told,
            "stopped": sorted(own.stopped),
            "revoked": self.revoked,
            **hooked,
        }

    def set(self, told: Mapping[str, Any]) -> None:
        for name, value in told.items():
            if name in SETTABLE:
                setattr(self.account, name, value)
            elif name in ("redeliver", "within"):
                setattr(self.hooks, name, value)
            elif name == "revoked":
                self.revoked = bool(value)
            elif name == "webhook":
                self.hooks.url = str(value)
            else:
                raise BadAct(f"{name} cannot be set")

    def reset(self) -> None:
        self.hooks.forget()
        self.hooks.url, self.hooks.redeliver = self._first_url, True
        self.talks.customers.clear()
        self._open()
        self.talks.reload()


async def _face(request: Request) -> Response:
    id = request.path_params["id"][:40]
    picture = drawing.mark() if id == "shop" else drawing.face(f"+{id}")
    return Response(picture, media_type="image/png", headers=FOREVER)
