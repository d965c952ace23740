"""Meta's side of the sandbox for tests: what hears its webhooks, and the product's connectors beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from pywa.utils import webhook_updates_validator

from channels.base import Context
from channels.events import Event, Request
from channels.guard import Client
from channels.instagram import Instagram, InstagramSettings
from channels.messenger import Messenger, MessengerSettings
from channels.whatsapp.connector import WhatsApp
from channels.whatsapp.settings import WhatsAppSettings
from tests.hooked import Said
from tests.sandbox import Sandbox
from tests.serving import until

VERIFY = "a word of ours"
PLATFORMS = ("instagram", "messenger", "whatsapp")
FILE = b"%PDF-1.4 a file of ours"


@dataclass
class Hearer:
    """A program behind the webhook address. pywa, and not we, says whether a signature is good. `answers`: the
    statuses it gives, in turn; then 200. It has files at
    /file.pdf and /large.pdf."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    forged: int = 0

    def hear(self, request: Request) -> Said:
        if request.method == "GET":
            status, said = self.asked(request.url)
            return status, "application/pdf", said
        signature = request.headers.get("x-hub-signature-256", "")
        self.bodies.append(request.body)
        self.forged += not webhook_updates_validator("sandbox-meta-secret", request.body, signature)
        return self.answers.pop(0) if self.answers else 200, "text/plain", b""

    def asked(self, path: str) -> tuple[int, bytes]:
        """The handshake, or the file."""
        query = dict(parse_qsl(urlsplit(path).query))
        if path.startswith("/file.pdf"):
            return 200, FILE
        if path.startswith("/large.pdf"):
            return 200, b"%PDF" + bytes(25 * 1024 * 1024)
        return (
            (200, query["hub.challenge"].encode())
            if query.get("hub.verify_token") == VERIFY
            else (403, b"no")
        )


@dataclass
class Meta:
    """The sandbox, and what hears it."""

    sandbox: Sandbox
    hearer: Hearer
    http: Client

    def connector(self, platform: str) -> Instagram | Messenger | WhatsApp:
        """The product's own, talking to the sandbox."""
        return self.whatsapp() if platform == "whatsapp" else self.talking(platform)

    def whatsapp(self) -> WhatsApp:
        """The product's connector of WhatsApp."""
        account, token, app, secret, context = self._about("whatsapp")
        business = self.sandbox.state("whatsapp")["settings"]["business_id"]
        return WhatsApp(WhatsAppSettings(account, business, token, app, secret, VERIFY), self.http, context)

    def talking(self, platform: str) -> Instagram | Messenger:
        """The product's connector of Instagram or Messenger."""
        account, token, app, secret, context = self._about(platform)
        if platform == "instagram":
            own = InstagramSettings("instagram", account, token, **_app(app, secret))
            return Instagram(own, self.http, context)
        return Messenger(MessengerSettings(account, token, **_app(app, secret)), self.http, context)

    def _about(self, platform: str) -> tuple[str, str, str, str, Context]:
        own = self.sandbox.state(platform)["settings"]
        context = Context("sandbox-x", "http://127.0.0.1:1", sandbox=self.sandbox.base)
        return own["account_id"], own["access_token"], own["app_id"], own["app_secret"], context

    def somebody(self, platform: str) -> str:
        """A customer who was there from the start."""
        return str(self.sandbox.state(platform)["customers"][0]["id"])

    def does(self, platform: str, action: str, **about: Any) -> str:
        """Somebody does something; the message's id."""
        return self.sandbox.act(self.somebody(platform), action, platform, **about)["message"]

    def heard(self, platform: str, count: int) -> list[Event]:
        """What the connector makes of the webhooks, once it is so many events; none of them forged."""
        connector = self.connector(platform)

        def read() -> list[Event]:
            requests = [Request("POST", "", body=body) for body in list(self.hearer.bodies)]
            return [event for one in requests for event in connector.parse(one)]

        until(lambda: len(read()) >= count, f"{count} events")
        assert not self.hearer.forged
        return read()

    def call(self, platform: str, path: str, told: Any = None, **more: Any) -> httpx2.Response:
        """A call of one's own to graph.facebook.com, POST if something is told."""
        headers = {"Authorization": f"Bearer {self.sandbox.state(platform)['settings']['access_token']}"}
        url = f"{self.sandbox.base}/graph.facebook.com/v26.0/{path}"
        if told is None and not more:
            return self.sandbox.http.get(url, headers=headers)
        return self.sandbox.http.post(url, headers=headers, json=told, **more)

    def sends(self, platform: str, message: dict[str, Any], **beside: Any) -> httpx2.Response:
        """A message to somebody by Messenger's platform."""
        to = beside.pop("to", None) or self.somebody(platform)
        return self.call(platform, "me/messages", {"recipient": {"id": to}, "message": message, **beside})


def refusal(answer: httpx2.Response) -> tuple[int, int, int]:
    """(HTTP status, code, subcode) of Meta's envelope."""
    error = answer.json()["error"]
    assert error["message"]
    assert error["type"]
    assert error["fbtrace_id"]
    return answer.status_code, error["code"], error.get("error_subcode", 0)


def _app(id: str, secret: str) -> dict[str, Any]:
    return {"app_id": id, "app_secret": secret, "verify_token": VERIFY}
