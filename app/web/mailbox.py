"""A mailbox in the settings: how far it has been read, and signing in at its provider (OAuth 2.0)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import connect, switchboard, vault
from app.config import settings
from app.db import now, reading, transaction
from app.models import Channel, Collector, RawReceipt, Setting
from app.queries import NotFound
from app.web.pages import done, partial, path_id, require_role, words
from channels import registry
from channels.base import ChannelError, Collecting, Consent

LIST = "/settings/channels"
CONSENT_WITHIN = timedelta(minutes=15)
NOT_OURS = "This sign-in was not begun here, or was left open for too long. Please begin it again."
REFUSED = "The provider did not give permission (%(reason)s)."


@dataclass(frozen=True)
class Mailbox:
    """How a mailbox, or another line, is doing. `left` of `total` mails are still to come; `last`: when the latest
    came in; `mail`: whether mails come over it."""

    left: int = 0
    total: int = 0
    last: datetime | None = None
    retry_at: datetime | None = None
    connected: bool = False
    mail: bool = True

    @property
    def taken(self) -> int:
        return max(0, self.total - self.left)


def mailbox(db: Session, channel: Channel, kind: object) -> Mailbox | None:
    """The state of a channel that is collected from; nothing for others, nor where there is no line to be held."""
    if not isinstance(kind, Collecting):
        return None
    came = select(RawReceipt.received_at).where(RawReceipt.channel_id == channel.id)
    last = db.scalars(came.order_by(RawReceipt.id.desc()).limit(1)).first()
    row, mail = db.get(Collector, channel.id), connect.features(channel).copies
    if row is None:
        return Mailbox(last=last) if mail else None
    held = bool(row.holder) and row.until is not None and row.until > now()
    found = Mailbox(row.left, row.total, last, row.retry_at, held and not row.failures, mail)
    return found if mail or found.connected or found.retry_at else None


def progress(request: Request) -> Response:
    """The state of the mailbox, asked for again while it moves."""
    require_role(request, "admin")
    with reading() as db:
        channel = channel_of(db, request)
        found = mailbox(db, channel, _connector(channel))
    return partial(request, "settings/_mailbox.html", channel=channel, mailbox=found)


def sign_in(request: Request) -> Response:
    """Send the admin to the provider. What has to come back with them is kept here, never in the browser."""
    require_role(request, "admin")
    with transaction() as db:
        channel = channel_of(db, request)
        connector = _connector(channel)
        verifier, state = switchboard.new_secret(), switchboard.new_secret()
        place = consent_place(connector, channel, state, verifier)
        if place:
            _keep(db, channel, request, state, verifier)
    if not place:
        return done(request, f"{LIST}/{channel.id}", words(request, "There is no provider to sign in at."))
    return RedirectResponse(place, 303)


def consent_place(connector: object, channel: Channel, state: str, verifier: str) -> str:
    """The provider's page, "" where there is none."""
    if not isinstance(connector, Consent):
        return ""
    try:
        place = connector.consent_url(return_address(channel), state, verifier)
    except ChannelError:
        return ""
    return place if urlsplit(place).scheme == "https" else ""


def returns_to(connector: object, channel: Channel) -> str:
    """What is to be entered at the provider, "" where nobody signs in there."""
    return return_address(channel) if isinstance(connector, Consent) else ""


def return_address(channel: Channel) -> str:
    """Where the provider sends the browser back to; it has to be entered there."""
    return f"{settings().public_url}{LIST}/{channel.id}/oauth/return"


def signed_in(request: Request) -> Response:
    """Back from the provider: its code becomes what is stored."""
    require_role(request, "admin")
    with transaction() as db:
        channel = channel_of(db, request)
        kept = _take(db, channel)
    here, asked = f"{LIST}/{channel.id}", request.query_params
    if kept is None or not _is_it(request, kept):
        return done(request, here, words(request, NOT_OURS))
    if asked.get("error"):
        return done(request, here, words(request, REFUSED, reason=asked["error"][:100]))
    try:
        told = _consented(channel, asked.get("code", ""), str(kept["verifier"]))
    except ChannelError as error:
        return done(request, here, f"{words(request, error.sentence)} {error.detail[:200]}".strip())
    with transaction() as db:
        switchboard.keep_secrets(db, channel_of(db, request), told, actor=request.state.viewer)
    return done(
        request, here, words(request, "You are signed in at the provider. “Test now” tells whether it works.")
    )


def _consented(channel: Channel, code: str, verifier: str) -> dict[str, str]:
    connector = _connector(channel)
    if not isinstance(connector, Consent):
        raise ChannelError("There is no provider to sign in at.", permanent=True)
    return dict(connector.consented(code, return_address(channel), verifier))


def _keep(db: Session, channel: Channel, request: Request, state: str, verifier: str) -> None:
    until = (now() + CONSENT_WITHIN).isoformat()
    sealed = vault.seal({"state": state, "verifier": verifier}).decode()
    value = {"sealed": sealed, "agent": request.state.viewer.id, "until": until}
    db.merge(Setting(key=_key(channel), value=value))


def _take(db: Session, channel: Channel) -> dict[str, Any] | None:
    """What was kept, once."""
    row = db.get(Setting, _key(channel))
    if row is None:
        return None
    value = dict(row.value)
    db.execute(delete(Setting).where(Setting.key == _key(channel)))
    if datetime.fromisoformat(str(value["until"])) < now():
        return None
    try:
        return {**vault.unseal(str(value["sealed"]).encode()), "agent": value["agent"]}
    except vault.Unreadable:
        return None


def _is_it(request: Request, kept: dict[str, Any]) -> bool:
    given = request.query_params.get("state", "").encode("utf-8", "replace")
    return (
        hmac.compare_digest(given, str(kept["state"]).encode()) and kept["agent"] == request.state.viewer.id
    )


def _key(channel: Channel) -> str:
    return f"oauth {channel.id}"


def _connector(channel: Channel) -> object:
    try:
        return connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable):
        return None


def channel_of(db: Session, request: Request) -> Channel:
    """The channel of the address. Raises NotFound."""
    channel = db.get(Channel, path_id(request))
    if channel is None:
        raise NotFound("channel")
    return channel


routes = [
    Route(f"{LIST}/{{id}}/progress", progress, methods=["GET"]),
    Route(f"{LIST}/{{id}}/oauth", sign_in, methods=["GET"]),
    Route(f"{LIST}/{{id}}/oauth/return", signed_in, methods=["GET"]),
]
