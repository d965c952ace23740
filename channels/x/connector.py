"""An account on X, to which customers write direct messages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from channels import oauth
from channels.base import (
    Answer,
    Attachment,
    ChannelError,
    Connector,
    Event,
    Features,
    Outbound,
    Person,
    Preview,
    Request,
    Sent,
)
from channels.calling import one_after_the_other
from channels.x import events, health, media, sending, signature, tokens, trouble, uploading
from channels.x.calling import Caller
from channels.x.people import person
from channels.x.settings import XSettings, is_user


class X(Connector[XSettings]):
    """Direct messages of the older, unencrypted kind: of encrypted ones (X Chat) it is only known that they came."""

    kind = "x"
    label = "X"
    help_page = "x"
    guide = (
        "In the X developer console, make a project and an app. Direct messages are paid for by use.",
        "Under “User authentication settings”, allow “Read and write and Direct message”, choose “Web App”, and enter "
        "this site's address as the callback URI for the moment.",
        "Copy the OAuth 2.0 client ID, its secret and the bearer token from “Keys and tokens”, and save.",
        "Then a redirect URI stands here. Enter it as the callback URI in the place of the first one.",
        "Sign in at X with the account that customers write to.",
        "“Test now” registers the webhook address at X and subscribes to the direct messages.",
    )
    features = Features(
        max_length=sending.MAX_TEXT,
        max_attachment_bytes=uploading.MAX_FILE,
        attachment_types=tuple(uploading.CATEGORIES),
        typing=True,
        read_receipts=True,
        push=True,
        needs_public_url=True,
        beta=True,
        icon="at-sign",
        tint="ink",
    )
    Settings = XSettings

    def verify(self, request: Request) -> None:
        signature.verify(self.settings, request)

    def answer(self, request: Request) -> Answer | None:
        return signature.answer(self.settings.signing_secret, request)

    def parse(self, request: Request) -> list[Event]:
        return events.read(request.json(), self.settings.user_id, self.context.is_secure)

    def send(self, outbound: Outbound) -> Sent:
        """One call after the other. A customer's id at X is a number, which stands in the address of the call."""
        to = outbound.to.address
        if not is_user(to):
            raise ChannelError(
                "X does not know this customer.", detail=to[:40], permanent=True, unreachable=True
            )
        x = self._x
        made = sending.calls(outbound)
        return Sent(one_after_the_other(partial(sending.send, x, to, call) for call in made))

    def preview(self, outbound: Outbound) -> Preview:
        return Preview(outbound.text, bubbles=sending.bubbles(outbound))

    def fetch(self, attachment: Attachment) -> bytes:
        return media.fetch(self._x, attachment)

    def lookup(self, address: str) -> Person | None:
        if not is_user(address):
            return None
        asked = {"user.fields": "name,username,profile_image_url"}
        answer = self._x.asked("GET", f"/2/users/{address}", params=asked)
        if not answer.ok and answer.status != 404:
            raise trouble.refused(answer)
        data = answer.told.get("data")  # absent where the account is gone
        return person(address, data, self.context.is_secure) if isinstance(data, dict) else None

    def check(self) -> str:
        return health.check(self._x)

    def look_after(self) -> datetime | None:
        """The tokens are renewed, because a refresh token that is left alone for six months ends. X tells no date."""
        own = self.settings
        tokens.renewed(self.http, self.context, own, refused=own.access_token)
        if not own.user_id:
            health.account(self._x)
        return None

    def consent_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        own = self.settings
        if not own.client_id:
            return ""
        return oauth.authorise_url(
            tokens.provider(self.context), own.client_id, redirect_uri, state=state, verifier=verifier
        )

    def consented(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, str]:
        """Both tokens, the one that is used and the one that gets the next, and whose they are."""
        own = self.settings
        told = oauth.exchange(
            self.http,
            tokens.provider(self.context),
            own.client_id,
            own.client_secret,
            code,
            redirect_uri=redirect_uri,
            verifier=verifier,
        )
        signed_in = replace(own, access_token=told.access)
        id = health.id_at_once(Caller(signed_in, self.http, self.context))
        return {**tokens.secrets_of(told), "user_id": id}

    @property
    def _x(self) -> Caller:
        return Caller(self.settings, self.http, self.context)
