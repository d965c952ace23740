"""Whether the account works, the sender is its own, and messages to it come here."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from channels.outbound import ChannelError
from channels.sms.account import Account, K
from channels.sms.settings import NAME, NUMBER, SERVICE, SmsSettings, sort_of
from channels.text import clean

MESSAGING = "https://messaging.twilio.com"
TRIAL = "The account works. It is a trial: it sends only to numbers that were confirmed at Twilio."
WORKS = "The account and the sender work."
ONE_WAY = "The account works. Customers cannot answer this sender."
_NOT_HERE = "Messages to this sender do not come here. Paste the webhook address at Twilio, under “A message comes in”."
_NOT_OWN = "This sender does not belong to the account at Twilio."


def check(account: Account[SmsSettings]) -> str:
    """A sentence on what was found. Raises `ChannelError` with Twilio's words."""
    told = active(account)
    sort = sort_of(account.settings.sender)
    if sort == NUMBER:
        _check_number(account)
    elif sort == SERVICE:
        _check_service(account)
    name = f" ({word(told, 'friendly_name')})"
    if word(told, "type") == "Trial":
        return TRIAL + name
    return (ONE_WAY if sort == NAME or not account.settings.receives else WORKS) + name


def active(account: Account[K]) -> Mapping[str, Any]:
    """What Twilio tells of the account, which works. Raises `ChannelError`."""
    told = account.get(".json").told
    status = word(told, "status")
    if status != "active":
        raise ChannelError("Twilio has suspended the account.", detail=status, permanent=True)
    return told


def number(account: Account[K], own: str) -> Mapping[str, Any]:
    """What Twilio tells of a number of the account. Raises `ChannelError`, also where it is not one of its own."""
    found = account.get("/IncomingPhoneNumbers.json", PhoneNumber=own).told
    numbers = found.get("incoming_phone_numbers")
    for one in numbers if isinstance(numbers, list) else []:
        if isinstance(one, dict):
            return one
    raise ChannelError(_NOT_OWN, permanent=True)


def _check_number(account: Account[SmsSettings]) -> None:
    own = number(account, account.settings.sender)
    can = own.get("capabilities")
    if isinstance(can, dict) and can.get("sms") is False:
        raise ChannelError("This number cannot send SMS.", permanent=True)
    _check_address(account, word(own, "sms_url"))


def _check_service(account: Account[SmsSettings]) -> None:
    path = f"/v1/Services/{quote(account.settings.sender, safe='')}"
    told = account.get(path, MESSAGING).told
    if told.get("use_inbound_webhook_on_number") is not True:
        _check_address(account, word(told, "inbound_request_url"))


def _check_address(account: Account[SmsSettings], told: str) -> None:
    """Twilio may have it with parameters of its own behind a #, which it does not call."""
    if account.settings.receives and told.partition("#")[0].partition("?")[0] != account.context.webhook_url:
        raise ChannelError(_NOT_HERE, detail=told, permanent=True)


def word(told: Any, name: str) -> str:
    value = told.get(name)
    return clean(value)[:500] if isinstance(value, str) else ""
