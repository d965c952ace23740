"""The calls of Zoom Phone as a channel."""

from channels import telephony
from channels.base import (
    Answer,
    Attachment,
    Connector,
    Event,
    Features,
    Ignored,
    Outbound,
    Request,
    Sent,
    Turn,
)
from channels.zoom_phone import account, events, signature, transcripts
from channels.zoom_phone.settings import ZoomSettings

WORKS = "Zoom lets us fetch recordings. Calls come in by the webhook address."


class ZoomPhone(Connector[ZoomSettings]):
    """Rings, answers and ends, the records of calls, recordings and voicemails come by webhook."""

    kind = "zoom_phone"
    label = "Zoom Phone"
    help_page = "zoom-phone"
    guide = (
        "In the Zoom App Marketplace, build an app with event subscriptions, copy its secret token, enter it below, "
        "and save.",
        "Paste the webhook address as the event notification endpoint, and press “Validate”.",
        "Add the phone events: ringing, answered, connected, missed, rejected and ended of caller and callee, call "
        "element completed, recording and recording transcript completed, voicemail received.",
        "To fetch recordings, make a “Server-to-Server OAuth” app, and enter its three credentials.",
    )
    features = Features(
        inbound_only=True,
        telephone=True,
        needs_public_url=True,
        identity_kind="phone",
        icon="phone-forwarded",
        tint="indigo",
    )
    Settings = ZoomSettings

    def answer(self, request: Request) -> Answer | None:
        return signature.answer(self.settings.secret_token, request)

    def verify(self, request: Request) -> None:
        signature.verify(self.settings.secret_token, request)

    def parse(self, request: Request) -> list[Event]:
        document = request.json()
        return [Ignored("the body is not JSON")] if document is None else events.read(document)

    def send(self, outbound: Outbound) -> Sent:
        raise telephony.only_calls()

    def fetch(self, attachment: Attachment) -> bytes:
        return account.file(self.settings, self.http, self.context, attachment.ref)

    def turns(self, data: bytes) -> list[Turn]:
        return transcripts.turns(data)

    def check(self) -> str:
        if not self.settings.account_id:
            return telephony.ONLY_RECEIVES
        account.token(self.settings, self.http, self.context)
        return WORKS
