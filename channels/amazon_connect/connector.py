"""The calls of a contact centre of Amazon Connect as a channel."""

import hmac

from channels import telephony
from channels.amazon_connect import events, lens, storage
from channels.amazon_connect.settings import ConnectSettings
from channels.base import (
    Attachment,
    BadSignature,
    ChannelError,
    Connector,
    Event,
    Features,
    Ignored,
    Outbound,
    Request,
    Sent,
    Turn,
)

HEADER = "X-Madoguchi-Key"


class AmazonConnect(Connector[ConnectSettings]):
    """Contact events and contact records come by an API destination of EventBridge."""

    kind = "amazon_connect"
    label = "Amazon Connect"
    help_page = "amazon-connect"
    guide = (
        "Let a key be made up here, and copy it before you save: it is not shown again.",
        "In Amazon EventBridge, make a connection with the API key X-Madoguchi-Key and this key, and an API "
        "destination with the webhook address and POST.",
        "Make a rule for the source aws.connect and “Amazon Connect Contact Event”, with that destination.",
        "In the flow, set the tag caller to the customer's number, so that who calls is known while it rings.",
        "For outcome, note and durations, send the contact records of the Kinesis stream there too, by EventBridge "
        "Pipes.",
        "To fetch recordings and transcripts, enter the region and an access key that may read the bucket.",
    )
    features = Features(
        inbound_only=True,
        telephone=True,
        needs_public_url=True,
        identity_kind="phone",
        proof_header=HEADER,
        icon="headset",
        tint="yamabuki",
    )
    Settings = ConnectSettings

    def verify(self, request: Request) -> None:
        """By the key alone: EventBridge signs nothing, and what comes twice changes nothing."""
        given, good = request.header(HEADER), self.settings.secret
        if not good or not hmac.compare_digest(given.encode("utf-8", "replace"), good.encode()):
            raise BadSignature(f"{HEADER} is not the key of this channel")

    def parse(self, request: Request) -> list[Event]:
        own = self.settings
        document = request.json()
        if document is None:
            return [Ignored("the body is not JSON")]
        wanted = events.Wanted(
            own.instance, own.caller_tag, own.disposition, own.memo, files=storage.has_keys(own)
        )
        return events.read(document, wanted)

    def send(self, outbound: Outbound) -> Sent:
        raise telephony.only_calls()

    def fetch(self, attachment: Attachment) -> bytes:
        return storage.file(self.settings, self.http, self.context, attachment.ref)

    def turns(self, data: bytes) -> list[Turn]:
        return lens.turns(data)

    def check(self) -> str:
        if self.settings.region and not storage.has_keys(self.settings):
            raise ChannelError(storage.NO_KEYS, permanent=True)
        return telephony.ONLY_RECEIVES
