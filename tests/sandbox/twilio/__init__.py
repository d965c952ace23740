"""SMS as the sandbox plays it: Twilio's own library calls it and checks what it signs; our connector talks to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client as TwilioClient

from channels.base import Context, Outbound, Person
from channels.events import Request
from channels.guard import Client
from channels.sms.connector import Sms
from channels.sms.settings import SmsSettings
from tests.hooked import Said
from tests.sandbox import Sandbox
from tests.serving import until

EMILY, JAPAN, OTHER = "+14155550142", "+819012345678", "+14155550199"


PDF = b"%PDF-1.4 a file of ours"


class Here(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own HTTP client; every host lies at the sandbox."""

    def __init__(self, base: str) -> None:
        super().__init__(pool_connections=False)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Response:
        return super().request(method, url.replace("https://", f"{self.base}/"), *args, **more)


@dataclass
class Hearer:
    """A program behind the webhook addresses. `answers`: the statuses it gives, in turn; then 200."""

    base: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def hear(self, request: Request) -> Said:
        if request.method == "GET":
            return 200, "application/pdf", PDF
        self.heard.append((request.url, dict(request.headers), request.body))
        return self.answers.pop(0) if self.answers else 200, "text/xml", b""

    def fields(self, count: int) -> list[dict[str, str]]:
        until(lambda: len(self.heard) >= count, f"{count} webhooks")
        return [dict(parse_qsl(body.decode(), keep_blank_values=True)) for _, _, body in self.heard]


@dataclass
class World:
    """The sandbox, what hears it, and SMS as our product does it."""

    sandbox: Sandbox
    hearer: Hearer
    http: Client

    @property
    def own(self) -> dict[str, Any]:
        return dict(self.sandbox.state("twilio")["settings"])

    def library(self) -> TwilioClient:
        own = self.own
        return TwilioClient(own["account_sid"], own["auth_token"], http_client=Here(self.sandbox.base))

    def connector(self, **settings: Any) -> Sms:
        own = self.own
        given = {"sender": own["number"], "shared_key": own["shared_key"], **settings}
        context = Context("sandbox-twilio", self.hearer.base, sandbox=self.sandbox.base)
        made = SmsSettings(own["account_sid"], own["auth_token"], **given)
        return Sms(made, self.http, context)

    def act(self, user: str, action: str, **about: Any) -> dict[str, str]:
        return self.sandbox.act(user, action, on="twilio", **about)

    def sends(self, user: str, text: str, **settings: Any) -> tuple[str, ...]:
        """Our connector's message; its ids. Raises `ChannelError`."""
        return self.connector(**settings).send(Outbound("1", Person(user), text)).external_ids

    def hears(self, count: int) -> list[Any]:
        """What our connector makes of the webhooks, once there are so many; each is verified first."""
        self.hearer.fields(count)
        connector, found = self.connector(), list[Any]()
        for path, headers, body in self.hearer.heard:
            request = Request("POST", f"{self.hearer.base}{path}", headers, {}, body)
            connector.verify(request)
            found += connector.parse(request)
        return found

    def phone(self, user: str) -> list[tuple[str, str, str]]:
        return [(one["by"], one["kind"], one["text"]) for one in self.sandbox.phone(user, "twilio")]
