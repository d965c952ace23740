"""The calls of our numbers at Twilio as a channel."""

from channels import telephony
from channels.base import Answer, Attachment, Connector, Event, Features, Outbound, Request, Sent
from channels.sms import form, media, signature
from channels.sms.account import Account
from channels.twilio_voice import events, health
from channels.twilio_voice.settings import CALL, VoiceSettings

EMPTY_REPLY = b"<Response/>"


class TwilioVoice(Connector[VoiceSettings]):
    """States of calls, of their legs and recordings come by webhook; recordings are fetched with the account's keys."""

    kind = "twilio_voice"
    label = "Twilio Voice"
    help_page = "twilio-voice"
    guide = (
        "Copy the Account SID and the Auth Token from the first page of the Twilio Console, enter our numbers, and "
        "save.",
        "Paste the webhook address at each number under “Call status changes”, with HTTP POST. Never under “A call "
        "comes in”: there it would end every call.",
        "In the TwiML that passes calls on, give the same address to statusCallback of Number, Client or Sip, with all "
        "four events, and to recordingStatusCallback of Dial and Record.",
        "“Test now” says whether the account works and whether our numbers tell their calls here.",
    )
    features = Features(
        inbound_only=True,
        telephone=True,
        needs_public_url=True,
        identity_kind="phone",
        icon="phone-call",
        tint="vermilion",
    )
    Settings = VoiceSettings

    def verify(self, request: Request) -> None:
        own = self.settings
        signature.verify(request, self.context.webhook_url, own.auth_token, own.shared_key)

    def parse(self, request: Request) -> list[Event]:
        own = self.settings
        house = events.House(frozenset(own.lines), frozenset(own.colleagues), own.answered_by == CALL)
        return events.read(form.fields(request), house)

    def acknowledge(self, request: Request) -> Answer | None:
        return 200, {"content-type": "text/xml"}, EMPTY_REPLY

    def send(self, outbound: Outbound) -> Sent:
        raise telephony.only_calls()

    def fetch(self, attachment: Attachment) -> bytes:
        return media.fetch(self._account, attachment)

    def check(self) -> str:
        return health.check(self._account)

    @property
    def _account(self) -> Account[VoiceSettings]:
        return Account(self.settings, self.http, self.context)
