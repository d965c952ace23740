"""Who a mail is from and to (RFC 5322, 3.4), read as leniently as mail is written.

Japanese carriers let people have `foo..bar@docomo.ne.jp` and `.foo.@ezweb.ne.jp`; mailers leave commas unquoted in
names, put the name into a comment, encode name and address together, forget brackets.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email import headers
from channels.email.mail import Address

MAX_ADDRESSES = 10_000
_MAX_VALUE = 2_000_000
_MAX_ENTRY = 2_000
_TOKEN = re.compile(  # an escaped quote is one token: at each single one the rest of the value is searched for its end
    r'=\?[^\s?]{1,60}\?[BbQq]\?[^\s?]{0,1000}\?=|"(?:[^"\\]|\\.)*"|<[^<>]*>|[(),;:]|\\["\\]'
    r'|(?:[^"<(),;:)>=\\]|=(?!\?))+|.',
    re.S,
)
_ADDRESS = re.compile(  # bounded: a search over a long word would take the square of its length
    r"(?:[^\s<>()\[\],;:@\"]{1,128}|\"(?:[^\"\\]|\\.){1,128}\")@(?:\[[^\]\s]{1,60}\]|[^\s<>()\[\],;:@\"]{1,255})"
)
_PLAIN_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]+")
_DOMAIN = re.compile(r"\[[^\]\s]+\]|[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]+")
_ROUTE = re.compile(r"^@[^:]*:")
_AROUND = re.compile(r"\s*([@.])\s*")
_ESCAPED = re.compile(r"\\(.)", re.S)
_PIECE = re.compile(r'"((?:[^"\\]|\\.?)*)(?:"|\Z)|([^"]+)', re.S)


@dataclass
class _Entry:
    """What stands between two commas."""

    phrase: list[str] = field(default_factory=list)
    angle: str | None = None
    comments: list[str] = field(default_factory=list)
    at: bool = False

    def say(self, token: str) -> None:
        self.phrase.append(token)
        self.at = self.at or "@" in token

    def text(self) -> str:
        return "".join(self.phrase)[:_MAX_ENTRY]


def parse(value: str) -> tuple[Address, ...]:
    """The addresses in a header value (`Headers.text`), at most `MAX_ADDRESSES` and one more, which tells that
    they are not all. Never raises."""
    found: list[Address] = []
    before: list[str] = []  # a name that an unquoted comma cut off
    for entry in _entries(" ".join(value[:_MAX_VALUE].split())):
        address = _address(entry, before)
        if address is not None:
            found.append(address)
            before = []
        elif entry.angle is None and (words := _words(entry)):
            before.append(words)
        if len(found) > MAX_ADDRESSES:
            break
    if not found and "=?" in value:
        whole = headers.readable(value)  # name and address were encoded as one
        return parse(whole) if "=?" not in whole else ()
    return tuple(found)


def normal(address: str) -> str:
    """An address as it is compared and written to: the domain in lower case, no needless quotes, "" if it is none."""
    if not address.isascii():
        address = unicodedata.normalize("NFKC", address)
    address = _AROUND.sub(r"\1", _ROUTE.sub("", address.strip()))
    if address.lower().startswith("mailto:"):
        address = address[7:]
    local, _, domain = address.rpartition("@")
    domain = domain.strip().rstrip(".").lower()
    if local.startswith('"') and local.endswith('"') and len(local) > 2:
        bare = _ESCAPED.sub(r"\1", local[1:-1])
        local = bare if _PLAIN_LOCAL.fullmatch(bare) else local
    fit = local and _DOMAIN.fullmatch(domain) and len(address) <= 320
    quoted = local.startswith('"')
    return f"{local}@{domain}" if fit and (quoted or _PLAIN_LOCAL.fullmatch(local)) else ""


def _entries(value: str) -> Iterator[_Entry]:
    entry = _Entry()
    for token in _tokens(value):
        if token in (",", ";"):
            yield entry
            entry = _Entry()
        elif token == ":":
            if entry.at:
                entry.say(token)
            else:
                entry = _Entry()  # the name of a group
        elif token.startswith("<") and len(token) > 1:
            entry.angle = token[1:-1] if entry.angle is None else entry.angle
        elif token.startswith("("):
            entry.comments.append(token[1:-1])
        else:
            entry.say(token)
    yield entry


def _tokens(value: str) -> Iterator[str]:
    """Quoted strings, <…>, whole comments (they nest), separators, and what is between them."""
    depth = 0
    comment: list[str] = []
    pieces = _TOKEN.findall(value)
    closes = sum(piece == ")" for piece in pieces)
    for piece in pieces:
        if piece == "(" and closes:
            depth += 1
        elif piece == ")" and depth:
            depth, closes = depth - 1, closes - 1
            if depth == 0:
                yield "".join((*comment, ")"))
                comment = []
                continue
        elif piece == ")":
            closes -= 1
        if depth:
            comment.append(piece)
        elif piece not in (")", ">", "<", '"', '\\"'):
            yield piece
    if comment:
        yield "".join(comment[1:])


def _address(entry: _Entry, before: list[str]) -> Address | None:
    phrase = _words(entry)
    if entry.angle is not None and (
        address := normal(entry.angle[:400]) or _inside(entry.angle[:_MAX_ENTRY])
    ):
        name = ", ".join((*before, phrase)) if before and phrase else phrase or ", ".join(before)
        return Address(address, name or _comment(entry))
    text = _AROUND.sub(r"\1", entry.text()) if "@" in entry.text() else ""
    if (match := _ADDRESS.search(text)) and (address := normal(match.group())):
        rest = "" if match.group() == text.strip() else text.replace(match.group(), "").strip(" []")
        return Address(address, _name(rest) or _comment(entry))
    return None


def _inside(angle: str) -> str:
    """An address somewhere in the brackets, as in <Taro taro@example.jp>."""
    match = _ADDRESS.search(headers.readable(angle))
    return normal(match.group()) if match else ""


def _words(entry: _Entry) -> str:
    return _name(entry.text())


def _comment(entry: _Entry) -> str:
    """A name in brackets, as old mailers write it; an address there would only mislead."""
    name = _name(" ".join(entry.comments)[:_MAX_ENTRY])
    return "" if "@" in name else name


def _name(phrase: str) -> str:
    """A display name: unquoted, decoded, on one line."""
    pieces = _PIECE.findall(phrase.strip())
    bare = "".join(_ESCAPED.sub(r"\1", quoted) if quoted else plain for quoted, plain in pieces)
    return " ".join(headers.readable(bare).strip().strip("'").split())
