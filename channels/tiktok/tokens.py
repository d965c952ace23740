"""Access tokens: good for 24 hours, renewed by a refresh token that is good for about a year and changes each time
(https://business-api.tiktok.com/portal/docs?id=1832184159540418)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.base import Secrets
from channels.outbound import ChannelError
from channels.tiktok import trouble
from channels.tiktok.settings import TikTokSettings
from channels.values import word

SIGN_IN = "tt_user/oauth2/token/"
REFRESH = "tt_user/oauth2/refresh_token/"
EARLY = timedelta(minutes=10)  # before its end an access token is not used any more
LASTS = {
    "access_until": timedelta(hours=24),
    "refresh_until": timedelta(days=365),
}  # where TikTok does not say
_SECONDS = {"access_until": "expires_in", "refresh_until": "refresh_token_expires_in"}
MAX_TOKEN = 2000
MAX_SECONDS = 10**9

Ask = Callable[[str, Mapping[str, str]], Mapping[str, Any]]


def current(stored: Secrets, now: datetime, refused: str = "") -> str:
    """The access token that is kept, while it is good; "" where there is none, or it is the `refused` one."""
    token, until = stored.get("access_token", ""), moment(stored.get("access_until", ""))
    over = until is not None and until - EARLY <= now
    return "" if over or token == refused else token


def of(settings: TikTokSettings) -> Secrets:
    """What the settings keep of tokens."""
    return {
        "access_token": settings.access_token,
        "access_until": settings.access_until,
        "refresh_token": settings.refresh_token,
    }


def renewed(settings: TikTokSettings, stored: Secrets, ask: Ask, refused: str = "") -> Secrets:
    """New tokens to be stored; none where somebody else has had them meanwhile. Raises `ChannelError`."""
    kept = {**of(settings), **stored}
    if current(kept, datetime.now(UTC), refused):
        return {}
    if not kept["refresh_token"]:
        raise trouble.UNSIGNED.error()
    asked = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
    made = secrets_of(ask(REFRESH, {**client(settings), **asked}))
    return {name: value for name, value in made.items() if name != "business_id"}


def signed_in(settings: TikTokSettings, code: str, redirect_uri: str, ask: Ask) -> Secrets:
    """The tokens for the code that the browser brought back, and whose account it is. Raises `ChannelError`."""
    asked = {"grant_type": "authorization_code", "auth_code": code, "redirect_uri": redirect_uri}
    made = secrets_of(ask(SIGN_IN, {**client(settings), **asked}))
    if not made["refresh_token"] or not made["business_id"]:
        raise ChannelError("The provider gave no lasting permission. Sign in once more.", permanent=True)
    return made


def client(settings: TikTokSettings) -> dict[str, str]:
    """Who asks for tokens."""
    return {"client_id": settings.app_id, "client_secret": settings.app_secret}


def secrets_of(told: Mapping[str, Any]) -> dict[str, str]:
    """The tokens of an answer, and when each ends (ISO 8601). Raises `ChannelError` where there are none."""
    if not word(told, "access_token", MAX_TOKEN):
        raise ChannelError("The provider said something that cannot be understood.", detail="no access_token")
    now = datetime.now(UTC).replace(microsecond=0)
    ends = {name: (now + _lasts(told, name)).isoformat() for name in LASTS}
    tokens = {name: word(told, name, MAX_TOKEN) for name in ("access_token", "refresh_token")}
    return {**tokens, **ends, "business_id": word(told, "open_id", MAX_TOKEN)}


def moment(told: str) -> datetime | None:
    """A time as it is stored; None for what is none."""
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _lasts(told: Mapping[str, Any], name: str) -> timedelta:
    seconds = told.get(_SECONDS[name])
    fits = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < MAX_SECONDS
    return timedelta(seconds=seconds) if fits and isinstance(seconds, int) else LASTS[name]
