"""What we say, as Twilio takes it (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource)."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from channels import text
from channels.calling import Answer, part_of
from channels.outbound import ChannelError, Outbound
from channels.sms import codes, events, trouble
from channels.sms.account import Account
from channels.sms.settings import SERVICE, SmsSettings, is_number, sort_of

MAX_TEXT = 1600  # UTF-16 units that Twilio takes at once
LOOKED_AT = 20  # messages that are looked through for one whose answer was lost
PLACE = "/Messages.json"


def bodies(outbound: Outbound) -> list[str]:
    """The texts that are sent for a message; files go along as links. Raises `ChannelError`."""
    if any(not one.url for one in outbound.attachments):
        raise ChannelError("An SMS carries no files.", permanent=True)
    links = [f"{one.name}\n{one.url}" for one in outbound.attachments]
    pieces = text.split("\n\n".join(filter(None, (outbound.text.strip(), *links))), MAX_TEXT, "utf16")
    if not pieces:
        raise ChannelError("There is nothing to send.", permanent=True)
    return pieces


def send(account: Account[SmsSettings], outbound: Outbound) -> tuple[str, ...]:
    """Send them one after the other; the ids of what was sent. Twilio knows no key to repeat a call by."""
    if not is_number(outbound.to.address):
        raise ChannelError("This sender cannot be answered: it is no telephone number.", permanent=True)
    sent: list[str] = []
    parts = bodies(outbound)
    for number, body in enumerate(parts, 1):
        key = outbound.key if number == len(parts) else ""
        with part_of(number - 1):
            sent.append(_send(account, outbound.to.address, body, key))
    return tuple(one for one in sent if one)


def _send(account: Account[SmsSettings], to: str, body: str, key: str) -> str:
    """Where the answer was lost, Twilio is asked whether it has the message."""
    began = time.monotonic()
    try:
        answer = account.post(PLACE, {"To": to, "Body": body, **_from(account, key)})
    except ChannelError as error:
        if not error.ambiguous:
            raise
        found = _found(account, to, body, time.monotonic() - began)
        if not found:
            raise ChannelError(trouble.LOST, detail=error.detail, ambiguous=True) from None
        return found
    return _sid(answer.told)


def _from(account: Account[SmsSettings], key: str) -> dict[str, str]:
    """States are told to an address with our own key in it: the first may come before the answer does."""
    own, context = account.settings, account.context
    told = {"MessagingServiceSid" if sort_of(own.sender) == SERVICE else "From": own.sender}
    if context.public_url.startswith("https://") or context.sandbox:
        told["StatusCallback"] = context.webhook_url + (f"?{events.KEY}={quote(key, safe='')}" if key else "")
    return told


def _sid(told: Mapping[str, Any]) -> str:
    """Its id. Raises `ChannelError` where Twilio took it and says that it failed."""
    known = codes.code(codes.number_of(told.get("error_code")))
    if told.get("status") in ("failed", "undelivered", "canceled"):
        raise trouble.failed(known or codes.Code("Twilio refused this."), str(told.get("error_code") or ""))
    sid = told.get("sid")
    return sid if isinstance(sid, str) and len(sid) <= 200 else ""


def _found(account: Account[SmsSettings], to: str, body: str, since: float) -> str:
    """The id of the message with these words that Twilio made in the last `since` seconds by its own clock; "" where
    there is none, or no single one."""
    try:
        answer = account.get(PLACE, To=to, PageSize=str(LOOKED_AT))
    except ChannelError:
        return ""
    made = answer.told.get("messages")
    young = [
        one
        for one in (made if isinstance(made, list) else [])
        if isinstance(one, dict) and one.get("body") == body and _age(answer, one) <= since + 1.0
    ]
    return _sid(young[0]) if len(young) == 1 else ""


def _age(answer: Answer, message: Mapping[str, Any]) -> float:
    """Seconds from when Twilio made it to when Twilio answered."""
    made, now = _time(message.get("date_created")), _time(answer.headers.get("date"))
    return (now - made).total_seconds() if made and now else float("inf")


def _time(told: object) -> datetime | None:
    """A date as mail has it (RFC 5322); one that names no zone is in UTC."""
    try:
        at = parsedate_to_datetime(told) if isinstance(told, str) else None
    except (ValueError, TypeError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None
