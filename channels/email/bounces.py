"""What mail servers tell about mails of ours: which did not arrive, where, and why.

The machine-readable blocks of a report first (RFC 3464), then the shapes of two dozen mail servers that flufl.bounce
knows, then what the text says, in the words of servers and carriers of Japan.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.message import Message

from flufl.bounce import all_failures

from channels.email import automatic, undelivered
from channels.email.mail import Address, Mail

# It tells of each of its detectors, mail by mail.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
LONGEST = 60_000  # characters of a report that are looked at
MOST = 100  # recipients of one report
_SAID = 500  # characters of a server's own words that are kept
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,190}[A-Za-z]")
_MESSAGE_ID = re.compile(r"message-?id\s{0,5}[:：=]\s{0,80}(<[^<>\s]{3,400}>)", re.IGNORECASE)
_ACTIONS = {"5": "failed", "4": "delayed", "2": "delivered"}
# Where the text of a report ends and what is left of the returned mail begins.
_COPY = re.compile(
    r"^\W{0,10}(?:below this line is a copy|this is a copy of (?:the|your) message|"
    r"original message (?:headers|follows|follow)|"
    r"(?:unsent|returned|original) message(?: below)?\W*$|included is a copy|元の?メッセージ|送信されたメッセージ|"
    r"return-path:|received: from|mime-version: )",
    re.IGNORECASE | re.MULTILINE,
)
_NOBODY = re.compile(r"(?:mailer-?daemon|postmaster|abuse|no-?reply|noreply)@", re.IGNORECASE)


@dataclass(frozen=True)
class Bounce:
    """What became of a mail to one `recipient` ("" if the report does not tell whom).

    `status` is an enhanced code (RFC 3463) or "", `action` one of RFC 3464's ("failed", "delayed", "delivered",
    "relayed", "expanded"), `reason` an English sentence that can be translated, `said` the server's own words.
    `about_message_id` is the Message-ID of our mail, "" if it is not told. `permanent`: trying again cannot help.
    """

    recipient: str
    status: str
    action: str
    reason: str
    about_message_id: str
    permanent: bool
    said: str = ""

    @property
    def unreachable(self) -> bool:
        """Whether nothing will ever arrive at the address (a full mailbox or a refused mail is not that)."""
        return self.permanent and self.status.startswith(
            ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
        )


def bounces(mail: Mail) -> tuple[Bounce, ...]:
    """What a report says of each recipient, a complaint included; () if nothing can be told, or it is no report."""
    about = _about(mail)
    if automatic.is_complaint(mail):
        return (_complaint(mail, about),)
    found = list(_from_blocks(mail))
    if not found and automatic.sort_of(mail, ()).name != "bounce":
        return ()
    found = found or _from_text(mail)
    if not found and about and _says_something(mail):
        found = [_made("", undelivered.status_said(_report(mail)), "", _report(mail))]
    return tuple(replace(bounce, about_message_id=about) for bounce in found[:MOST])


def _complaint(mail: Mail, about: str) -> Bounce:
    """RFC 5965: the mail arrived, and somebody there marked it as spam; many providers hide who."""
    told = next(
        (
            value
            for block in mail.reports
            for key, value in block.items()
            if key.lower() == "original-rcpt-to"
        ),
        "",
    )
    recipients = (
        [told.strip("<> ")] if "@" in told else [address.address for address in _recipients(mail.returned)]
    )
    return Bounce(
        next(iter(recipients), "")[:320], "", "failed", undelivered.COMPLAINT, about, permanent=False
    )


def _from_blocks(mail: Mail) -> Iterator[Bounce]:
    for block in mail.reports[: MOST + 1]:
        fields = {key.lower(): value for key, value in block.items()}
        final, original = (_typed(fields.get(f"{name}-recipient", "")) for name in ("final", "original"))
        status = undelivered.status_said(fields.get("status", "")[:100])
        if not (final or original) or not (status or fields.get("action")):
            continue
        said = _typed(fields.get("diagnostic-code", ""), anything=True)
        if status[1:] in ("", ".0.0"):
            status = _better(status, said)
        yield _made(_ours(mail, original, final), status, _word(fields), said)


def _word(fields: Mapping[str, str]) -> str:
    words = fields.get("action", "").lower().split()
    return words[0][:20] if words else ""


def _better(status: str, said: str) -> str:
    """A code that says nothing, made plain by the server's words; its class stays."""
    told = undelivered.status_said(said[:LONGEST])
    return f"{status[0]}{told[1:]}" if status and told else status or told


def _typed(value: str, *, anything: bool = False) -> str:
    """The value after its type ("rfc822; a@b", "smtp; 550 …"); of addresses only those of the internet."""
    kind, divided, rest = value[:2_000].partition(";")
    text = (rest if divided else kind).strip()
    if anything:
        return " ".join(text.split())
    found = _ADDRESS.search(text)
    return (
        found[0]
        if found and kind.strip().lower() not in ("x400", "x.400")
        else text.strip("<> ")
        if "@" in text
        else ""
    )


def _ours(mail: Mail, original: str, final: str) -> str:
    """The address that we wrote to: where mail was forwarded over there, the final one is none of ours."""
    if not original or not final or original.lower() == final.lower():
        return final or original
    wrote = {address.address.lower() for address in _recipients(mail.returned)}
    return original if original.lower() in wrote or (wrote and final.lower() not in wrote) else final


def _recipients(mail: Mail | None) -> tuple[Address, ...]:
    return (*mail.to, *mail.cc) if mail else ()


def _made(recipient: str, status: str, action: str, said: str) -> Bounce:
    action = action or _ACTIONS.get(status[:1], "failed")
    reason = undelivered.reason(status)
    if action == "delayed":
        reason = undelivered.WAITING
    permanent = action == "failed" and status.startswith("5")
    return Bounce(
        recipient[:320], status, action, reason, "", permanent, " ".join(said[: 2 * _SAID].split())[:_SAID]
    )


def _from_text(mail: Mail) -> list[Bounce]:
    told = _report(mail)
    recipients = _known_shapes(mail, told) or _named(mail, told)
    if not recipients and _says_something(mail):
        recipients = [address.address for address in _recipients(mail.returned)][:1]
    status = undelivered.status_said(told)
    return [_made(*_said_of(recipient, told, status, alone=len(recipients) == 1)) for recipient in recipients]


def _said_of(recipient: str, told: str, status: str, *, alone: bool) -> tuple[str, str, str, str]:
    """Recipient, status, action and the server's words about it, which stand behind its address."""
    at = told.lower().find(recipient.lower())
    near = told[max(at, 0) : max(at, 0) + 2 * _SAID]
    status = undelivered.status_said(near) if not alone else status
    delayed = undelivered.is_delayed(told) or _waits(status)
    return recipient, status or ("4.0.0" if delayed else "5.0.0"), "delayed" if delayed else "failed", near


def _waits(status: str) -> bool:
    """Of a text alone: a 4.x code means that the server goes on trying, but for the one that says it gave up."""
    return status.startswith("4") and status != "4.4.7"


def _report(mail: Mail) -> str:
    """The part of the text that is about the returned mail, without that mail."""
    text = mail.text[:LONGEST]
    copy = _COPY.search(text, 40)
    return text[: copy.start()] if copy else text


def _says_something(mail: Mail) -> bool:
    return bool(undelivered.status_said(_report(mail))) or undelivered.is_delayed(_report(mail))


def _known_shapes(mail: Mail, told: str) -> list[str]:
    """The recipients that flufl.bounce finds. It wants a message, so it gets one made of what we have of this one."""
    message = Message()
    for name, values in list(mail.headers.items())[:200]:
        for value in values[:5]:
            if name not in ("content-type", "content-transfer-encoding", "mime-version"):
                message[name] = " ".join(value[:2_000].encode("ascii", "replace").decode().split())
    message["Content-Type"] = "text/plain"
    message.set_payload(mail.text[:LONGEST].encode("ascii", "replace").decode())
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - its twenty parsers take hostile text, and what they raise is not documented
        return []
    raw = sorted({*temporary, *permanent})
    found = [address.decode("ascii", "replace").strip("<> ") for address in raw[:MOST]]
    return [
        address for address in found if "@" in address and not _is_us(mail, address) and len(address) <= 320
    ]


def _named(mail: Mail, told: str) -> list[str]:
    """Addresses in the text, if it says anything of a delivery at all."""
    if not _says_something(mail):
        return []
    found: dict[str, str] = {}
    for line in told.split("\n")[:2_000]:
        if not re.match(r"\s*(?:message-id|from|sender|reply-to|return-path)\s*:", line, re.IGNORECASE):
            found |= {address.lower(): address for address in _ADDRESS.findall(line[:1_000])}
    return [address for address in found.values() if not _is_us(mail, address)][:MOST]


def _is_us(mail: Mail, address: str) -> bool:
    """Whether `address` is whom the report went to or came from, not whom it is about."""
    near = {other.address.lower() for other in (*mail.to, *mail.cc, *mail.reply_to)} | {
        a.lower() for a in mail.delivered_to
    }
    if mail.sender:
        near.add(mail.sender.address.lower())
    return address.lower() in near or bool(_NOBODY.match(address))


def _about(mail: Mail) -> str:
    """The Message-ID of our mail: in what came back, in the text, else what the report says it answers."""
    if mail.returned and mail.returned.message_id:
        return mail.returned.message_id
    for header in ("x-original-message-id", "original-message-id"):
        if found := re.search(r"<[^<>\s]{3,400}>", mail.header(header)[:1_000]):
            return found[0]
    if ids := _MESSAGE_ID.findall(mail.text[:LONGEST]):
        return str(ids[-1])
    return next((ids[-1] for ids in (mail.in_reply_to, mail.references) if ids), "")
