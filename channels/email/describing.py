"""What we understand of a mail, as plain JSON values: for people who wonder, and for grading by foreign corpora."""

from collections.abc import Collection
from typing import Any

from channels.email import automatic, bounces, cleaning, inline, reading
from channels.email.mail import Address, File, Mail


def describe(file: str, raw: bytes, ours: Collection[str] = ()) -> dict[str, Any]:
    """`raw` as read; `file` is what to call it, `ours` are our own addresses. Never raises.

    `date` is ISO 8601 with its zone, None if there is none. `bounce` is the first recipient's, None for no bounce.
    `size` of an attachment is in bytes, decoded.
    """
    mail = reading.read(raw)
    html = cleaning.clean_html(mail.html) if mail.html else ""
    sort = automatic.sort_of(mail, ours).name
    return {
        "file": file,
        "subject": mail.subject,
        "from": _address(mail.sender or Address("")),
        "to": [_address(address) for address in mail.to],
        "cc": [_address(address) for address in mail.cc],
        "reply_to": [_address(address) for address in mail.reply_to],
        "date": mail.date.isoformat() if mail.date else None,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "text": mail.text,
        "new_text": inline.split(mail)[0].new,
        "html": html,
        "attachments": [_attachment(one) for one in mail.files],
        "classification": sort,
        "bounce": _bounce(mail) if sort == "bounce" else None,
        "problems": list(mail.problems),
    }


def unreadable(file: str, why: str) -> dict[str, Any]:
    """The same for a file that there is no mail of."""
    return {**describe(file, b""), "problems": [why]}


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def _attachment(file: File) -> dict[str, Any]:
    return {
        "name": file.name,
        "media_type": file.media_type,
        "size": len(file.data),
        "inline": file.inline,
    }


def _bounce(mail: Mail) -> dict[str, str] | None:
    first = next(iter(bounces.bounces(mail)), None)
    if first is None:
        return None
    return {
        "recipient": first.recipient,
        "status": first.status,
        "action": first.action,
        "reason": first.reason,
        "about_message_id": first.about_message_id,
    }
