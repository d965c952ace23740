"""Files that customers send, fetched from Meta's own hosts."""

from collections.abc import Mapping

import httpx2

from channels import downloading
from channels.base import Context
from channels.meta import trouble
from channels.outbound import ChannelError

HOSTS = ("facebook.com", "fbcdn.net", "fbsbx.com", "cdninstagram.com", "instagram.com", "whatsapp.net")
AGENT = "Madoguchi"  # WhatsApp's host refuses a call that names no program


def download(
    http: httpx2.Client, context: Context, url: str, limit: int, headers: Mapping[str, str] | None = None
) -> bytes:
    """The file at an address Meta gave, of at most `limit` bytes; `headers` go to the first host only.

    Redirects lead on within Meta's hosts alone. Raises `ChannelError`; what has expired is permanent.
    """
    sent = {"User-Agent": AGENT, **(headers or {})}
    answer = downloading.download(http, context, url, limit, HOSTS, sent)
    if (body := downloading.body_of(answer)) is not None:
        return body
    if answer.status in (403, 404, 410):
        raise ChannelError("This file is not at Meta any more.", detail=str(answer.status), permanent=True)
    raise trouble.refused(answer.status, answer.headers, {})
