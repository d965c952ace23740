"""Signing in with Google or Microsoft instead of a password (OAuth 2.0, RFC 6749; PKCE, RFC 7636).

XOAUTH2 is theirs: https://developers.google.com/gmail/imap/xoauth2-protocol and Microsoft's "Authenticate an IMAP,
POP or SMTP connection using OAuth". Which address and which scope: see `GOOGLE` and `microsoft`.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from channels.email.trouble import words
from channels.events import ChannelError
from channels.outcome import asked_to_wait

UNREACHABLE = "The provider cannot be reached."
BUSY = "The provider is not working at the moment."
UNKNOWN_CLIENT = "The provider does not accept our client. Check the client ID and the client secret."
REFUSED = "The provider does not let us sign in."
PUZZLING = "The provider said something that cannot be understood."
AGAIN = "The mailbox has to be connected again: the provider does not let us in any more."


class Reauthorise(ChannelError):
    """The consent was taken back or ran out: somebody has to sign in at the provider again."""

    reauthorise = True

    def __init__(self, detail: str = "") -> None:
        super().__init__(AGAIN, detail=detail, permanent=True)


@dataclass(frozen=True)
class Provider:
    """Where people agree, where tokens are given out, and what is asked for."""

    name: str
    authorise: str
    token: str
    scopes: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tokens:
    """`access` is good until `expires_at` (UTC); `refresh` gets the next one, and may itself be a new one."""

    access: str = field(repr=False)
    expires_at: datetime
    refresh: str = field(default="", repr=False)

    def stale(self, now: datetime, early: timedelta = timedelta(minutes=5)) -> bool:
        return now >= self.expires_at - early


GOOGLE = Provider(
    "google",
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://oauth2.googleapis.com/token",
    ("https://mail.google.com/",),
    {"access_type": "offline", "prompt": "consent"},  # without both there is no refresh token
)


def microsoft(tenant: str = "common") -> Provider:
    """Microsoft for one organisation: its tenant id or domain. Raises ValueError for what is neither."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}", tenant):
        raise ValueError("a tenant is an id or a domain")
    base = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
    scopes = (
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
    )
    return Provider("microsoft", f"{base}/authorize", f"{base}/token", scopes, {"prompt": "select_account"})


def provider(name: str, tenant: str = "") -> Provider:
    """By its name in the settings: "google" or "microsoft". Raises ValueError, KeyError."""
    return {"google": lambda: GOOGLE, "microsoft": lambda: microsoft(tenant or "common")}[name]()


def xoauth2(user: str, token: str) -> str:
    """The answer to the server's empty challenge, before base64. Raises ValueError where it would not be one."""
    if "\x01" in user + token:
        raise ValueError("a control character in the name or the token")
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def new_secret() -> str:
    """For `state`, and as a PKCE verifier: 64 characters out of the unreserved ones (RFC 7636, 4.1)."""
    return secrets.token_urlsafe(48)


def authorise_url(
    provider: Provider, client_id: str, redirect_uri: str, *, state: str, verifier: str, user: str = ""
) -> str:
    """Where to send the admin's browser. It comes back to `redirect_uri` with `code` and the same `state`."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": " ".join(provider.scopes),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"login_hint": user} if user else {}),
        **provider.extra,
    }
    return str(httpx2.URL(provider.authorise, params=asked))


def exchange(
    http: httpx2.Client,
    provider: Provider,
    client_id: str,
    client_secret: str,
    code: str,
    *,
    redirect_uri: str,
    verifier: str,
) -> Tokens:
    """The tokens for the code that the browser brought back. Raises `ChannelError`."""
    return _ask(
        http,
        provider,
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": client_secret,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        },
    )


def refresh(
    http: httpx2.Client, provider: Provider, client_id: str, client_secret: str, refresh_token: str
) -> Tokens:
    """A fresh access token. Raises `Reauthorise` if only signing in again helps, else `ChannelError`."""
    form = {
        "grant_type": "refresh_token",
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
    }
    made = _ask(http, provider, form)
    return made if made.refresh else Tokens(made.access, made.expires_at, refresh_token)


def _ask(http: httpx2.Client, provider: Provider, form: Mapping[str, str]) -> Tokens:
    told = {name: value for name, value in form.items() if value}  # a public client has no secret
    try:
        answer = http.post(provider.token, data=told, headers={"Accept": "application/json"})
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ChannelError(UNREACHABLE, detail=type(error).__name__) from error
    if answer.status_code != 200:
        raise _refusal(answer)
    return _tokens(_json(answer))


def _tokens(told: Mapping[str, Any]) -> Tokens:
    access, renewed, seconds = (
        told.get("access_token"),
        told.get("refresh_token", ""),
        told.get("expires_in", 3600),
    )
    if not isinstance(access, str) or not access or not isinstance(renewed, str):
        raise ChannelError(PUZZLING, detail="no access_token")
    try:
        lasts = timedelta(seconds=min(max(int(seconds), 0), 86_400))
    except (TypeError, ValueError):
        lasts = timedelta(hours=1)
    return Tokens(access, datetime.now(UTC) + lasts, renewed)


def _refusal(answer: httpx2.Response) -> ChannelError:
    """RFC 6749, 5.2: `error` names the reason. Google says invalid_grant for a revoked or expired refresh token,
    Microsoft also interaction_required where a second factor is asked for."""
    told = _json(answer)
    error = str(told.get("error", ""))
    detail = words(f"{answer.status_code} {error} {told.get('error_description', '')}")
    if answer.status_code == 429 or answer.status_code >= 500 or error == "temporarily_unavailable":
        return ChannelError(BUSY, detail=detail, retry_after=asked_to_wait(answer.headers))
    if error in ("invalid_grant", "interaction_required", "consent_required", "login_required"):
        return Reauthorise(detail)
    if error in ("invalid_client", "unauthorized_client"):
        return ChannelError(UNKNOWN_CLIENT, detail=detail, permanent=True)
    return ChannelError(REFUSED, detail=detail, permanent=True)


def _json(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
