"""The header block: from bytes to names and values, whatever stands there.

Nothing here trusts the standard library's header objects: they raise on what real mail holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email import charsets, words

MAX_BYTES = 2 * 1024 * 1024
MAX_LINES = 20_000
MAX_IDS = 1_000
_MAX_READABLE = 100_000
_MAX_ID_VALUE = 300_000
_END = re.compile(rb"\r?\n(?:[ \t]*\r?\n)")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|content-[a-z-]+|mime-version|received|return-path|reply-to"
    rb"|x-[a-z-]+)[ \t]*:",
    re.I,
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ID = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^\s<>()\",;:@]{1,255}@[^\s<>()\",;:@]{1,255}")


@dataclass(frozen=True)
class Headers:
    """Fields in their order: lower-case name and raw value, unfolded. `start` is where the body begins."""

    fields: tuple[tuple[str, bytes], ...] = ()
    start: int = 0
    broken: bool = False
    cut: bool = False
    _first: dict[str, bytes] = field(default_factory=dict, repr=False)

    def raw(self, name: str) -> bytes:
        """The first value's bytes, b"" if absent."""
        return self._first.get(name, b"")

    def text(self, name: str) -> str:
        """The first value with its raw bytes made text, but its encoded words not yet decoded."""
        return as_text(self.raw(name))

    def all(self, name: str) -> list[str]:
        """Every value, as `text` gives the first."""
        return [as_text(value) for key, value in self.fields if key == name]

    def decoded(self) -> dict[str, tuple[str, ...]]:
        """All of them, decoded for reading."""
        found: dict[str, list[str]] = {}
        for name, value in self.fields:
            found.setdefault(name, []).append(readable(as_text(value)))
        return {name: tuple(values) for name, values in found.items()}


def parse(raw: bytes, start: int = 0, end: int | None = None) -> Headers:
    """The header block at `start` of `raw`. Never raises; bounded by `MAX_BYTES` and `MAX_LINES`."""
    end = len(raw) if end is None else end
    limit = min(end, start + MAX_BYTES)
    fields: list[tuple[str, list[bytes]]] = []
    broken, lines, position = False, 0, start
    for lines, (line, here, after) in enumerate(_lines(raw, start, limit), 1):
        position = after
        if not line.strip():
            return _made(fields, after, broken)
        if lines > MAX_LINES:
            break
        match = _FIELD.match(line)
        if line[:1] in b" \t":
            if fields:
                fields[-1][1].append(line)
        elif match and not (lines == 1 and line.startswith(b"From ")):
            fields.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
        elif lines == 1 and line.startswith((b"From ", b">From ")):
            continue  # the separator of a mailbox file
        elif _goes_on(raw, after, limit):
            broken = True  # a line break inside a value
            if fields:
                fields[-1][1].append(b" " + line)
        else:
            return _made(fields, here, bool(fields) or broken)
    if position >= end:
        return _made(fields, end, broken)
    over = _END.search(raw, position - 2 if position >= 2 else 0, end)
    return _made(fields, over.end() if over else end, broken, cut=True)


def as_text(value: bytes) -> str:
    """A raw value as text: ASCII with encoded words in it, or whatever 8-bit bytes the mailer put there."""
    return charsets.guess(value)


def readable(value: str) -> str:
    """Encoded words decoded, line breaks and controls turned to spaces: one line, whatever was hidden in it."""
    return _CONTROL.sub(" ", words.decode(value[:_MAX_READABLE])).strip()


def ids(value: str) -> tuple[str, ...]:
    """The message ids in a Message-ID, In-Reply-To or References value, with brackets, each once, in order.

    Lenient (RFC 5322, 3.6.4 and 4.5.4): comments and phrases are passed over, missing brackets are put back, encoded
    words, which have no place here, are decoded (Python writes long ids so, cpython#100991).
    """
    value = words.decode(value[:_MAX_ID_VALUE])
    found = ["".join(match.split()) for match in _ID.findall(value)] or _BARE_ID.findall(value)
    unique = list(dict.fromkeys(f"<{name}>" for name in found if name))
    if len(unique) > MAX_IDS:
        unique = [unique[0], *unique[1 - MAX_IDS :]]
    return tuple(unique)


def message_id(value: str) -> str:
    """The id a mail calls itself, "" if none. One without brackets or @ is still one."""
    if found := ids(value):
        return found[0]
    bare = value.strip().strip("<>")
    return f"<{bare}>" if bare and len(bare) < 999 and not re.search(r"[\s<>]", bare) else ""


def _lines(raw: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each line without its break, where it begins and where the next one does."""
    while start < end:
        stop = raw.find(b"\n", start, end)
        after = end if stop < 0 else stop + 1
        yield raw[start:after].rstrip(b"\r\n"), start, after
        start = after


def _goes_on(raw: bytes, position: int, end: int) -> bool:
    """Whether a header everybody knows follows: then what came before it was no body."""
    return _KNOWN.match(raw, position, end) is not None


def _made(fields: list[tuple[str, list[bytes]]], start: int, broken: bool, cut: bool = False) -> Headers:
    whole = tuple((name, b"".join(lines).strip()) for name, lines in fields)
    first: dict[str, bytes] = {}
    for name, value in whole:
        first.setdefault(name, value)
    return Headers(whole, start, broken, cut, first)
