"""Signing in at a provider instead of typing a password in (OAuth 2.0, RFC 6749; PKCE, RFC 7636)."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from channels import guard
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait
from channels.text import clean

UNREACHABLE = "The provider cannot be reached."
BUSY = "The provider is not working at the moment."
UNKNOWN_CLIENT = "The provider does not accept our client. Check the client ID and the client secret."
REFUSED = "The provider does not let us sign in."
PUZZLING = "The provider said something that cannot be understood."
AGAIN = "The provider does not let us in any more: somebody has to sign in there again."
UNSIGNED = "Nobody has signed in at the provider yet."
MAX_WORDS = 500
DEADLINE = 25.0  # seconds a question may take in all: whoever asks holds the lease on the tokens for a minute


class Reauthorise(ChannelError):
    """The consent was taken back, ran out or was never given: somebody has to sign in at the provider."""

    reauthorise = True

    def __init__(self, detail: str = "", *, sentence: str = AGAIN) -> None:
        super().__init__(sentence, detail=detail, permanent=True)


@dataclass(frozen=True)
class Provider:
    """Where people agree, where tokens are given out, and what is asked for. `basic`: our id and secret go in the
    header (RFC 6749, 2.3.1). `over`: the errors that mean that only signing in again helps."""

    name: str
    authorise: str
    token: str
    scopes: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    basic: bool = False
    over: tuple[str, ...] = ("invalid_grant", "interaction_required", "consent_required", "login_required")


@dataclass(frozen=True)
class Tokens:
    """`access` is good until `expires_at` (UTC); `refresh` gets the next one, and may itself be a new one."""

    access: str = field(repr=False)
    expires_at: datetime
    refresh: str = field(default="", repr=False)

    def stale(self, now: datetime, early: timedelta = timedelta(minutes=5)) -> bool:
        return now >= self.expires_at - early


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
    headers = {"Accept": "application/json"}
    if provider.basic:
        us = f"{told['client_id']}:{told.pop('client_secret', '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(us.encode()).decode()}"
    try:
        with guard.within(DEADLINE):
            answer = http.post(provider.token, data=told, headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ChannelError(UNREACHABLE, detail=type(error).__name__) from error
    if answer.status_code != 200:
        raise _refusal(provider, answer)
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


def _refusal(provider: Provider, answer: httpx2.Response) -> ChannelError:
    """RFC 6749, 5.2: `error` names the reason. Google says invalid_grant for a revoked or expired refresh token,
    Microsoft also interaction_required where a second factor is asked for."""
    told = _json(answer)
    error = str(told.get("error", ""))
    said = f"{answer.status_code} {error} {told.get('error_description', '')}"
    detail = " ".join(clean(said[:MAX_WORDS]).split())
    if answer.status_code == 429 or answer.status_code >= 500 or error == "temporarily_unavailable":
        return ChannelError(BUSY, detail=detail, retry_after=asked_to_wait(answer.headers))
    if error in provider.over:
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
