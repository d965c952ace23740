"""HTML as a flat list of tags and words, after a browser's own parser has put it in order (nh3, html5ever).

What nh3 writes has one shape only: every tag closed, every value in double quotes, every other sign escaped. So one
regular expression reads it again, in one pass, whatever the mail was.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape, unescape
from typing import NamedTuple

from channels.email.allowed import words

LONGEST = 300_000  # characters of HTML that are looked at; Gmail shows a third of that
MOST_ENTITIES = 20_000  # the parser takes each apart anew, so its time grows with their square
DEEPEST = 500  # open blocks; the parser's time grows with their square
EMPTY = frozenset({"br", "img", "hr", "col", "wbr", "area"})
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [^\s"=<>/]+="[^"]*")*)>|([^<]+)|<')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Blocks that stay open until they are closed: the parser looks through all of these for each that begins.
_DEEP = words(
    "div ul ol dl dir menu center blockquote section article aside header footer main nav figure "
    "address details summary fieldset form table h1 h2 h3 h4 h5 h6 button pre"
)
# What the parser opens again in every block that follows, if it was not closed: a few bytes become gigabytes.
_FORMATTING = words("a b big code em font i nobr s small strike strong tt u")
MOST_ELEMENTS = 50_000
# A bare "&" is slow in thousands (the parser puts it back each time), so it is written as it should be.
_NO_ENTITY = re.compile(r"&(?![a-zA-Z#])")


class Token(NamedTuple):
    """A tag (`opens` or not, with `name`), or `words` (unescaped) if it has no name."""

    name: str = ""
    opens: bool = False
    attributes: Mapping[str, str] = {}
    words: str = ""


def bounded(html: str) -> tuple[str, bool]:
    """`html` as far as it can be read in a reasonable time, and whether something had to be left out."""
    html = html.replace("\x00", "")
    taken = "&".join(html[:LONGEST].split("&", MOST_ENTITIES)[:MOST_ENTITIES])
    taken = taken[: _readable(taken)]
    return _NO_ENTITY.sub("&amp;", taken), len(taken) < len(html)


def _readable(html: str) -> int:
    """How far `html` stays within bounds: blocks in one another, and elements that the parser will make of it."""
    still: Counter[str] = Counter()
    depth = formatting = elements = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        step = 1 if not tag[1] else -1 if still[name] else 0
        still[name] += step
        depth += step if name in _DEEP else 0
        formatting += step if name in _FORMATTING else 0
        elements += 1 + formatting
        if depth > DEEPEST or elements > MOST_ELEMENTS:
            return tag.start()
    return len(html)


def read(html: str) -> Iterator[Token]:
    """The tokens of what nh3 wrote."""
    for found in _TOKEN.finditer(html):
        if found[2]:
            told = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[3])} if found[3] else {}
            yield Token(found[2], not found[1], told)
        else:
            yield Token(words=unescape(found[4] or "<"))


def write(tokens: Sequence[Token]) -> str:
    return "".join(map(_written, tokens))


def _written(token: Token) -> str:
    if not token.name:
        return escape(token.words, quote=False)
    if not token.opens:
        return f"</{token.name}>"
    told = "".join(f' {name}="{escape(value)}"' for name, value in token.attributes.items())
    return f"<{token.name}{told}>"


def visible(tokens: Iterator[Token]) -> Iterator[Token]:
    """`tokens` without what its sender hides: lines for the list view of a mail program, versions for other screens."""
    depth = 0
    for token in tokens:
        if depth:
            if token.name and token.name not in EMPTY:
                depth += 1 if token.opens else -1
        elif token.opens and is_hidden(token.attributes):
            depth = 0 if token.name in EMPTY else 1
        else:
            yield token


def is_hidden(attributes: Mapping[str, str]) -> bool:
    style = re.sub(r"\s+", "", attributes.get("style", "")).lower()
    return "hidden" in attributes or any(
        sign in style for sign in ("display:none", "visibility:hidden", "mso-hide:all", "opacity:0;")
    )
