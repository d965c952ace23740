"""Whether an account works: what Meta says of the token, of the account, and of what we are told by its webhooks
(https://developers.facebook.com/docs/graph-api/reference/debug_token)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from channels.base import Context
from channels.meta import trouble
from channels.meta.graph import FACEBOOK, Graph
from channels.meta.webhook import moment
from channels.outbound import ChannelError
from channels.text import clean

SOON = timedelta(days=14)  # so long ahead an expiring token is warned of
WORKS = "Meta accepts the access token, and tells this channel of what is written."
EXPIRES = "Everything works, but the access token expires soon. Renew it in time."
_OVER = "Meta does not accept the access token any more. An admin has to renew it."


def expiry(http: httpx2.Client, context: Context, app: str, secret: str, token: str) -> datetime | None:
    """When the token ends to be good, None for never (or where the app's id and secret are not known).

    Raises `ChannelError` where it is not good any more.
    """
    if not app or not secret:
        return None
    asking = Graph(http, context, f"{app}|{secret}", base=FACEBOOK)
    data = part(asking.get("debug_token", input_token=token), "data")
    if data.get("is_valid") is False:
        raise trouble.Reauthorise(_OVER, detail=words(part(data, "error"), "message"), permanent=True)
    if data.get("app_id") and str(data["app_id"]) != app:
        raise ChannelError(
            "The access token is one of another app.", detail=str(data["app_id"])[:40], permanent=True
        )
    ends = [moment(data.get(name)) for name in ("expires_at", "data_access_expires_at")]
    return min((at for at in ends if at), default=None)


def subscribe(graph: Graph, path: str, fields: Sequence[str]) -> None:
    """See to it that Meta tells our app of what happens at the account: of these fields, or of those chosen for the
    app. May be done again and again."""
    wanted = {"subscribed_fields": ",".join(fields)} if fields else {}
    graph.post(f"{path}/subscribed_apps", {}, **wanted)


def sentence(ends: datetime | None, about: str, warning: str = "") -> str:
    """What was found, the worst of it first, and in brackets `about` which account."""
    if ends is not None and ends - datetime.now(UTC) < SOON:
        return f"{EXPIRES} ({about}, {ends:%Y-%m-%d})"
    return f"{warning or WORKS} ({about})"


def part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def words(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return clean(str(value))[:200] if isinstance(value, str | int) else ""
