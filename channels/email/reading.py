"""From raw bytes to a `Mail`: total, in time and memory bounded by the size of the mail."""

from collections.abc import Iterator
from datetime import datetime

from channels.email import addresses, bodies, dates, headers, parts
from channels.email.headers import Headers
from channels.email.mail import Address, Mail
from channels.email.parts import Budget, Part

_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "x-forwarded-to")
_RETURNED_DEPTH = 2


def read(raw: bytes) -> Mail:
    """What `raw` says. Never raises: what is wrong stands in `Mail.problems`, and what can be read is read."""
    return _read(raw, 0)


def _read(raw: bytes, depth: int) -> Mail:
    budget = Budget()
    if b"\n" not in raw[:65_536] and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if not raw.strip():
        budget.problem("The mail is empty.")
    try:
        root = parts.parse(raw, budget)
        return _made(root, budget, depth)
    except Exception as error:  # noqa: BLE001 - a mail that breaks our reading is still a mail that somebody sent
        return _only_headers(raw, budget, type(error).__name__)


def _made(root: Part, budget: Budget, depth: int) -> Mail:
    body = bodies.collect(root, budget)
    html, files = bodies.with_pictures("\n".join(body.htmls), body)
    returned = _returned(body.returned, budget, depth)
    mail = _of_headers(root.headers, budget)
    values = {
        "text": "\n".join(text.strip("\n") for text in body.texts if text.strip()).rstrip(),
        "html": html.strip(),
        "files": files,
        "media_type": root.media_type,
        "report_type": root.content_type.parameters.get("report-type", "").lower(),
        "reports": tuple(body.reports),
        "returned": returned,
        "problems": tuple(budget.problems),
    }
    return Mail(**{**mail.__dict__, **values})


def _of_headers(block: Headers, budget: Budget) -> Mail:
    sender = next(_senders(block), None)
    if sender is None:
        budget.problem("It does not say who wrote it.")
    return Mail(
        sender=sender,
        to=_addresses(block, "to", budget),
        cc=_addresses(block, "cc", budget),
        reply_to=_addresses(block, "reply-to", budget),
        delivered_to=tuple(dict.fromkeys(_delivered(block))),
        subject=bodies.shown(headers.readable(block.text("subject"))),
        date=_date(block, budget),
        received_at=next((at for value in block.all("received")[:20] if (at := dates.received(value))), None),
        message_id=headers.message_id(block.text("message-id")),
        in_reply_to=headers.ids(" ".join(block.all("in-reply-to")[:20])),
        references=headers.ids(" ".join(block.all("references")[:20])),
        headers={name: tuple(map(bodies.shown, values)) for name, values in block.decoded().items()},
    )


def _senders(block: Headers) -> Iterator[Address]:
    """The first From; where there is none, who says to have sent it."""
    for name in ("from", "sender"):
        for value in block.all(name)[:20]:
            yield from _shown(addresses.parse(value)[:1])


def _addresses(block: Headers, name: str, budget: Budget) -> tuple[Address, ...]:
    """All of a header that may, against the standard, stand there several times; each address once."""
    found: dict[str, Address] = {}
    for value in block.all(name)[:100]:
        for address in _shown(addresses.parse(value)):
            found.setdefault(address.address.lower(), address)
    if len(found) > addresses.MAX_ADDRESSES:
        budget.problem("There are too many recipients; the rest of them were not read.")
    return tuple(found.values())[: addresses.MAX_ADDRESSES]


def _shown(found: tuple[Address, ...]) -> Iterator[Address]:
    return (Address(one.address, bodies.shown(one.name)) for one in found)


def _delivered(block: Headers) -> Iterator[str]:
    for name in _ENVELOPE:
        for value in block.all(name)[:50]:
            yield from (address.address for address in addresses.parse(value)[:50])


def _date(block: Headers, budget: Budget) -> datetime | None:
    given = block.text("date")
    at, zoned = dates.parse(given)
    if at is None:
        budget.problem("Its date cannot be read." if given.strip() else "It has no date.")
    elif not zoned:
        budget.problem("Its date names no time zone.")
    return at


def _returned(part: Part | None, budget: Budget, depth: int) -> Mail | None:
    return None if part is None or depth >= _RETURNED_DEPTH else _read(part.data(budget), depth + 1)


def _only_headers(raw: bytes, budget: Budget, what: str) -> Mail:
    """The last resort: no body, but who, when and what about."""
    budget.problem(f"The mail could not be read ({what}).")
    try:
        mail = _of_headers(headers.parse(raw), budget)
    except Exception:  # noqa: BLE001 - as above
        mail = Mail()
    return Mail(**{**mail.__dict__, "problems": tuple(budget.problems)})
