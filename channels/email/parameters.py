"""What stands behind the semicolons of Content-Type and Content-Disposition (RFC 2045, 2183, 2231), file names too.

Mailers write a name in every way there is: RFC 2231 with continuations that split a character, RFC 2047 where it is
not allowed, raw bytes of any charset, percent signs. All end as the same text.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from channels.email import charsets, words

MAX_NAME = 150
_PARAMETER = re.compile(
    r"""([^=;\s"]{1,80})\s{0,20}=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\Z)|([^;]*))""", re.S
)  # fmt: skip
_MAX_VALUE = 100_000
_SPACES = re.compile(r"[ \t]{3,}")  # else a search would take the square of their number
_VALUE = re.compile(r"\s*[^;\s]*(?:\s*/\s*[^;\s]*)?")  # some forget the semicolon behind it
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_EXTENDED = re.compile(r"([A-Za-z0-9_.:+-]*)'[^']*'(.*)", re.S)
_ESCAPED = re.compile(r'\\(["\\])')
_PERCENTS = re.compile(r"(?:%[0-9A-Fa-f]{2}|[\w.\-() +])+")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")


@dataclass(frozen=True)
class Parameterized:
    """A value and its parameters by lower-case name, decoded."""

    value: str
    parameters: dict[str, str]


def parse(text: str) -> Parameterized:
    """`text` is a header value as `Headers.text` gives it. Never raises."""
    text = _SPACES.sub(" ", text[:_MAX_VALUE])
    start = _VALUE.match(text)
    value, rest = (start.group(), text[start.end() :]) if start else ("", text)
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(rest):
        given = match[3].strip() if match[2] is None else _ESCAPED.sub(r"\1", match[2])
        section = _SECTION.fullmatch(match[1].lower())
        if section is None:
            continue
        name, number, star = section.groups()
        if number is None and star is None:
            plain.setdefault(name, given)
        else:
            sections.setdefault(name, {}).setdefault(int(number or 0), (given, bool(star)))
    for name, numbered in sections.items():
        plain[name] = _assembled([numbered[number] for number in sorted(numbered)])
    return Parameterized(value.strip().lower(), {name: words.decode(given) for name, given in plain.items()})


def media_type(value: str) -> str:
    """A Content-Type's value as "type/subtype" in lower case, "" if it is none."""
    match = _MEDIA_TYPE.match("".join(value.split()))
    return match.group() if match else ""


def file_name(disposition: Parameterized, content_type: Parameterized) -> str:
    """The name of a part, safe to show and to save: NFC, no path, no control or direction marks, not too long."""
    for name in (disposition.parameters.get("filename"), content_type.parameters.get("name")):
        if name and (safe := safe_name(_unpercented(name))):
            return safe
    return ""


def safe_name(name: str) -> str:
    """The last step of a path, with nothing in it that a file system or a reader could be fooled by."""
    name = _UNSAFE.sub("", unicodedata.normalize("NFC", name))
    name = re.split(r"[/\\]", name)[-1].strip().strip("\"'").strip()
    if name in (".", ".."):
        return ""
    if len(name) <= MAX_NAME:
        return name
    extension = _EXTENSION.search(name)
    tail = extension.group() if extension else ""
    return name[: MAX_NAME - len(tail)] + tail


def _assembled(sections: list[tuple[str, bool]]) -> str:
    """RFC 2231: the pieces are joined as bytes and decoded once, for a character may be split between two."""
    first, starred = sections[0]
    extended = _EXTENDED.match(first) if starred else None
    if not any(star for _, star in sections):
        return "".join(text for text, _ in sections)
    charset = extended[1] if extended else ""
    texts = [(extended[2] if extended else first, starred), *sections[1:]]
    raw = b"".join(
        unquote_to_bytes(text) if star else text.encode("utf-8", "replace") for text, star in texts
    )
    return charsets.decode(raw, charset)[0]


def _unpercented(name: str) -> str:
    """Some web mailers write a plain parameter in percent signs."""
    if "%" not in name or not _PERCENTS.fullmatch(name):
        return name
    raw = unquote_to_bytes(name)
    try:
        return name if raw.isascii() else raw.decode("utf-8")
    except UnicodeDecodeError:
        return name
