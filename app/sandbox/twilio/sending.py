"""What is sent by the account (twilio.com/docs/messaging/api/message-resource), and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox.files import File
from app.sandbox.hooks import NotFetched
from app.sandbox.talks import Bubble, Customer
from app.sandbox.twilio import segments, trouble
from app.sandbox.twilio.trouble import Refused

if TYPE_CHECKING:
    from app.sandbox.twilio.account import Account
    from app.sandbox.twilio.platform import Twilio

MAX_BODY, MAX_MEDIA, MEDIA_BYTES = 1600, 10, 5 * 1024 * 1024
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
FAILING = re.compile(
    r"\+1500555(30\d{3})"
)  # a number of the sandbox's own: what is sent there ends with this code
FAILED = {30001, 30002}  # never left; everything else was sent and not delivered
AMERICAN = "+1"

Object = dict[str, Any]
Form = Mapping[str, list[str]]


class Sending:
    """Accepts messages and tells what became of them."""

    def __init__(self, twilio: Twilio) -> None:
        self.twilio, self.house = twilio, twilio.house

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self.twilio.account

    async def create(self, form: Form) -> Object:
        """POST Messages.json: the message as it is when the answer leaves. Raises `Refused`."""
        to, sender, body = (_one(form, name) for name in ("To", "From", "Body"))
        service = _one(form, "MessagingServiceSid")
        self._check_to(to)
        self._check_sender(sender, service, to)
        self._check_body(body, form)
        files = [await self._fetched(to, url) for url in form.get("MediaUrl", [])]
        sid = ("MM" if files else "SM") + self.house.ids.hex(32)
        self._keep(sid, files)
        about = {
            "to": to,
            "from": sender or (None if service else self.account.number),
            "messaging_service_sid": service or None,
            "status": "accepted" if service else "queued",
        }
        made = self.account.message(sid, "outbound-api", body, segments.count(body), **about)
        self.house.record.add(
            "twilio",
            "accepted",
            call="Messages.json",
            to=to,
            messages=[{"id": sid, "type": "text", "text": body, "segments": made["num_segments"]}],
        )
        answer = dict(made)
        self._go_on(made, sender or self.account.number, _one(form, "StatusCallback"))
        return answer

    def _check_to(self, to: str) -> None:
        """Raises `Refused`."""
        if not to:
            raise Refused(21604, "A 'To' phone number is required.")
        if to in trouble.MAGIC:
            raise trouble.to(trouble.MAGIC[to], to)
        if not NUMBER.fullmatch(to):
            raise trouble.to(21211, to)
        if any(to.startswith(begin) for begin in self.account.closed):
            raise trouble.to(21408, to)
        if to in self.account.stopped:
            raise trouble.to(21610, to)
        if (code := self.account.fates.get(to, 0)) in trouble.SENTENCES:
            raise trouble.to(code, to)

    def _check_sender(self, sender: str, service: str, to: str) -> None:
        """Raises `Refused`."""
        if service:
            if service != self.account.service:
                raise Refused(21703, "The Messaging Service does not contain a phone number.")
        elif not sender:
            raise Refused(21603, "A 'From' phone number is required.")
        elif NAME.fullmatch(sender):
            if to.startswith(AMERICAN):
                raise trouble.to(21612, to)
        elif sender != self.account.number:
            what = "is not a valid message-capable Twilio phone number for this destination"
            raise Refused(21606, f"The 'From' phone number {sender} {what}")
        elif sender == to:
            raise Refused(21266, f"'To' and 'From' number cannot be the same: {to}")

    def _check_body(self, body: str, form: Form) -> None:
        """Raises `Refused`."""
        if not body and not form.get("MediaUrl"):
            raise Refused(21602, "Message body is required.")
        if len(body.encode("utf-16-le")) // 2 > MAX_BODY:
            raise Refused(21617, "The concatenated message body exceeds the 1600 character limit")
        if len(form.get("MediaUrl", [])) > MAX_MEDIA:
            raise Refused(21623, "Number of media files exceeds allowed limit")

    async def _fetched(self, to: str, url: str) -> File:
        """Raises `Refused`."""
        try:
            media_type, body = await self.twilio.hooks.fetch(url)
        except NotFetched:
            raise Refused(21620, f"Invalid media URL(s): {url}") from None
        if len(body) > MEDIA_BYTES:
            raise Refused(21623, "Total size of media exceeds allowed limit")
        return File(to, url.partition("?")[0].rpartition("/")[2], media_type.partition(";")[0], body)

    def _keep(self, sid: str, files: list[File]) -> None:
        for place, file in enumerate(files):
            id = "ME" + self.house.ids.hex(32)
            self.account.files.keep(id, file)
            self.account.media.setdefault(sid, []).append(id)
            self.account.files.keep(f"{sid}.{place}", file)

    def _go_on(self, made: Object, sender: str, callback: str) -> None:
        """What becomes of it: told in states, each of which may be lost, late or out of order."""
        customer = self.twilio.customer(made["to"])
        failing = FAILING.fullmatch(customer.id)
        code = self.account.fates.get(customer.id, 0) or (int(failing[1]) if failing else 0)
        states = ["failed"] if code in FAILED else ["sent", "undelivered" if code else "delivered"]
        if not code:
            self._show(customer, made)
        made |= {"date_sent": self.account.now(), "from": sender}
        for state in states:
            ended = bool(code) and state != "sent"
            made |= {"status": state, "date_updated": self.account.now()}
            made["error_code"] = code if ended else None
            if callback:
                self.twilio.hooks.post(customer, self._told(made, state, code if ended else 0, callback))

    def _show(self, customer: Customer, made: Object) -> None:
        if not customer.friend:
            return
        at, sid = self.house.clock.milliseconds(), made["sid"]
        for place in range(int(made["num_media"])):
            file = self.account.files.find(f"{sid}.{place}")
            kind = "image" if file and file.media_type.startswith("image/") else "file"
            name = file.name if file else ""
            self.twilio.talks.show(customer, Bubble(f"{sid}.{place}", "shop", kind, at, name))
        if made["body"]:
            self.twilio.talks.show(customer, Bubble(sid, "shop", "text", at, made["body"]))

    def _told(self, made: Object, state: str, code: int, callback: str) -> Object:
        """A status callback (twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks)."""
        fields = {
            "AccountSid": self.account.sid,
            "ApiVersion": made["api_version"],
            "From": str(made["from"]),
            "MessageSid": made["sid"],
            "MessageStatus": state,
            "SmsSid": made["sid"],
            "SmsStatus": state,
            "To": made["to"],
        }
        fields |= {"ErrorCode": str(code)} if code else {}
        fields |= (
            {"MessagingServiceSid": made["messaging_service_sid"]} if made["messaging_service_sid"] else {}
        )
        return {"url": callback, "fields": fields, "token": self.house.ids.uuid()}


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0].strip()
