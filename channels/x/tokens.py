"""Access tokens of the account: good for two hours, and renewed by a refresh token that is good once
(https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code)."""

from collections.abc import Mapping

import httpx2

from channels import oauth
from channels.base import Context
from channels.outbound import ChannelError
from channels.x.settings import XSettings

AUTHORISE = "https://x.com/i/oauth2/authorize"
TOKEN = "https://api.x.com/2/oauth2/token"
SCOPES = ("dm.read", "dm.write", "tweet.read", "users.read", "media.write", "offline.access")
OVER = (
    "invalid_grant",
    "invalid_request",
)  # X says the latter of a refresh token that was used or taken back


def provider(context: Context) -> oauth.Provider:
    """X, or the sandbox that plays it."""
    return oauth.Provider("x", AUTHORISE, context.at(TOKEN), SCOPES, basic=True, over=OVER)


def secrets_of(told: oauth.Tokens) -> Mapping[str, str]:
    """What is stored of them."""
    return {"access_token": told.access, "refresh_token": told.refresh}


def renewed(http: httpx2.Client, context: Context, own: XSettings, refused: str) -> str:
    """A token that is not `refused`: the one another process has had meanwhile, or a new one.

    Raises `ChannelError`, of which `oauth.Reauthorise` says that somebody has to sign in again.
    """

    def work(stored: Mapping[str, str]) -> Mapping[str, str]:
        if stored.get("access_token", refused) != refused:
            return {}
        refresh = stored.get("refresh_token") or own.refresh_token
        if not refresh:
            raise oauth.Reauthorise(sentence=oauth.UNSIGNED)
        return secrets_of(oauth.refresh(http, provider(context), own.client_id, own.client_secret, refresh))

    try:
        return context.renew(work)["access_token"]
    except ChannelError as error:
        error.everybody = True
        raise
