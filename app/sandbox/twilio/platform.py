"""Twilio as the sandbox plays it: one account with a number, and the telephones it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.sandbox import pictures
from app.sandbox.files import File
from app.sandbox.hooks import UNREACHED
from app.sandbox.house import BadAct, House, Platform
from app.sandbox.talks import Customer
from app.sandbox.twilio import acts, signing
from app.sandbox.twilio.account import Account
from app.sandbox.twilio.doors import CDN, Doors
from app.sandbox.twilio.sending import NUMBER, Sending

JAPAN = "+81"
PEOPLE = (
    ("+14155550142", "Emily Carter", "en"),
    ("+447700900123", "Oliver Hughes", "en"),
    ("+819012345678", "佐藤 美咲", "ja"),
)


class Twilio(Platform):
    """Programmable Messaging. `sid` and `token` are the account's."""

    name = "twilio"
    label = "SMS"
    places = False
    batches = False
    retries = (UNREACHED,)
    within = 15.0
    settable = frozenset({"algorithm", "opt_out", "trial", "status", "fates", "closed"})

    def __init__(self, house: House, hooks_url: str, sid: str, token: str) -> None:
        super().__init__(house, hooks_url)
        self._given = sid, token
        self.begin()
        self.sending, self.doors = Sending(self), Doors(self)

    def begin(self) -> None:
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
        return super().customer(id if id.startswith("+") else f"+{id.strip()}")

    def stranger(self, id: str) -> Customer:
        if not NUMBER.fullmatch(id):
            raise BadAct("A number has its country in front, such as +14155550142.")
        return Customer(id, id, "ja" if id.startswith(JAPAN) else "en")

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

    def event_id(self, event: dict[str, Any]) -> str:
        return " ".join(filter(None, (event["fields"].get("MessageStatus"), event["fields"]["MessageSid"])))

    def file_of(self, message: str) -> File | None:
        return self.account.files.find(message)

    @property
    def holder(self) -> Any:
        return self.account

    def about(self) -> dict[str, Any]:
        own = self.account
        keys = {"api_key": own.api_key, "api_secret": own.api_secret, "shared_key": own.shared_key}
        about = {
            "account_sid": own.sid,
            "auth_token": own.token,
            "number": own.number,
            "service": own.service,
        }
        return {**about, **keys, "stopped": sorted(own.stopped), "revoked": self.revoked}

    def change(self, name: str, value: Any) -> bool:
        if name == "revoked":
            self.revoked = bool(value)
        return name == "revoked"


async def _face(request: Request) -> Response:
    id = str(request.path_params["id"])
    return pictures.face_of(id if id == "shop" else f"+{id}")
