"""Twilio's error codes in words (https://www.twilio.com/docs/api/errors)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """`permanent`: sending it again cannot help. `unreachable`: nothing will ever arrive at this number.
    `everybody`: it is about the account or the sender, not about this message."""

    sentence: str
    permanent: bool = True
    unreachable: bool = False
    everybody: bool = False


_OPTED_OUT = Code("The customer has opted out of messages from this number (STOP).", unreachable=True)
_NO_NUMBER = Code("This is no telephone number that SMS can be sent to.", unreachable=True)
_LANDLINE = Code("This number is a landline, which takes no SMS.", unreachable=True)
_UNKNOWN_NUMBER = Code("There is no telephone with this number.", unreachable=True)
_CREDENTIALS = Code("Twilio does not accept the Account SID and the Auth Token.", everybody=True)
_SUSPENDED = Code("Twilio has suspended the account.", everybody=True)
_SENDER = Code("Messages cannot be sent from this sender. Check the channel's settings.", everybody=True)
_SENDER_HERE = Code("Twilio cannot send from this sender to this number.")
_TOO_FAST = Code("Twilio asks us to send more slowly.", permanent=False)
_FILTERED = Code("The carrier held the message back as unwanted.")
_UNREACHABLE_NOW = Code("The telephone could not be reached; it may be switched off.")
_BLOCKED = Code("The telephone or its carrier blocks messages of this sender.")
_UNTOLD = Code("The message was not delivered; the carrier does not say why.")
_NO_MEDIA = Code("A picture or file of this message could not be sent.")

CODES = {
    20003: _CREDENTIALS,
    20005: _SUSPENDED,
    20404: _CREDENTIALS,
    20429: _TOO_FAST,
    14107: _TOO_FAST,
    21211: _NO_NUMBER,
    21212: _SENDER,
    21265: _NO_NUMBER,
    21408: Code(
        "The account may not send to this country. An admin can allow it at Twilio (Geo Permissions)."
    ),
    21421: _NO_NUMBER,
    21602: Code("There is nothing to send."),
    21603: _SENDER,
    21604: _NO_NUMBER,
    21605: Code("The message is too long for an SMS."),
    21606: _SENDER,
    21608: Code("A trial account sends only to numbers that were confirmed at Twilio."),
    21610: _OPTED_OUT,
    21611: Code("Too many messages wait at this number.", permanent=False),
    21612: _SENDER_HERE,
    21614: _LANDLINE,
    21617: Code("The message is too long for an SMS."),
    21620: _NO_MEDIA,
    21703: _SENDER,
    21704: _SENDER,
    30001: Code("Too many messages wait at this number.", permanent=False),
    30002: _SUSPENDED,
    30003: _UNREACHABLE_NOW,
    30004: _BLOCKED,
    30005: _UNKNOWN_NUMBER,
    30006: _LANDLINE,
    30007: _FILTERED,
    30008: _UNTOLD,
    30009: Code("A part of the message was lost on its way."),
    30010: Code("The message costs more than the account allows."),
    30022: _TOO_FAST,
    30034: Code("The number is not registered for messages to the United States.", everybody=True),
    30410: Code("The carrier did not answer in time."),
    30450: _FILTERED,
    63016: Code("More than 24 hours have passed since the customer last wrote."),
}


def code(number: int | None) -> Code | None:
    """What it means, None where we do not know it."""
    return CODES.get(number) if number is not None else None


def number_of(told: object) -> int | None:
    """An error code as Twilio tells it: a number in JSON, digits in a form, or none."""
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    return (
        int(told)
        if isinstance(told, str) and told.isascii() and told.isdecimal() and len(told) < 10
        else None
    )
