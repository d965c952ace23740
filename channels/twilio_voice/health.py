"""Whether the account works, our numbers are its own, and tell here how their calls end."""

from channels.outbound import ChannelError
from channels.sms.account import Account
from channels.sms.health import active, number, word
from channels.twilio_voice.settings import VoiceSettings

WORKS = "The account works, and our numbers tell their calls here."
NOT_HERE = "This number does not tell its calls here. Paste the webhook address at Twilio, under “Call status changes”."
WOULD_HANG_UP = (
    "The webhook address stands under “A call comes in”, where it would end every call. "
    "Take it away there: it belongs under “Call status changes”."
)


def check(account: Account[VoiceSettings]) -> str:
    """A sentence on what was found. Raises `ChannelError` with Twilio's words."""
    told = active(account)
    for line in account.settings.lines:
        _check(account, line)
    return f"{WORKS} ({word(told, 'friendly_name')})"


def _check(account: Account[VoiceSettings], line: str) -> None:
    own = number(account, line)
    if app := word(own, "voice_application_sid"):
        own = account.get(f"/Applications/{app}.json").told if app.isalnum() else {}
    ours = account.context.webhook_url
    if _address(word(own, "voice_url")) == ours:
        raise ChannelError(WOULD_HANG_UP, detail=line, permanent=True)
    told = word(own, "status_callback")
    if _address(told) != ours:
        raise ChannelError(NOT_HERE, detail=f"{line}: {told}".rstrip(": "), permanent=True)


def _address(told: str) -> str:
    """Twilio may have it with parameters of its own behind a #, which it does not call."""
    return told.partition("#")[0].partition("?")[0]
