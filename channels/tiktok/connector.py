"""A TikTok Business account as a channel."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx2

from channels.base import (
    Attachment,
    BadSignature,
    ChannelError,
    Connector,
    Event,
    Features,
    Outbound,
    Person,
    Request,
    Sent,
)
from channels.tiktok import events, health, media, sending, signature, tokens
from channels.tiktok.calling import Caller
from channels.tiktok.settings import TikTokSettings

CONSENT = "https://www.tiktok.com/v2/auth/authorize"
SCOPES = (
    "user.info.basic",
    "user.info.username",
    "user.info.profile",
    "user.account.type",
    "message.list.read",
    "message.list.send",
    "message.list.manage",
)
WINDOW = timedelta(hours=48)
MOST = 10  # messages of the business until the customer writes again


class TikTok(Connector[TikTokSettings]):
    """Messages come by webhook, ours among them: such an echo settles what became of a message whose answer was
    lost. Customers write first."""

    kind = "tiktok"
    label = "TikTok"
    help_page = "tiktok"
    guide = (
        "In TikTok API for Business, create an app and apply for Business Messaging; it needs an account for business.",
        "Copy the app ID and the app secret from “Basic information”, enter them here, and save.",
        "Enter the redirect URI below among the redirect URLs of the app at TikTok.",
        "Sign in at TikTok with the account that customers write to, and allow messages.",
        "“Test now” says whether TikTok lets us in, and tells it where this channel is.",
        "In the TikTok app, let everyone send you messages; else you accept each new customer there first.",
    )
    features = Features(
        max_length=sending.MAX_TEXT,
        max_attachment_bytes=sending.MAX_PICTURE,
        attachment_types=sending.PICTURES,
        read_receipts=True,
        reactions=True,
        quotes=True,
        reply_window=WINDOW,
        window_messages=MOST,
        needs_public_url=True,
        beta=True,
        icon="music-2",
        tint="ink",
    )
    Settings = TikTokSettings

    def verify(self, request: Request) -> None:
        """Whether TikTok sent it, and the account is known: all accounts of an app are told of at one address."""
        signature.verify(self.settings.app_secret, self.settings.skew, request)
        if not self.settings.business_id:
            raise BadSignature("the account of this channel is not known yet; sign in at TikTok")

    def parse(self, request: Request) -> list[Event]:
        return events.read(request.json(), self.settings.business_id)

    def send(self, outbound: Outbound) -> Sent:
        return Sent(sending.send(self._tiktok, outbound))

    def fetch(self, attachment: Attachment) -> bytes:
        return media.fetch(self._tiktok, attachment)

    def typing(self, to: Person, last: Mapping[str, Any]) -> None:
        with contextlib.suppress(ChannelError):
            self._act("TYPING", last)

    def mark_read(self, last: Mapping[str, Any]) -> None:
        self._act("MARK_READ", last)

    def check(self) -> str:
        """Whether TikTok lets us in, until when, and that it calls this channel."""
        return health.check(self._tiktok)

    def look_after(self) -> datetime | None:
        """The tokens are renewed, so that the permission does not lapse; it ends when the refresh token does."""
        kept = self._tiktok.renew(self.settings.access_token)
        return tokens.moment(kept.get("refresh_until", ""))

    def consent_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """TikTok's page. It knows no PKCE here: the app's secret goes with the code."""
        own = self.settings
        if not own.app_id or not own.app_secret:
            return ""
        asked = {"client_key": own.app_id, "response_type": "code", "scope": ",".join(SCOPES)}
        return str(httpx2.URL(CONSENT, params={**asked, "redirect_uri": redirect_uri, "state": state}))

    def consented(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, str]:
        """The tokens, when they end, and the id of the account that signed in."""
        return tokens.signed_in(self.settings, code, redirect_uri, self._tiktok.ask)

    def _act(self, action: str, last: Mapping[str, Any]) -> None:
        conversation = last.get("conversation")
        if isinstance(conversation, str) and conversation:
            sending.act(self._tiktok, conversation, action)

    @property
    def _tiktok(self) -> Caller:
        return Caller(self.settings, self.http, self.context)
