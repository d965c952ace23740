"""Whether an account works: what TikTok says of it, until when it lets us in, and where it sends what is written."""

import json
from datetime import UTC, datetime, timedelta

from channels.text import clean
from channels.tiktok import tokens
from channels.tiktok.calling import Caller, Data

SOON = timedelta(days=30)  # so long ahead the end of the permission is warned of
WORKS = "TikTok lets us in, and tells this channel of what is written."
ONLY_OUT = "TikTok lets us in. It can reach this channel only at a public address that begins with https://."
EXPIRES = "Everything works, but the permission at TikTok ends soon. Sign in there again in time."
FIELDS = ["username", "display_name", "profile_image"]


def check(tiktok: Caller) -> str:
    """A sentence, and in brackets which account. TikTok knows one address for all events of an app, which has no page
    to be entered on: it is told here. Raises `ChannelError`."""
    about = _about(tiktok.get("business/get/", fields=json.dumps(FIELDS)))
    if not tiktok.context.public_url.startswith("https://") and not tiktok.context.sandbox:
        return f"{ONLY_OUT} ({about})"
    own = tiktok.settings
    app = {"app_id": own.app_id, "secret": own.app_secret}
    where = {"event_type": "DIRECT_MESSAGE", "callback_url": tiktok.context.webhook_url}
    tiktok.ask("business/webhook/update/", {**app, **where})
    ends = tokens.moment(own.refresh_until)
    if ends is not None and ends - datetime.now(UTC) < SOON:
        return f"{EXPIRES} ({about}, {ends:%Y-%m-%d})"
    return f"{WORKS} ({about})"


def _about(told: Data) -> str:
    names = [told.get("display_name"), told.get("username")]
    shown = [clean(one)[:200] for one in names if isinstance(one, str) and one]
    return " @".join(shown) if len(shown) == 2 else "".join(shown)
