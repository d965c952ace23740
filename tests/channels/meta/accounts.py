"""Accounts at a Meta that the tests play: a real server on the loopback stands where the sandbox does."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels.base import Context, Outbound, Person
from channels.guard import Client
from channels.instagram import Instagram, InstagramSettings
from channels.messenger import Messenger, MessengerSettings
from channels.whatsapp.connector import WhatsApp
from channels.whatsapp.settings import WhatsAppSettings
from tests.channels.servers import Answer, Scripted

SECRET = "meta-app-secret-0123456789abcdef"
PAGE, IG, NUMBER, WABA, APP = "1020", "17841", "1065", "1022", "1234567890"
PSID, IGSID, PHONE, USER = "5551", "1784", "819012345678", "JP.13491208655302741918"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HTTP = Client(allow_private=True)  # one for all: making one takes longer than a call
DATA = b"%PDF-1.4 what we send"


def messenger(server: Scripted) -> Messenger:
    settings = MessengerSettings(PAGE, "page-token", APP, SECRET, "a-verify-token")
    return Messenger(settings, HTTP, _context(server))


def instagram(server: Scripted, login: str = "instagram") -> Instagram:
    settings = InstagramSettings(
        login, IG, "ig-token", app_id=APP, app_secret=SECRET, verify_token="a-verify-token"
    )
    return Instagram(settings, HTTP, _context(server))


def whatsapp(server: Scripted) -> WhatsApp:
    settings = WhatsAppSettings(NUMBER, WABA, "wa-token", APP, SECRET, "a-verify-token")
    return WhatsApp(settings, HTTP, _context(server))


def said(document: Any, status: int = 200, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, names, json.dumps(document).encode())


def sent(mid: str = "m_out") -> Answer:
    return said({"recipient_id": PSID, "message_id": mid})


def taken(wamid: str = "wamid.out") -> Answer:
    return said(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": PHONE, "wa_id": PHONE, "user_id": USER}],
            "messages": [{"id": wamid}],
        }
    )


def error(code: int, subcode: int = 0, status: int = 400, **more: Any) -> Answer:
    """Meta's envelope."""
    told = {"message": "their words", "type": "OAuthException", "code": code, "fbtrace_id": "A1b2", **more}
    return said({"error": {**told, **({"error_subcode": subcode} if subcode else {})}}, status)


def message(text: str = "お待たせしました", to: str = PSID, **more: Any) -> Outbound:
    return Outbound("m42", Person(to), text, **more)


def since(**ago: float) -> dict[str, Any]:
    """When they last wrote, so long ago."""
    return {"last_inbound_at": datetime.now(UTC) - timedelta(**ago)}


def bodies(server: Scripted) -> list[Mapping[str, Any]]:
    """The JSON of each call."""
    return [json.loads(one.body) for one in server.seen]


def paths(server: Scripted) -> list[str]:
    return [urlsplit(one.url).path for one in server.seen]


def _context(server: Scripted) -> Context:
    return Context("k1", "https://desk.example.jp", sandbox=server.base)


def guarded(server: Scripted) -> Client:
    """The product's client, for which that server is the only private place there is."""
    parts = urlsplit(server.base)
    assert parts.hostname
    assert parts.port
    return Client(known=(parts.hostname, parts.port))
