"""What is asked of who connects the calls of a number at Twilio."""

from dataclasses import dataclass

from channels.settings import setting
from channels.sms import asked

CALLS = "Telephone calls"
LEG, CALL = "leg", "call"


@dataclass(frozen=True)
class VoiceSettings:
    account_sid: str = asked.account_sid()
    auth_token: str = asked.auth_token()
    answered_by: str = setting(
        "A call is answered when",
        help="Where Twilio answers first with an announcement or a menu, that is not yet a person.",
        default=LEG,
        choices=((LEG, "A colleague takes it (Dial)"), (CALL, "Twilio answers it (no Dial)")),
        group=CALLS,
    )
    lines: tuple[str, ...] = setting(
        "Our numbers",
        help="One a line, as Twilio writes them, such as +815012345678.",
        required=True,
        group=CALLS,
    )
    colleagues: tuple[str, ...] = setting(
        "Telephones of colleagues",
        help="Numbers to which calls are passed on, one a line. Nobody who calls from there is taken for a customer.",
        group=CALLS,
    )
    api_key: str = asked.api_key(
        "To fetch recordings with a key that can be taken back by itself. Empty: with the Auth Token."
    )
    api_secret: str = asked.api_secret()
    shared_key: str = asked.shared_key()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        return asked.wrong(self.account_sid, self.api_key)
