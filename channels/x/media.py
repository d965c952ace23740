"""Files that customers send. Those of direct messages are handed out by the API, to the account alone
(https://docs.x.com/x-api/direct-messages/download-dm-media)."""

import re
from urllib.parse import urlsplit

from channels import downloading
from channels.calling import Answer
from channels.events import Attachment
from channels.outbound import ChannelError
from channels.x import trouble
from channels.x.calling import Caller

LIMIT = 50_000_000  # bytes
HOSTS = ("x.com", "twitter.com", "twimg.com")
GUARDED = ("ton.twitter.com", "ton.x.com")
_PLACE = re.compile(r"/data/dm/([0-9]+)/([0-9]+)/([A-Za-z0-9_.-]+)$")  # message, medium, file


def fetch(x: Caller, attachment: Attachment) -> bytes:
    """The bytes. The account's token goes to the API alone, never where that sends us on to. Raises `ChannelError`."""
    answer = _answer(x, attachment.url)
    if (body := downloading.body_of(answer)) is not None:
        return body
    if answer.status in (401, 403, 404, 410):
        raise ChannelError("This file is not at X any more.", detail=str(answer.status), permanent=True)
    raise trouble.refused(answer)


def _answer(x: Caller, url: str) -> Answer:
    place = _guarded(url)
    if place is None:
        return downloading.download(x.http, x.context, url, LIMIT, HOSTS)
    path = f"/2/dm_conversations/media/{place[1]}/{place[2]}/{place[3]}"
    answer = x.asked("GET", path, limit=LIMIT, deadline=downloading.DEADLINE)
    if not 300 <= answer.status < 400:
        return answer
    return downloading.download(x.http, x.context, downloading.further(url, answer), LIMIT, HOSTS)


def _guarded(url: str) -> re.Match[str] | None:
    """What the API hands out a file by, where only that has it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return _PLACE.search(parts.path) if parts.hostname in GUARDED else None
