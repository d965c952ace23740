"""WeChat's return codes in words (https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """`permanent`: sending it again cannot help. `unreachable`: nothing will arrive at this customer until they do
    something. `everybody`: it is about the account, not about this message. `rest`: seconds until it may pass."""

    sentence: str
    permanent: bool = True
    unreachable: bool = False
    everybody: bool = False
    rest: float | None = None


HOUR = 3600.0
TOKEN_REFUSED = frozenset({40001, 40014, 41001, 42001})  # a fresh access token may be taken
NO_MENU = frozenset({40200, 45098})  # this sort of account has no menus in messages, or none as long as this
MEDIA_GONE = 40007

_BUSY = Code("WeChat is busy.", permanent=False)
_TOKEN = Code("WeChat does not take its own access token. It is had anew.", permanent=False, everybody=True)
_CREDENTIALS = Code("WeChat does not accept the AppID and the AppSecret.", everybody=True)
_QUOTA = Code(
    "The calls of today are used up at WeChat. It goes on after midnight in Beijing.",
    permanent=False,
    everybody=True,
    rest=HOUR,
)
_TOO_FAST = Code("WeChat asks us to send more slowly.", permanent=False, everybody=True, rest=60.0)
_NOT_ALLOWED = Code(
    "The account may not send customer service messages. WeChat gives that right to verified accounts.",
    everybody=True,
)
_IP = Code(
    "WeChat does not know this server. Enter its IP address in the IP list of the account's console.",
    everybody=True,
)
_BLOCKED_ACCOUNT = Code("WeChat has blocked the account or its interface.", everybody=True)
_NOBODY = Code("WeChat does not know this customer.", unreachable=True)
_NO_FOLLOWER = Code("The customer does not follow the account any more.", unreachable=True)
_REFUSES = Code("The customer has refused messages of the account.", unreachable=True)
_WINDOW = Code("More than 48 hours have passed since the customer last wrote, or they follow no more.")
_COUNT = Code("WeChat takes no more answers until the customer writes again.")
_TOO_LONG = Code("The message is too long for WeChat.")
_FILE_TYPE = Code("WeChat does not take files of this type.")
_FILE_SIZE = Code("The file is too large for WeChat.")
_FILE_GONE = Code("WeChat does not have this file any more. It keeps them for three days.")
_NOTHING = Code("There is nothing to send.")
_UNWANTED = Code("WeChat has refused the words or the link as not permitted.")
_FORM = Code("WeChat did not understand the message.")

CODES = {
    -1: _BUSY,
    40001: _TOKEN,
    40002: _CREDENTIALS,
    40003: _NOBODY,
    40004: _FILE_TYPE,
    40005: _FILE_TYPE,
    40006: _FILE_SIZE,
    40007: _FILE_GONE,
    40008: _FORM,
    40009: _FILE_SIZE,
    40010: _FILE_SIZE,
    40011: _FILE_SIZE,
    40012: _FILE_SIZE,
    40013: _CREDENTIALS,
    40014: _TOKEN,
    40033: _FORM,
    40125: _CREDENTIALS,
    40137: _FILE_TYPE,
    40164: _IP,
    40243: _CREDENTIALS,
    41001: _TOKEN,
    41002: _CREDENTIALS,
    41004: _CREDENTIALS,
    42001: _TOKEN,
    43004: _NO_FOLLOWER,
    43019: Code("The customer is on the account's own list of blocked people.", unreachable=True),
    44001: _NOTHING,
    44004: _NOTHING,
    45001: _FILE_SIZE,
    45002: _TOO_LONG,
    45007: Code("WeChat takes sound of up to 60 seconds."),
    45009: _QUOTA,
    45011: _TOO_FAST,
    45015: _WINDOW,
    45047: _COUNT,
    47001: _FORM,
    48001: _NOT_ALLOWED,
    48002: _REFUSES,
    48004: _BLOCKED_ACCOUNT,
    50001: _NOT_ALLOWED,
    50002: _BLOCKED_ACCOUNT,
    50004: _BLOCKED_ACCOUNT,
    50007: _BLOCKED_ACCOUNT,
    61007: _NOT_ALLOWED,
    87014: _UNWANTED,
    89503: _IP,
    89506: _IP,
    89507: _IP,
}


def code(number: int) -> Code | None:
    """What it means, None where we do not know it."""
    return CODES.get(number)
