"""What is asked of who connects a number at Twilio."""

import re
from dataclasses import dataclass

from channels.settings import setting

ACCOUNT, SENDER, MORE = "Account at Twilio", "Sent from", "More"
NUMBER, SERVICE, NAME = "number", "service", "name"
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


@dataclass(frozen=True)
class SmsSettings:
    account_sid: str = setting(
        "Account SID",
        help="On the first page of the Twilio Console, under “Account Info”.",
        required=True,
        placeholder="AC0123456789abcdef0123456789abcdef",
        maximum=34,
        group=ACCOUNT,
    )
    auth_token: str = setting(
        "Auth Token",
        help="On the same page. What comes from Twilio is signed with it.",
        required=True,
        secret=True,
        minimum=16,
        maximum=200,
        group=ACCOUNT,
    )
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
    api_key: str = setting(
        "API key SID",
        help="To send with a key that can be taken back by itself. Empty: with the Auth Token.",
        placeholder="SK0123456789abcdef0123456789abcdef",
        maximum=34,
        group=MORE,
    )
    api_secret: str = setting("API key secret", secret=True, maximum=200, group=MORE)
    shared_key: str = setting(
        "Webhook signing key",
        help="The secret, where webhooks are signed with SHA-256 and a key of their own.",
        secret=True,
        maximum=200,
        group=MORE,
    )

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        wrong = {}
        if not _ACCOUNT.fullmatch(self.account_sid):
            wrong["account_sid"] = "An Account SID is AC and 32 characters from 0 to 9 and a to f."
        if not sort_of(self.sender):
            wrong["sender"] = (
                "This is no number with its country, such as +15005550006, no Messaging Service and no name."
            )
        if bool(self.api_key) and not self.api_key.startswith("SK"):
            wrong["api_key"] = "The SID of an API key begins with SK."
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
