"""Access tokens while they are good: asked for once by a process, and again five minutes before they run out."""

import threading
from datetime import UTC, datetime

import httpx2

from channels import oauth
from channels.email.oauth import provider as provider_of
from channels.outbound import ChannelError

_kept: dict[tuple[str, str, str], oauth.Tokens] = {}
_asking = threading.Lock()  # many deliveries wake at once; the provider limits how often it is asked


def token(
    http: httpx2.Client, provider: str, tenant: str, client_id: str, client_secret: str, refresh_token: str
) -> str:
    """A good access token. Raises `ChannelError`, of which `oauth.Reauthorise` says that somebody has to sign in."""
    if not refresh_token:
        raise oauth.Reauthorise(sentence=oauth.UNSIGNED)
    try:
        asked = provider_of(provider, tenant)
    except (KeyError, ValueError) as error:
        raise ChannelError(oauth.UNKNOWN_CLIENT, detail=str(error), permanent=True) from error
    key = (client_id, tenant, refresh_token)
    with _asking:
        known = _kept.get(key)
        if known is None or known.stale(datetime.now(UTC)):
            latest = known.refresh if known else refresh_token  # Microsoft gives a new one each time
            _kept[key] = known = oauth.refresh(http, asked, client_id, client_secret, latest)
        return known.access


def forget() -> None:
    """Ask anew at the next use (a token that was refused before its time; tests)."""
    with _asking:
        _kept.clear()
