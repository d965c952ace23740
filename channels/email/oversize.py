"""Of a mail that is too big to be fetched: its head and its text, made into a small mail of its own."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from imapclient import IMAPClient

from channels.email.fetching import Unreadable, asked

TEXT = 1_000_000  # bytes of a text part that is still fetched
_OURS = b"=_too_big_to_be_fetched"
_CONTENT = re.compile(rb"(?im)^content-[a-z-]+:.*(?:\r?\n[ \t].*)*\r?\n?")


def stub(client: IMAPClient, uid: int) -> bytes:
    """The head, with the first plain and the first HTML text below it as alternatives; the files are left out.

    Raises `Unreadable`. A structure that cannot be read leaves the head alone.
    """
    told = asked(client, uid, "BODY.PEEK[HEADER]")
    head = _CONTENT.sub(b"", _of(told, "BODY[HEADER]"))
    if not head:
        raise Unreadable("the server hands out no head")
    try:
        structure = asked(client, uid, "BODYSTRUCTURE").get(b"BODYSTRUCTURE")
        parts = [part for section in texts(structure) if (part := _part(client, uid, section))]
    except Unreadable:
        parts = []
    if not parts:
        return head
    body = b"".join(b"--" + _OURS + b"\r\n" + part + b"\r\n" for part in parts)
    content = b'Content-Type: multipart/alternative; boundary="' + _OURS + b'"\r\n\r\n'
    return head.rstrip(b"\r\n") + b"\r\n" + content + body + b"--" + _OURS + b"--\r\n"


def _part(client: IMAPClient, uid: int, section: str) -> bytes:
    told = asked(client, uid, f"BODY.PEEK[{section}.MIME]", f"BODY.PEEK[{section}]")
    mime, text = _of(told, f"BODY[{section}.MIME]"), _of(told, f"BODY[{section}]")
    return mime.rstrip(b"\r\n") + b"\r\n\r\n" + text if mime and text else b""


def _of(told: Mapping[bytes, Any], name: str) -> bytes:
    found = next((raw for key, raw in told.items() if key.upper() == name.encode()), b"")
    return found if isinstance(found, bytes) else b""


def texts(structure: Any) -> list[str]:
    """Sections of the first text/plain and text/html that are no files (RFC 3501, 7.4.2), such as ["1.1", "1.2"]."""
    found: dict[bytes, str] = {}
    for section, part in _leaves(structure, ""):
        kind, size = _kind(part), part[6] if len(part) > 6 else None
        small = isinstance(size, int) and size <= TEXT
        if kind in (b"text/plain", b"text/html") and small and not _is_file(part):
            found.setdefault(kind, section)
    return [found[kind] for kind in (b"text/plain", b"text/html") if kind in found]


def _leaves(part: Any, section: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > 20 or not isinstance(part, tuple) or not part:
        return
    if isinstance(part[0], list):
        for number, inner in enumerate(part[0], 1):
            yield from _leaves(inner, f"{section}.{number}".lstrip("."), depth + 1)
    elif section:  # a mail of one part has no MIME head of its own: what is too big there is that part
        yield section, part


def _kind(part: Any) -> bytes:
    names = part[:2]
    return (
        b"/".join(name.lower() for name in names) if all(isinstance(name, bytes) for name in names) else b""
    )


def _is_file(part: Any) -> bool:
    """Whether a disposition among the extension fields says so."""
    extras = [field[0] for field in part[8:] if isinstance(field, tuple) and field]
    return any(isinstance(first, bytes) and first.lower() == b"attachment" for first in extras)
