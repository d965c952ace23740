"""Calls of Zoom's API in the name of an app (https://developers.zoom.us/docs/internal-apps/s2s-oauth/)."""

import httpx2

from channels import calling
from channels.base import Context
from channels.downloading import body_of, download
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait, refusal
from channels.values import word
from channels.zoom_phone.settings import ZoomSettings

TOKEN_URL = "https://zoom.us/oauth/token"
HOSTS = ("zoom.us", "zoomgov.com")
LIMIT = 100_000_000  # bytes of a recording
NO_KEYS = "To fetch recordings, enter the account ID, the client ID and the client secret in the channel's settings."
REFUSED = "Zoom does not accept the account ID, the client ID and the client secret."


def token(settings: ZoomSettings, http: httpx2.Client, context: Context) -> str:
    """An access token, good for an hour. Raises `ChannelError`."""
    if not (settings.account_id and settings.client_id and settings.client_secret):
        raise ChannelError(NO_KEYS, permanent=True)
    answer = calling.asked(
        http,
        "POST",
        context.at(TOKEN_URL),
        auth=(settings.client_id, settings.client_secret),
        data={"grant_type": "account_credentials", "account_id": settings.account_id},
    )
    if answer.status in (400, 401):
        raise ChannelError(REFUSED, detail=word(answer.told, "reason"), permanent=True, everybody=True)
    if not answer.ok:
        raise refusal(answer.status, asked_to_wait(answer.headers))
    found = word(answer.told, "access_token", 10_000)
    if not found:
        raise ChannelError(REFUSED, permanent=True, everybody=True)
    return found


def file(settings: ZoomSettings, http: httpx2.Client, context: Context, url: str) -> bytes:
    """A recording at an address that Zoom gave. Raises `ChannelError`."""
    headers = {"Authorization": f"Bearer {token(settings, http, context)}"}
    answer = download(http, context, url, LIMIT, HOSTS, headers)
    found = body_of(answer)
    if found is None:
        raise refusal(answer.status, asked_to_wait(answer.headers))
    return found
