"""Making a mail of an :class:`~channels.events.Outbound`: the same bytes but for the date on every attempt."""

import html as markup
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Literal

from channels.email import tokens
from channels.events import Attachment, Participant, Person
from channels.outbound import ChannelError, Outbound, Preview

KEEP_REFERENCES = 20  # the first and the last ones: long threads would else outgrow a header
MAX_SUBJECT = 200  # characters
MAX_LINE = 76  # characters of a header's line (RFC 2047, 2)
_ID = re.compile(r"<[!-;=?-~]{1,500}>")  # written as it stands
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True)
class From:
    """Whose mail it is: the shop's address and name, below which signature, and how answers find back.

    `plus`: the mailbox takes `name+anything@…`, so that the answer's address can carry the mark.
    """

    address: str
    name: str = ""
    signature: str = ""
    plus: bool = False
    html: bool = True
    name_agents: bool = False


@dataclass(frozen=True)
class Composed:
    """`sender` is the envelope's, "" for automatic mail (RFC 3834, 3.3), so that nothing answers it."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    data: bytes


def compose(outbound: Outbound, by: From, key: bytes, at: datetime | None = None) -> Composed:
    """The mail. Raises `ChannelError` (permanent) for an address that nothing can be sent to."""
    people = _people(outbound)
    every = [one for role in ROLES for one in people[role]]
    policy = SMTP if all(one.addr_spec.isascii() for one in every) else SMTPUTF8
    message = EmailMessage(policy=policy.clone(refold_source="none"))  # what is set raw stays as it is
    id = tokens.message_id(key, outbound.conversation, outbound.key, by.address.partition("@")[2])
    message["Date"] = format_datetime(at or datetime.now(UTC))
    message["Message-ID"] = id
    _addressed(message, "From", [_mailbox(by.address, _called(outbound, by))])
    _addressed(message, "To", people["to"])
    if people["cc"]:
        _addressed(message, "Cc", people["cc"])
    if by.plus and outbound.conversation.isdecimal():
        _addressed(message, "Reply-To", [_mailbox(_marked(by.address, key, outbound.conversation), by.name)])
    _subjected(message, _subject(outbound))
    _thread(message, outbound)
    if outbound.automatic:
        _automatic(message, by)
    _body(message, outbound, by)
    sender = "" if outbound.automatic else by.address
    return Composed(id, sender, tuple(one.addr_spec for one in every), message.as_bytes())


def preview(outbound: Outbound, by: From) -> Preview:
    """The mail as it will be read. Raises `ChannelError` (permanent) for an address that nothing can be sent to."""
    text, html = _bodies(outbound, by)
    people = [
        Participant(one.addr_spec, one.display_name, role)
        for role, those in _people(outbound).items()
        for one in those
    ]
    sender = _mailbox(by.address, _called(outbound, by))
    return Preview(
        text, html, Person(sender.addr_spec, name=sender.display_name), tuple(people), _subject(outbound)
    )


Role = Literal["to", "cc", "bcc"]
ROLES: tuple[Role, ...] = ("to", "cc", "bcc")


def _people(outbound: Outbound) -> Mapping[Role, Sequence[Mailbox]]:
    to = _mailbox(str(outbound.last.get("answer_to") or outbound.to.address), outbound.to.name)
    others = {
        role: [_mailbox(one.address, one.name) for one in outbound.others if one.role == role]
        for role in ROLES
    }
    return {**others, "to": [to, *others["to"]]}


def _subject(outbound: Outbound) -> str:
    return one_line(outbound.subject)[:MAX_SUBJECT]


def one_line(text: str) -> str:
    """Fit for a header: nothing in it can end the line (RFC 5322, 2.2)."""
    return _CONTROL.sub(" ", text).strip()


def _called(outbound: Outbound, by: From) -> str:
    return f"{outbound.author} ({by.name})" if by.name_agents and outbound.author and by.name else by.name


def _mailbox(address: str, name: str) -> Mailbox:
    """As it stands in a header. A local part with dots where RFC 5322 allows none (old docomo and au addresses) is
    quoted by :mod:`channels.email.smtp` on the wire; in a header mail programs take it as it is."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain) or _CONTROL.search(address) or re.search(r'[\s<>",;]', address):
        raise ChannelError(
            "This is no address that mail can be sent to.", detail=one_line(address)[:100], permanent=True
        )
    try:
        return Mailbox(one_line(name)[:200], local, domain)
    except ValueError as error:
        raise ChannelError("This is no address that mail can be sent to.", permanent=True) from error


def _marked(address: str, key: bytes, conversation: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{tokens.mark(key, conversation)}@{domain}"


def _addressed(message: EmailMessage, field: str, people: Sequence[Mailbox]) -> None:
    """The names as `Header` writes them, for the reason of :func:`_subjected`."""
    if all(one.display_name.isascii() for one in people):
        message[field] = people
    else:
        message.set_raw(field, ",\r\n ".join(_named(field, one) for one in people))


def _named(field: str, one: Mailbox) -> str:
    if one.display_name.isascii():
        return str(one)
    name = Header(one.display_name, "utf-8", header_name=field).encode(linesep="\r\n")
    last = f"{field}: {name} <{one.addr_spec}>,".rpartition("\r\n")[2]
    return f"{name} <{one.addr_spec}>" if len(last) <= MAX_LINE else f"{name}\r\n <{one.addr_spec}>"


def _subjected(message: EmailMessage, subject: str) -> None:
    """As `Header` writes it: the policy loses spaces where it folds between Japanese and ASCII (cpython#92081)."""
    if subject.isascii():
        message["Subject"] = subject
    else:
        message.set_raw("Subject", Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n"))


def _thread(message: EmailMessage, outbound: Outbound) -> None:
    """Raw, each id whole on a line: Python writes what is longer than a line as an encoded word, which no mail program
    reads in these headers (cpython#100991), and the ids of Microsoft 365 are longer."""
    answered = _ID.findall(outbound.in_reply_to)[:1]
    before = [id for one in outbound.references for id in _ID.findall(one)]
    ids = list(dict.fromkeys([*before, *answered]))
    if answered:
        message.set_raw("In-Reply-To", answered[0])
    if ids:
        kept = ids if len(ids) <= KEEP_REFERENCES else [ids[0], *ids[-KEEP_REFERENCES + 1 :]]
        message.set_raw("References", "\r\n ".join(kept))


def _automatic(message: EmailMessage, by: From) -> None:
    """So that other machines do not answer (RFC 3834, 5; Microsoft's MS-OXCMAIL for the second)."""
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message["Precedence"] = "bulk"
    message["X-Loop"] = by.address


def _body(message: EmailMessage, outbound: Outbound, by: From) -> None:
    text, html = _bodies(outbound, by)
    pictures = _pictures(outbound)
    message.set_content(text)
    if html:
        page = f'<!doctype html><html><head><meta charset="utf-8"></head><body>{html}</body></html>'
        message.add_alternative(page, subtype="html")
        related = message.get_payload()[-1]  # type: ignore[index]  # a multipart now
        for one in pictures:
            _attach(related, one, inline=True)  # type: ignore[arg-type]  # an EmailMessage, as its parent is
    for one in outbound.attachments:
        if one not in pictures:
            _attach(message, one)


def _bodies(outbound: Outbound, by: From) -> tuple[str, str]:
    """The plain text, and the HTML that goes beside it, or ""."""
    signatures = [one.strip() for one in (outbound.signature, by.signature) if one.strip()]
    quote = _quote(outbound)
    below = ["-- \n" + "\n\n".join(signatures)] if signatures else []
    text = unicodedata.normalize("NFC", "\n\n".join([outbound.text.strip(), *below, *quote])) + "\n"
    wanted = outbound.html or by.html or _pictures(outbound)
    return text, _html(outbound, signatures, quote) if wanted else ""


def _pictures(outbound: Outbound) -> list[Attachment]:
    return [one for one in outbound.attachments if one.content_id and one.data is not None]


def _attach(message: EmailMessage, file: Attachment, *, inline: bool = False) -> None:
    if file.data is None:
        raise ChannelError("A file of this message is not here any more.", detail=file.name, permanent=True)
    kind, _, sub = (
        file.content_type if re.fullmatch(r"[\w.+-]+/[\w.+-]+", file.content_type) else ""
    ).partition("/")
    if kind in ("", "message", "multipart"):  # as bytes: nothing on the way is to look into them
        kind, sub = "application", "octet-stream"
    name = one_line(file.name) or "file"
    if inline:
        message.add_related(
            file.data, kind, sub, cid=f"<{one_line(file.content_id)}>", filename=name, disposition="inline"
        )
    else:
        message.add_attachment(file.data, kind, sub, filename=name)


def _quote(outbound: Outbound) -> list[str]:
    if not outbound.quote.strip():
        return []
    who = outbound.quote_by or outbound.to.address
    lines = "\n".join(f"> {line}".rstrip() for line in outbound.quote.strip().splitlines())
    return [f"{_said(outbound.quote_at, who, outbound.locale)}\n{lines}"]


def _said(at: datetime | None, who: str, locale: str) -> str:
    if at is None:
        return f"{who}:"
    if locale.startswith("ja"):
        return f"{at.year}年{at.month}月{at.day}日({_WEEKDAYS[at.weekday()]}) {at:%H:%M} {who}:"
    return f"On {at:%a, %d %b %Y} at {at:%H:%M}, {who} wrote:"


def _html(outbound: Outbound, signatures: Sequence[str], quote: Sequence[str]) -> str:
    """`outbound.html` is ours, made from what the agent wrote; everything else is escaped text."""
    body = outbound.html or paragraphs(outbound.text)
    if signatures:
        body += f'<p class="signature">-- <br>{"<br><br>".join(_lines(one) for one in signatures)}</p>'
    for one in quote:
        head, _, lines = one.partition("\n")
        plain = "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines.split("\n"))
        body += f'<p>{_lines(head)}</p><blockquote type="cite">{_lines(plain)}</blockquote>'
    return body


def paragraphs(text: str) -> str:
    """Plain text as HTML paragraphs."""
    return "".join(f"<p>{_lines(one)}</p>" for one in re.split(r"\n{2,}", text.strip()) if one)


def _lines(text: str) -> str:
    return markup.escape(text).replace("\n", "<br>")
