"""A number, or another sender, at Twilio as a channel."""

from channels.base import (
    Answer,
    Attachment,
    Bubble,
    Connector,
    Event,
    Features,
    Measure,
    Outbound,
    Person,
    Preview,
    Request,
    Sent,
)
from channels.sms import events, form, health, media, sending, signature
from channels.sms.account import Account
from channels.sms.segments import segments
from channels.sms.settings import NAME, SmsSettings, is_number, sort_of

JAPAN = "+81"
NO_NUMBER = "This sender cannot be answered: it is no telephone number."
FROM_JAPAN = "Customers in Japan cannot answer by SMS. Put a link to chat or LINE into the message."
NO_ANSWER = "Customers cannot answer this sender. Put a link to chat or LINE into the message."
EMPTY_REPLY = (
    b"<Response/>"  # TwiML that says nothing: Twilio would send any text it finds, and logs what is no XML
)


class Sms(Connector[SmsSettings]):
    """Messages and what became of ours come by webhook; Twilio sends for us."""

    kind = "sms"
    label = "SMS"
    help_page = "sms"
    guide = (
        "In the Twilio Console, get a number that can do SMS, or make a Messaging Service.",
        "Copy the Account SID and the Auth Token from the first page, enter the sender, and save.",
        "Paste the webhook address at the number under “A message comes in”, as a webhook with HTTP POST.",
        "“Test now” says whether the account works and whether messages to the number come here.",
        "To Japan Twilio carries SMS one way only: customers there can read, and not answer.",
    )
    features = Features(
        max_length=sending.MAX_TEXT,
        length_unit="utf16",
        max_attachment_bytes=media.LIMIT,
        files_by_url=True,
        push=True,
        needs_public_url=True,
        identity_kind="phone",
        icon="smartphone",
        tint="bamboo",
    )
    Settings = SmsSettings

    def verify(self, request: Request) -> None:
        own = self.settings
        signature.verify(request, self.context.webhook_url, own.auth_token, own.shared_key)

    def parse(self, request: Request) -> list[Event]:
        return events.read(form.fields(request), events.key_in(request.url))

    def acknowledge(self, request: Request) -> Answer | None:
        return 200, {"content-type": "text/xml"}, EMPTY_REPLY

    def send(self, outbound: Outbound) -> Sent:
        return Sent(sending.send(self._account, outbound))

    def preview(self, outbound: Outbound) -> Preview:
        return Preview(outbound.text, bubbles=tuple(Bubble(body) for body in sending.bodies(outbound)))

    def measure(self, text: str, to: Person) -> Measure:
        counted = segments(text)
        return Measure(counted.parts, counted.left, counted.encoding, self._note(to))

    def fetch(self, attachment: Attachment) -> bytes:
        return media.fetch(self._account, attachment)

    def check(self) -> str:
        return health.check(self._account)

    def _note(self, to: Person) -> str:
        if not is_number(to.address):
            return NO_NUMBER
        if to.address.startswith(JAPAN):
            return FROM_JAPAN
        return NO_ANSWER if sort_of(self.settings.sender) == NAME or not self.settings.receives else ""

    @property
    def _account(self) -> Account[SmsSettings]:
        return Account(self.settings, self.http, self.context)
