"""Whether an account works: what X says of it, and that X tells us what is written to it. The webhook and the
subscriptions are made on the way (https://docs.x.com/x-api/webhooks/quickstart, https://docs.x.com/x-api/activity/quickstart)."""

from collections.abc import Iterator, Mapping
from typing import Any

from channels.outbound import ChannelError
from channels.values import inner, word
from channels.x.calling import Caller
from channels.x.settings import is_user

ME = "/2/users/me"
EVENTS = ("dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent")
_WORKS = "X accepts the sign-in, and tells this channel of direct messages."
_ONLY_OUT = (
    "X accepts the sign-in. With the bearer token of the app, “Test now” has X tell this channel of messages."
)


def check(x: Caller) -> str:
    """A sentence, and in brackets the account. Raises `ChannelError` with X's words."""
    id, name = account(x)
    about = f"@{name}, {id}"
    if not x.settings.bearer_token:
        return f"{_ONLY_OUT} ({about})"
    if not (x.context.public_url.startswith("https://") or x.context.sandbox):
        raise ChannelError(
            "X only calls addresses that begin with https://. Set MADOGUCHI_PUBLIC_URL.", permanent=True
        )
    _subscribe(x, id, _webhook(x))
    return f"{_WORKS} ({about})"


def account(x: Caller) -> tuple[str, str]:
    """The id and the name of who is signed in. The id is kept, where it was not known. Raises `ChannelError`."""
    id, name = _of(x.get(ME))
    if not is_user(id):
        raise ChannelError("X is not working at the moment.", detail="no id")
    if x.settings.user_id and id != x.settings.user_id:
        raise ChannelError("The user ID in the settings is another account's.", detail=id, permanent=True)
    if not x.settings.user_id:
        x.context.renew(lambda _stored: {"user_id": id})
    return id, name


def id_at_once(x: Caller) -> str:
    """The id of who has just signed in, "" where X does not say: it is asked again later."""
    try:
        id, _ = _of(x.get_at_once(ME))
    except ChannelError:
        return ""
    return id if is_user(id) else ""


def _of(told: Mapping[str, Any]) -> tuple[str, str]:
    data = inner(told, "data")
    return word(data, "id"), word(data, "username")


def _webhook(x: Caller) -> str:
    """The id of ours at X: registered where it is not, and asked about anew where X has given it up."""
    url = x.context.webhook_url
    known = next((one for one in _objects(x.as_app("GET", "/2/webhooks")) if one.get("url") == url), None)
    told = known or inner(x.as_app("POST", "/2/webhooks", {"url": url}), "data")
    id = word(told, "id")
    if told.get("valid") is not True:
        told = inner(x.as_app("PUT", f"/2/webhooks/{id}"), "data")
        if told.get("valid") is not True:
            raise ChannelError(
                "X could not reach this channel, or its answer to X's question was wrong.", detail=url
            )
    return id


def _subscribe(x: Caller, user: str, webhook: str) -> None:
    """To what is written to the account, and what becomes of it, as far as it is not yet."""
    had = {
        word(one, "event_type")
        for one in _objects(x.as_app("GET", "/2/activity/subscriptions"))
        if word(inner(one, "filter"), "user_id") == user and word(one, "webhook_id") == webhook
    }
    for kind in EVENTS:
        if kind not in had:
            wanted = {
                "event_type": kind,
                "filter": {"user_id": user},
                "webhook_id": webhook,
                "tag": "madoguchi",
            }
            x.post("/2/activity/subscriptions", wanted)


def _objects(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = told.get("data")
    yield from (one for one in data if isinstance(one, dict)) if isinstance(data, list) else ()
