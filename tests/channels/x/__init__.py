"""An account on X whose X is a script: each call is noted and answered by its path."""

from typing import Any

import httpx2

from channels.base import Attachment, Context, Outbound, Person
from channels.x.connector import X
from channels.x.settings import XSettings
from tests.channels.kept import Kept
from tests.channels.line.account import ok
from tests.channels.script import Script

SECRET = "kT3vQ9xLz0RtYp5mNc2bD8fG6jS1eUoQwA7hVnXs"
API_SECRET = "aP1s3cr3tK3yOfTheOlderSort00000000000000000000"
US, HANA = "2244994945", Person("1374285921")
MESSAGES = f"/2/dm_conversations/with/{HANA.address}/messages"
TALK = f"/2/dm_conversations/with/{HANA.address}/dm_events"
TOKEN, ME, WEBHOOKS, SUBSCRIPTIONS = (
    "/2/oauth2/token",
    "/2/users/me",
    "/2/webhooks",
    "/2/activity/subscriptions",
)
UPLOAD = "/2/media/upload"
PNG = Attachment("色.png", "image/png", data=b"\x89PNG" + bytes(20))
MP4 = Attachment("film.mp4", "video/mp4", data=bytes(9_000_000))
PDF = Attachment("領収書.pdf", "application/pdf", data=b"%PDF")


def x(script: Script, kept: Kept | None = None, **settings: Any) -> X:
    """The account, signed in unless the settings say otherwise."""
    kept = kept or Kept(access_token="access 1", refresh_token="refresh 1")
    told = {"client_id": "c1", "client_secret": SECRET, "user_id": US, **kept.secrets, **settings}
    context = Context("k1", "https://desk.example.jp", renew=kept.renew)
    return X(XSettings(**told), httpx2.Client(transport=httpx2.MockTransport(script)), context)


def say(text: str = "お待たせしました", *files: Attachment) -> Outbound:
    return Outbound("m1", HANA, text, attachments=files)


def sent(id: str = "1861000000000000900") -> httpx2.Response:
    """As X answers a message it took."""
    data = {"dm_conversation_id": f"{HANA.address}-{US}", "dm_event_id": id}
    return httpx2.Response(201, json={"data": data})


def bearers(script: Script) -> list[str]:
    return [request.headers["Authorization"] for request in script.seen]


def tokens(number: int) -> httpx2.Response:
    """As X gives them: the refresh token is a new one each time."""
    told = {"token_type": "bearer", "expires_in": 7200, "scope": "dm.read dm.write"}
    return ok({**told, "access_token": f"access {number}", "refresh_token": f"refresh {number}"})
