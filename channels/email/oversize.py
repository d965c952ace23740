"""Of a mail that is too big to be fetched: its head and its text, made into a small mail of its own."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient

from channels.email import parameters
from channels.email.fetching import Unreadable, asked

TEXT = 1_000_000  # bytes of a text part that is still fetched
MOST_NAMED = 50  # files left out whose names are told
_LINE, _CODED = 78, 57  # bytes of a line in base64 with its end, and of what stands in it (RFC 2045, 6.8)
_OURS = b"=_too_big_to_be_fetched"
_CONTENT = re.compile(rb"(?im)^content-[a-z-]+:.*(?:\r?\n[ \t].*)*\r?\n?")


@dataclass(frozen=True)
class Stub:
    """`raw` is the small mail; `left_out` are the (name, bytes) of what is not in it, as far as the server tells."""

    raw: bytes
    left_out: tuple[tuple[str, int], ...] = ()

    @property
    def told(self) -> str:
        """`left_out` as it is kept with the request."""
        return json.dumps(self.left_out)


def left_out_of(told: str) -> tuple[tuple[str, int], ...]:
    """What `Stub.told` made; nothing where it makes no sense."""
    try:
        return tuple((str(name), int(size)) for name, size in json.loads(told or "[]"))
    except (ValueError, TypeError):
        return ()


def stub(client: IMAPClient, uid: int) -> Stub:
    """The head, with the first plain and the first HTML text below it as alternatives; the files are left out.

    Raises `Unreadable`. A structure that cannot be read leaves the head alone.
    """
    told = asked(client, uid, "BODY.PEEK[HEADER]")
    head = _CONTENT.sub(b"", _of(told, "BODY[HEADER]"))
    if not head:
        raise Unreadable("the server hands out no head")
    try:
        structure = asked(client, uid, "BODYSTRUCTURE").get(b"BODYSTRUCTURE")
        had = {section: part for section in texts(structure) if (part := _part(client, uid, section))}
    except Unreadable:
        structure, had = None, {}
    return Stub(_mail(head, list(had.values())), left_out(structure, had))


def _mail(head: bytes, parts: list[bytes]) -> bytes:
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


def left_out(structure: Any, had: Collection[str]) -> tuple[tuple[str, int], ...]:
    """(name, bytes) of the parts besides those we `had`; what has no name is called by its type."""
    leaves = list(_leaves(structure, "")) or [("", structure)]
    return tuple(_named(part) for section, part in leaves if _kind(part) and section not in had)[:MOST_NAMED]


def _named(part: Any) -> tuple[str, int]:
    size = part[6] if len(part) > 6 and isinstance(part[6], int) else 0
    coded = len(part) > 5 and isinstance(part[5], bytes) and part[5].lower() == b"base64"
    shown = parameters.file_name(_disposition(part), _parameters(part[2] if len(part) > 2 else None))
    return shown or _kind(part).decode("ascii", "replace"), size * _CODED // _LINE if coded else size


def _disposition(part: Any) -> parameters.Parameterized:
    """Among the extension fields: ("attachment", ("filename", "a.pdf")), or, of some servers, the whole header."""
    for field in part[8:]:
        if isinstance(field, tuple) and len(field) > 1 and isinstance(field[0], bytes):
            return _parameters(field[1])
        if isinstance(field, bytes) and b"filename" in field.lower():
            return parameters.parse(field.decode("utf-8", "surrogateescape"))
    return _parameters(None)


def _parameters(told: Any) -> parameters.Parameterized:
    """Of a list (name, value, name, value, …), decoded as those of a header are."""
    pairs = told if isinstance(told, tuple) else ()
    texts = [one.decode("utf-8", "surrogateescape") if isinstance(one, bytes) else "" for one in pairs]
    quoted = (
        f'{name}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'
        for name, value in zip(texts[::2], texts[1::2], strict=False)
    )
    return parameters.parse("x; " + "; ".join(quoted))


def _leaves(part: Any, section: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > 20 or not isinstance(part, tuple) or not part:
        return
    if isinstance(part[0], list):
        for number, inner in enumerate(part[0], 1):
            yield from _leaves(inner, f"{section}.{number}".lstrip("."), depth + 1)
    elif section:  # a mail of one part has no MIME head of its own: what is too big there is that part
        yield section, part


def _kind(part: Any) -> bytes:
    names = part[:2] if isinstance(part, tuple) else ()
    told = len(names) == 2 and all(isinstance(name, bytes) for name in names)
    return b"/".join(name.lower() for name in names) if told else b""


def _is_file(part: Any) -> bool:
    """Whether a disposition among the extension fields says so."""
    extras = [field[0] for field in part[8:] if isinstance(field, tuple) and field]
    return any(isinstance(first, bytes) and first.lower() == b"attachment" for first in extras)
