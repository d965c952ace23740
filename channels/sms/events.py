"""What Twilio posts, as our events: messages, and what became of ours
(https://www.twilio.com/docs/messaging/guides/webhook-request)."""

import mimetypes
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.events import Attachment, DeliveryState, Event, Ignored, Inbound, Permission, Person, Receipt
from channels.sms import codes
from channels.sms.settings import is_number

KEY = "message"  # in the address to which states are told
MAX_MEDIA = 10
MAX_TEXT = 20_000
_TO_BE_NAMED = 40
UNDELIVERED = "The message was not delivered."

STATES: dict[str, DeliveryState] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
ON_ITS_WAY = {"accepted", "scheduled", "queued", "sending"}
# Words that opt out, and in again, where Twilio does not say so itself. "CANCEL" or "END" may mean an order.
_STOP = {"STOP", "STOPALL", "UNSUBSCRIBE"}
_START = {"START", "UNSTOP"}
_KEPT = ("FromCountry", "FromCity", "FromState", "NumSegments", "MessagingServiceSid", "To")


def key_in(url: str) -> str:
    """The `Outbound.key` in the address to which states of a message are told."""
    try:
        return dict(parse_qsl(urlsplit(url).query)).get(KEY, "")
    except ValueError:
        return ""


def read(fields: Mapping[str, str], key: str = "") -> list[Event]:
    """The events of a form; `fields` are the first values by name, `key` as of `key_in`. Total."""
    sid = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid") or ""
    if not sid:
        return [Ignored("a call, no message" if fields.get("CallSid") else "no message of Twilio")]
    if fields.get("From", "").startswith("whatsapp:") or fields.get("To", "").startswith("whatsapp:"):
        return [Ignored("WhatsApp by Twilio; this channel is SMS")]
    status = fields.get("MessageStatus", "").lower()
    if status and status != "received":
        return [_receipt(sid, status, fields, key)]
    return _message(sid, fields)


def _message(sid: str, fields: Mapping[str, str]) -> list[Event]:
    address = fields.get("From", "")[:320]
    if not address:
        return [Ignored("a message without its sender")]
    person = Person(address)
    choice = _choice(fields)
    changed: dict[str, list[Event]] = {
        word: [Permission(person, word == "START", message=sid[:200])] for word in ("STOP", "START")
    }
    context: dict[str, Any] = {name: fields[name][:100] for name in _KEPT if fields.get(name)}
    if choice:
        context["opt_out"] = choice
    if not is_number(address):
        context["one_way"] = True  # a short code or a name, which nobody can answer
    inbound = Inbound(
        external_id=sid[:200],
        sender=person,
        text=fields.get("Body", "")[:MAX_TEXT],
        attachments=tuple(_media(fields)),
        context=context,
        auto=bool(choice),  # Twilio has answered this itself
    )
    # Who writes can be written to, so that they stopped has to come after what they wrote.
    return [inbound, *changed.get(choice, [])]


def _choice(fields: Mapping[str, str]) -> str:
    """STOP, START or HELP, as Twilio says or as plainly as somebody can say it; "" for everything else."""
    told = fields.get("OptOutType", "").strip().upper()
    if told in ("STOP", "START", "HELP"):
        return told
    said = fields.get("Body", "").strip().upper()
    return "STOP" if said in _STOP else "START" if said in _START else ""


def _media(fields: Mapping[str, str]) -> list[Attachment]:
    found = []
    for at in range(min(codes.number_of(fields.get("NumMedia", "")) or 0, MAX_MEDIA)):
        url, kind = fields.get(f"MediaUrl{at}", ""), fields.get(f"MediaContentType{at}", "")[:100]
        if url.startswith("https://"):
            ending = mimetypes.guess_extension(kind) or ""
            found.append(Attachment(f"{at + 1}{ending}", kind or "application/octet-stream", ref=url[:2000]))
    return found


def _receipt(sid: str, status: str, fields: Mapping[str, str], key: str) -> Event:
    if status in ON_ITS_WAY:
        return Ignored(f"a message of ours is on its way: {status}")
    state = STATES.get(status)
    if state is None:
        return Ignored(f"a state we do not know: {re.sub('[^a-z_]', '', status)[:_TO_BE_NAMED]}")
    to = fields.get("To", "")[:320]
    number = codes.number_of(fields.get("ErrorCode", ""))
    known = codes.code(number)
    failed = state == "failed"
    return Receipt(
        sid[:200],
        state,
        reason=reason(number) if failed else "",
        person=Person(to) if to else None,
        unreachable=failed and known is not None and known.unreachable,
        key=key,
    )


def reason(number: int | None) -> str:
    """Why it was not delivered."""
    known = codes.code(number)
    sentence = known.sentence if known else UNDELIVERED
    return f"{sentence} ({number})" if number else sentence
