"""Links: where they really lead, and whether their words say something else."""

import re
from html import unescape
from urllib.parse import unquote, urlsplit

from channels.email.allowed import words

SCHEMES = ("http", "https", "mailto", "tel")
LONGEST = 4_000
_IGNORED = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20}):(.*)", re.IGNORECASE | re.DOTALL)
_SAID = re.compile(r"https?[:：][/／\\]{1,2}([^\s/／?#<>()（）「」『』、。\"']{3,250})", re.IGNORECASE)
_BARE = re.compile(r"(?:www\.)?(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_][\w-]{1,24}(?::\d{1,5})?(?:/\S{0,2000})?")
_MAIL = re.compile(r"[^\s@<>「」（）()]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_FILES = words(
    "pdf zip doc docx xls xlsx ppt pptx png jpg jpeg gif webp txt csv tsv htm html mp3 mp4 mov exe js "
    "css md xml json ics eml msg vcf rar lzh 7z py php asp aspx svg heic"
)


def target(href: str) -> str:
    """`href` as a browser understands it, "" if it leads nowhere that a mail may lead.

    Browsers drop tabs and newlines, take "\\" for "/", and need no slashes after "https:" (WHATWG URL, 4.4); to read
    it otherwise is how "https:\\\\evil.example\\@shop.example" looks like the shop.
    """
    found = _SCHEME.fullmatch(re.sub(r"[\t\r\n]", "", href[:LONGEST]).strip("\x00\x01 \x1f\xa0\u3000"))
    scheme = found[1].lower() if found else ""
    if not found or scheme not in SCHEMES:
        return ""
    if scheme in ("mailto", "tel"):
        return f"{scheme}:{_IGNORED.sub('', found[2])}"
    rest = _IGNORED.sub("%20", found[2].strip())
    head, mark, tail = _divided(rest)
    address = f"{scheme}://{head.replace(chr(92), '/').lstrip('/')}{mark}{tail}"
    return address if host(address) else ""


def _divided(rest: str) -> tuple[str, str, str]:
    """Before and after the first "?" or "#": behind that a backslash is just a sign."""
    at = min((i for i in (rest.find("?"), rest.find("#")) if i >= 0), default=len(rest))
    return rest[:at], rest[at : at + 1], rest[at + 1 :]


def host(address: str) -> str:
    """The host of a web address, in ASCII as it is looked up, lower case; "" if there is none."""
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return ascii_name(unquote(name))


def ascii_name(name: str) -> str:
    """A domain as it is looked up: look-alike letters show as "xn--…"."""
    name = name.strip(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def told(address: str) -> str:
    """`address` for a reader: whole, with the host as it is looked up."""
    name = host(address) if address.startswith("http") else ""
    try:
        shown = urlsplit(address).hostname or ""
    except ValueError:
        return address
    return address.replace(shown, name, 1) if name and shown and not shown.isascii() else address


def misleads(words: str, address: str) -> bool:
    """Whether `words` name another place than `address` leads to."""
    words = _IGNORED.sub(" ", unescape(words)[:2_000]).strip()
    if address.startswith("mailto:"):
        said = {found[0].lower() for found in _MAIL.finditer(words)}
        written = unquote(address[7:].partition("?")[0]).lower()
        return bool(said) and not any(one in written for one in said)
    if not address.startswith("http"):
        return bool(_SAID.search(words))
    return any(not _same(name, host(address)) for name in _hosts_said(words))


def _hosts_said(words: str) -> list[str]:
    """The hosts that a link's words name: in addresses with http, or as all that they say."""
    if found := [_name(match[1]) for match in _SAID.finditer(words)]:
        return found
    if _MAIL.fullmatch(words):
        return [ascii_name(words.rpartition("@")[2])]
    if not _BARE.fullmatch(words):
        return []
    name = _name(words.partition("/")[0])
    return [] if name.rpartition(".")[2] in _FILES else [name]


def _name(text: str) -> str:
    return ascii_name(text.rpartition("@")[2].partition(":")[0])


def _same(said: str, real: str) -> bool:
    said, real = said.removeprefix("www."), real.removeprefix("www.")
    return said == real or real.endswith(f".{said}") or ("." in real and said.endswith(f".{real}"))
