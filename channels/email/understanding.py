"""From a mail to events: who wrote, what is new in it, where it belongs, and what it is not."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from channels.email import authentication, automatic, bounces, cleaning, inline, quoting, reading, tokens
from channels.email.mail import Address, File, Mail
from channels.events import (
    UNREADABLE,
    Attachment,
    Event,
    Ignored,
    Inbound,
    Participant,
    Person,
    Receipt,
    utc,
)

SHOWN_AS = {"auto-reply", "list", "spam"}
MOST_OTHERS = 200
ON_ITS_WAY = timedelta(days=5)
SMALL = timedelta(minutes=10)  # clocks differ by so much, and nobody need be told
WRONG_DATE = "Its date cannot be right; it stands where it came in."
_KEPT_HEADERS = re.compile(rb"^(message-id|date|from):", re.IGNORECASE)


@dataclass(frozen=True)
class Mailbox:
    """Whose mail it is: our addresses in lower case, the key of our marks, and the server whose word on senders
    counts (RFC 8601, 5)."""

    addresses: tuple[str, ...]
    key: bytes
    trusted: str = ""

    @property
    def ours(self) -> Collection[str]:
        return frozenset(self.addresses)

    def is_ours(self, address: str) -> bool:
        """Whether mail to it comes to us: with a mark behind a plus as well."""
        local, at, domain = address.lower().rpartition("@")
        return address.lower() in self.ours or f"{local.partition('+')[0]}{at}{domain}" in self.ours


@dataclass(frozen=True)
class Came:
    """How a mail came: whether it lay in the folder of sent mail, when the server got it, and `where` it lies.

    `unread`: why it is not whole; `left_out`: (name, bytes) of its files that were not fetched. What was written before
    `history_before`, or nobody knows when, is history.
    """

    sent: bool = False
    at: datetime | None = None
    unread: str = ""
    left_out: tuple[tuple[str, int], ...] = ()
    where: str = ""
    history_before: datetime | None = None


def events_of(raw: bytes, box: Mailbox, came: Came | None = None) -> list[Event]:
    """What a mail says. Never raises: a mail that breaks our reading is given as "unreadable", with what could be
    made out."""
    came = came or Came()
    try:
        return [_dated(event, came) for event in _events(raw, reading.read(raw), box, came)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail is shown and its original kept
        return [_dated(_unreadable(raw or came.where.encode(), f"{type(error).__name__}: {error}"), came)]


def _events(raw: bytes, mail: Mail, box: Mailbox, came: Came) -> list[Event]:
    if came.sent:
        return [_sent(raw, mail, box)]
    sort = automatic.sort_of(mail, box.ours)
    if sort.name == "echo" and not _form_mail(mail, box):
        return [Ignored("our own mail")]
    if sort.name in ("bounce", "complaint", "read-receipt"):
        told = _report(mail, sort.name, box)
        if told and sort != automatic.BY_ITS_SUBJECT:
            return told
        return [*told, _inbound(raw, mail, box, "auto-reply")]  # a person's words are never lost
    return [_inbound(raw, mail, box, sort.name if sort.name in SHOWN_AS else "", came.where)]


def _dated(event: Event, came: Came) -> Event:
    """With the time its server got it, where the clock of the sender cannot be right: it says nothing, or it says
    later, or longer before than any mail is on its way (RFC 5321, 4.5.4.1: given up after four or five days)."""
    if not isinstance(event, Inbound):
        return event
    told = {**event.context, **_lacking(came)} if came.unread else event.context
    at, said = came.at, event.sent_at
    off = at is not None and (said is None or said > at or said < at - ON_ITS_WAY)
    sort = event.sort or ("unreadable" if came.unread and not event.text else "")
    sent_at = at if off else said
    if at is not None and said is not None and off and abs(said - at) > SMALL:
        told = {**told, "problems": [*told.get("problems", ()), WRONG_DATE]}
    past = came.history_before is not None and (sent_at is None or sent_at < came.history_before)
    return replace(event, sent_at=sent_at, context=told, sort=sort, history=past and event.kind == "inbound")


def _lacking(came: Came) -> dict[str, Any]:
    """What is said of a mail that is not whole: it can be fetched again, and these files are only there."""
    files = [{"name": name, "size": size} for name, size in came.left_out]
    return {"why": came.unread, "lacking": True, **({"left_out": files} if files else {})}


def _inbound(raw: bytes, mail: Mail, box: Mailbox, sort: str, where: str = "") -> Inbound:
    sender = _sender(mail, box)
    if sender is None:
        return _unreadable(raw or where.encode(), "it does not say who wrote it")
    checked = authentication.results(mail, box.trusted) if box.trusted else {}
    marked = [*mail.in_reply_to, *reversed(mail.references), *_written_to(mail)]
    belongs = tokens.conversation_of(box.key, *marked)
    parts, inside = (quoting.whole(mail.text), True) if _form_mail(mail, box) else inline.split(mail)
    html = _html(mail, whole=inside)
    sort = sort or ("unreadable" if _is_empty(mail) and mail.problems else "")
    return Inbound(
        external_id=_strange_id(raw) if sort == "unreadable" else external_id(raw, mail),
        sender=Person(
            sender.address.lower(),
            name=sender.name,
            proof="code" if sender == mail.sender and _confirmed(checked) else "claimed",
        ),
        text=parts.new,
        html=html,
        sent_at=_at(mail),
        in_reply_to=next(iter(mail.in_reply_to), ""),
        subject=mail.subject,
        attachments=tuple(_attachment(file) for file in mail.files),
        context=_context(mail, sender, checked, html),
        auto=sort == "auto-reply",
        sort=sort,
        answers=_answers(mail),
        conversation=belongs,
        others=_others(mail, box, sender),
        about_sender={**checked, "server": box.trusted} if box.trusted else {},
        quoted=parts.quoted,
        signature=parts.signature,
    )


def _sent(raw: bytes, mail: Mail, box: Mailbox) -> Event:
    """What our own side wrote with another program: to the first who is not ours."""
    if mail.message_id and tokens.is_ours(box.key, mail.message_id):
        return Ignored("our own mail")
    to = next((one for one in (*mail.to, *mail.cc) if not box.is_ours(one.address)), None)
    if to is None:
        return Ignored("a mail to ourselves")
    parts, inside = inline.split(mail)
    return Inbound(
        external_id=external_id(raw, mail),
        sender=Person(to.address.lower(), name=to.name, proof="claimed"),
        text=parts.new,
        html=_html(mail, whole=inside),
        sent_at=_at(mail),
        subject=mail.subject,
        attachments=tuple(_attachment(file) for file in mail.files),
        kind="outbound",
        context={"message_id": mail.message_id} if mail.message_id else {},
        answers=_answers(mail),
        others=_others(mail, box, to),
        quoted=parts.quoted,
        signature=parts.signature,
    )


def _report(mail: Mail, sort: str, box: Mailbox) -> list[Event]:
    """What machines say became of a message of ours. Only what names one of our Message-IDs, which nobody can make
    up, says anything about an address."""
    if sort == "read-receipt":
        about = next((one.get("original-message-id", "") for one in mail.reports), "")
        return [Receipt(about, "read", at=_at(mail))] if about else [Ignored("a read receipt")]
    found: list[Event] = []
    for one in bounces.bounces(mail):
        ours = tokens.is_ours(box.key, one.about_message_id)
        if one.action != "failed" and sort != "complaint":
            found.append(Ignored("a report that a mail is still on its way"))
            continue
        person = Person(one.recipient.lower()) if one.recipient else None
        reason = "The recipient reported it as spam." if sort == "complaint" else one.reason
        gone = ours and (sort == "complaint" or (one.permanent and one.status.startswith("5.1.")))
        found.append(Receipt(one.about_message_id, "failed", reason, _at(mail), person, unreachable=gone))
    return found


def _unreadable(raw: bytes, why: str) -> Inbound:
    """Shown with what could be made out by looking at the bytes alone (of a mail without any: where it lies)."""
    head = raw[:20_000].decode("utf-8", "replace")
    address = re.search(r"(?im)^from:[^\n]*?([^\s<>\"',;:]{1,64}@[\w.-]{1,190})", head)
    subject = re.search(r"(?im)^subject:[ \t]*([^\r\n]{0,300})", head)
    stable = _digest(raw)
    return Inbound(
        external_id=_strange_id(raw),
        sender=Person(address[1].lower() if address else f"unknown-{stable}@invalid", proof="claimed"),
        subject=subject[1].strip() if subject else "",
        context={"why": why[:300]},
        sort="unreadable",
    )


def _strange_id(raw: bytes) -> str:
    return f"{UNREADABLE}{_digest(raw)}"


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:24]


def external_id(raw: bytes, mail: Mail) -> str:
    """The same for the same mail by whatever way it comes: its Message-ID, and a digest of what no server on the
    way changes. A Message-ID alone is used again by careless programs, and by who wants to hide a mail."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = sorted(line.strip() for line in head.split(b"\n") if _KEPT_HEADERS.match(line))
    digest = hashlib.sha256(b"\n".join([*kept, body.strip()])).hexdigest()[:20]
    return f"{mail.message_id} {digest}".strip()


def _html(mail: Mail, *, whole: bool) -> str:
    """Cleaned: what is new in it, or all where that cannot be told for sure, or answers stand within the quote
    (`whole`). The original has the rest."""
    new = cleaning.html_new_part(mail.html, mail.subject) if mail.html and not whole else ""
    return new or (cleaning.clean_html(mail.html) if mail.html else "")


def _at(mail: Mail) -> datetime | None:
    at = mail.date or mail.received_at
    return utc(at) if at else None


def _sender(mail: Mail, box: Mailbox) -> Address | None:
    """Who wrote. Forms on a website send from our own or a no-reply address, with the customer's to answer to; that
    is only what was typed into the form, whatever the server found out about the address in From."""
    if _form_mail(mail, box):
        return mail.reply_to[0]
    return mail.sender


def _form_mail(mail: Mail, box: Mailbox) -> bool:
    if mail.sender is None or not mail.reply_to or box.is_ours(mail.reply_to[0].address):
        return False
    return box.is_ours(mail.sender.address) or automatic.sort_of(mail, box.ours) == automatic.FORM


def _confirmed(checked: Mapping[str, str]) -> bool:
    """The domain of the From address stands for it (DMARC, RFC 7489, or a signature of that very domain)."""
    return checked.get("dmarc") == "pass" or (
        checked.get("dkim") == "pass" and checked.get("aligned") == "yes" and checked.get("dmarc") != "fail"
    )


def _context(mail: Mail, sender: Address, checked: Mapping[str, str], html: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if mail.message_id:
        told["message_id"] = mail.message_id
    if problems := [*mail.problems[:5], *([cleaning.CUT] if cleaning.is_cut(html) else [])]:
        told["problems"] = problems
    to = mail.reply_to[0].address if mail.reply_to else ""
    if to and to.lower() != sender.address.lower():
        told["reply_to"] = to
        if _confirmed(checked) or _domain(to) == _domain(sender.address):
            told["answer_to"] = to  # else a forged mail could lead our answer elsewhere
    return told


def _domain(address: str) -> str:
    return address.lower().rpartition("@")[2]


def _written_to(mail: Mail) -> list[str]:
    return [*(one.address for one in (*mail.to, *mail.cc)), *mail.delivered_to]


def _answers(mail: Mail) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:20]


def _others(mail: Mail, box: Mailbox, sender: Address) -> tuple[Participant, ...]:
    named = [Participant(one.address.lower(), one.name, "to") for one in mail.to]
    named += [Participant(one.address.lower(), one.name, "cc") for one in mail.cc]
    others: dict[str, Participant] = {}
    for one in named:
        if one.address != sender.address.lower() and not box.is_ours(one.address):
            others.setdefault(one.address, one)
    return tuple(others.values())[:MOST_OTHERS]


def _attachment(file: File) -> Attachment:
    return Attachment(
        file.name or _named(file),
        file.media_type,
        data=file.data,
        size=len(file.data),
        content_id=file.content_id if file.inline else "",
    )


def _named(file: File) -> str:
    return {"message/rfc822": "mail.eml", "text/calendar": "invite.ics"}.get(file.media_type, "file")


def _is_empty(mail: Mail) -> bool:
    return not (mail.text.strip() or mail.html.strip() or mail.files)
