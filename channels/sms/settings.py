"""What is asked of who connects a number at Twilio."""

import re
from dataclasses import dataclass

from channels.settings import setting
from channels.sms import asked

SENDER = "Sent from"
NUMBER, SERVICE, NAME = "number", "service", "name"
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


@dataclass(frozen=True)
class SmsSettings:
    account_sid: str = asked.account_sid()
    auth_token: str = asked.auth_token()
    sender: str = setting(
        "Number, service or name",
        help="A number in Twilio such as +15005550006, a Messaging Service (MG…), or a name of up to 11 letters.",
        required=True,
        placeholder="+15005550006",
        maximum=34,
        group=SENDER,
    )
    receives: bool = setting(
        "Customers can answer",
        help="Not by SMS from Japan, nor to a name: switch it off, and put a link to chat or LINE into your messages.",
        default=True,
        group=SENDER,
    )
    api_key: str = asked.api_key(
        "To send with a key that can be taken back by itself. Empty: with the Auth Token."
    )
    api_secret: str = asked.api_secret()
    shared_key: str = asked.shared_key()

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        wrong = asked.wrong(self.account_sid, self.api_key)
        if not sort_of(self.sender):
            wrong["sender"] = (
                "This is no number with its country, such as +15005550006, no Messaging Service and no name."
            )
        return wrong


def sort_of(sender: str) -> str:
    """Whether this is a number, a messaging service or a name that messages come from; "" for none of them."""
    if _SERVICE.fullmatch(sender):
        return SERVICE
    if _NUMBER.fullmatch(sender) or _SHORT_CODE.fullmatch(sender):
        return NUMBER
    return NAME if _NAME.fullmatch(sender) else ""


def is_number(address: str) -> bool:
    """Whether a message can be sent there: a number in E.164 form."""
    return bool(_NUMBER.fullmatch(address))
