"""Files that customers send, fetched from Meta's own hosts."""

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import httpx2

from channels.base import Context
from channels.calling import Answer, asked
from channels.events import ChannelError
from channels.meta import trouble

MOST_REDIRECTS = 3
DEADLINE = 120.0  # seconds a file may take in all
HOSTS = ("facebook.com", "fbcdn.net", "fbsbx.com", "cdninstagram.com", "instagram.com", "whatsapp.net")
AGENT = "Madoguchi"  # WhatsApp's host refuses a call that names no program


def download(
    http: httpx2.Client, context: Context, url: str, limit: int, headers: Mapping[str, str] | None = None
) -> bytes:
    """The file at an address Meta gave, of at most `limit` bytes; `headers` go to the first host only.

    Redirects lead on within Meta's hosts alone. Raises `ChannelError`; what has expired is permanent.
    """
    sent = {"User-Agent": AGENT, **(headers or {})}
    for _ in range(MOST_REDIRECTS + 1):
        if not _is_theirs(url, context):
            raise ChannelError("This file does not lie at Meta.", detail=_host(url), permanent=True)
        answer = asked(http, "GET", _at(url, context), limit=limit, deadline=DEADLINE, headers=sent)
        if not 300 <= answer.status < 400:
            return _body(answer)
        following = urljoin(url, answer.headers.get("location", ""))
        if _host(following) != _host(url):
            sent.pop("Authorization", None)
        url = following
    raise ChannelError("This file is passed on from one address to the next without end.", permanent=True)


def _body(answer: Answer) -> bytes:
    if answer.ok and answer.body:
        return answer.body
    if answer.ok:
        raise ChannelError("This file is empty.", permanent=True)
    if answer.status in (403, 404, 410):
        raise ChannelError("This file is not at Meta any more.", detail=str(answer.status), permanent=True)
    raise trouble.refused(answer.status, answer.headers, {})


def _is_theirs(url: str, context: Context) -> bool:
    """Whether a file may be had there: by TLS from a host of Meta's, or from the sandbox that plays them."""
    if context.sandbox and url.startswith(f"{context.sandbox}/"):
        return True
    host = _host(url)
    return url.startswith("https://") and any(host == one or host.endswith(f".{one}") for one in HOSTS)


def _at(url: str, context: Context) -> str:
    return url if context.sandbox and url.startswith(f"{context.sandbox}/") else context.at(url)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
