"""A file at an address that a platform gave, fetched from the platform's own hosts alone."""

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin, urlsplit

import httpx2

from channels.base import Context
from channels.calling import Answer, asked
from channels.outbound import ChannelError

MOST_REDIRECTS = 3
DEADLINE = 120.0  # seconds a file may take in all


def download(
    http: httpx2.Client,
    context: Context,
    url: str,
    limit: int,
    hosts: Sequence[str],
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What is answered there, of at most `limit` bytes; an `Authorization` among the `headers` goes to the first host
    only. Redirects lead on within `hosts` (and what lies under them) alone. Raises `ChannelError`.
    """
    sent = dict(headers or {})
    for _ in range(MOST_REDIRECTS + 1):
        if not _is_theirs(url, context, hosts):
            raise ChannelError("This file does not lie at the platform.", detail=_host(url), permanent=True)
        answer = asked(http, "GET", _at(url, context), limit=limit, deadline=DEADLINE, headers=sent)
        if not 300 <= answer.status < 400:
            return answer
        following = further(url, answer)
        if _host(following) != _host(url):
            sent.pop("Authorization", None)
        url = following
    raise ChannelError("This file is passed on from one address to the next without end.", permanent=True)


def further(url: str, answer: Answer) -> str:
    """Where an answer from `url` sends us on to. Raises `ChannelError` for what is no address."""
    try:
        following = urljoin(url, answer.headers.get("location", ""))
        urlsplit(following)
    except ValueError:
        raise ChannelError("This is not a web address.", permanent=True) from None
    return following


def body_of(answer: Answer) -> bytes | None:
    """The file of a success, None for a refusal. Raises `ChannelError` where there is nothing in it, or no more."""
    if answer.ok and answer.body:
        return answer.body
    if answer.ok:
        raise ChannelError("This file is empty.", permanent=True)
    return None


def _is_theirs(url: str, context: Context, hosts: Sequence[str]) -> bool:
    """Whether a file may be had there: by TLS from one of the hosts, or from the sandbox that plays it."""
    if context.sandbox and url.startswith(f"{context.sandbox}/"):
        return True
    host = _host(url)
    return url.startswith("https://") and any(host == one or host.endswith(f".{one}") for one in hosts)


def _at(url: str, context: Context) -> str:
    return url if context.sandbox and url.startswith(f"{context.sandbox}/") else context.at(url)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
