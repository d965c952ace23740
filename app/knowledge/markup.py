"""HTML of other people's sites as a small tree: read as browsers do, whatever is broken in it, and never deep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nh3

DEEPEST = 150  # elements inside each other, as they are written
MOST_NODES = 100_000
_VOID = {"br", "hr"}
_EMPTY = {
    *_VOID,
    "area",
    "base",
    "col",
    "embed",
    "img",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
}
_BLOCK = {
    *(
        "address",
        "article",
        "aside",
        "blockquote",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
    ),
    *(
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
    ),
    *("summary", "table", "tbody", "thead", "tr", "ul"),
}
_WITHIN = {"a", "b", "br", "button", "em", "i", "label", "span", "strong", "td", "th", "u"}
_SILENT = {
    "iframe",
    "noscript",
    "object",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
}
_KEPT = {"*": {"itemprop", "itemtype", "hidden"}, "a": {"href"}}
_UNCLOSED = {"dd", "dt", "li", "option", "p", "td", "th", "tr"}  # their end may be left out (HTML, 13.1.2.4)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")


@dataclass(slots=True)
class Node:
    """An element; its children are elements and texts."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def elements(self) -> Iterator[Node]:
        """Its elements, in the order of the page."""
        waiting = [one for one in reversed(self.children) if isinstance(one, Node)]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += [one for one in reversed(node.children) if isinstance(one, Node)]

    def named(self, *names: str) -> Iterator[Node]:
        """Its elements of these names."""
        return (one for one in self.elements() if one.name in names)


class TooLarge(ValueError):
    """There are more elements in it, or inside each other, than anybody writes."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and len(self._open) > 1:
            self._open.pop()  # what was mended closes what it opened

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def tree(html: str) -> Node:
    """The page. Raises :class:`TooLarge`.

    First a browser's own parser mends it (html5ever, in nh3), in a time that grows as its length does; what comes of
    that holds nothing that could surprise Python's.
    """
    _check(html)
    reader = _Reader()
    reader.feed(
        nh3.clean(html, tags=_BLOCK | _WITHIN, attributes=_KEPT, clean_content_tags=_SILENT, link_rel=None)
    )
    reader.close()
    return reader.root


def _check(html: str) -> None:
    """What would take long to mend is refused: a browser's parser looks at every element that is open."""
    depth = 0
    for count, tag in enumerate(_TAG.finditer(html)):
        name = tag[2].lower()
        if name not in _UNCLOSED and name not in _EMPTY:
            depth = max(0, depth + (-1 if tag[1] else 1))
        if depth > DEEPEST or count > MOST_NODES:
            raise TooLarge


def text(*nodes: Node | str) -> str:
    """What a reader sees: blocks on lines of their own, list items with a dot."""
    pieces: list[str] = []
    for node in nodes:
        _collect(node, pieces)
    lines = [_SPACES.sub(" ", line).strip() for line in "".join(pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def scripts(html: str, kind: str) -> Iterator[str]:
    """What stands in the scripts of this type, in one walk over the page."""
    at = 0
    low = html.lower()
    while (start := low.find("<script", at)) >= 0:
        begin, end = low.find(">", start) + 1, low.find("</script", start)
        if not 0 < begin <= end:
            return
        if kind in low[start:begin]:
            yield html[begin:end]
        at = end


def _collect(node: Node | str, pieces: list[str]) -> None:
    if isinstance(node, str):
        pieces.append(_SPACES.sub(" ", node))
        return
    if "hidden" in node.attributes:
        return
    if node.name == "br":
        pieces.append("\n")
        return
    edge = "\n" if node.name in _BLOCK else " " if node.name in ("td", "th") else ""
    pieces.append(edge)
    if node.name == "li":
        pieces.append("・")
    for child in node.children:
        _collect(child, pieces)
    pieces.append("\n\n" if node.name == "p" else edge)
