"""The words of a mail that is HTML alone, as a person would type them: paragraphs, lists, tables, quotes, links."""

import re

import nh3

from channels.email import links, markup
from channels.email.allowed import words
from channels.email.markup import Token

TAGS = words(
    "a address article aside b blockquote body br caption center dd div dl dt em figure font footer "
    "form h1 h2 h3 h4 h5 h6 header hr i img li main nav ol p pre section span strong table tbody td "
    "tfoot th thead tr u ul"
)
_BLOCKS = TAGS - words("a b em font i img span strong u br td th")
_SPACED = words("p h1 h2 h3 h4 h5 h6 pre ul ol dl blockquote table")
_DROPPED = words("script style title svg math iframe object template select textarea noframes noembed")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CJK = "[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_WRAPPED = re.compile(rf"(?<={_CJK})[ \t]*\r?\n[ \t\r\n]*(?={_CJK})")
_LONGEST_TARGET = 500  # characters of an address that are told; beyond it is for machines


def structure(html: str) -> list[Token]:
    """What can be seen of `html`, with the names (class, id) that mail programs give their quotes."""
    taken, _ = markup.bounded(html)
    return list(markup.visible(markup.read(_CLEANER.clean(taken))))


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(_DROPPED),
    attributes={
        "*": {"class", "id", "style", "hidden"},
        "a": {"href"},
        "img": {"alt"},
        "blockquote": {"type"},
        "ol": {"start"},
    },
    url_schemes=set(links.SCHEMES),
    link_rel=None,
)


def text_of_html(html: str) -> str:
    """The words of `html`. Quotes stand behind ">", links have their target in brackets where their words do not
    tell it, cells stand side by side. Never raises."""
    return text_of(structure(html))


def text_of(tokens: list[Token]) -> str:
    page = _Page()
    for token in tokens:
        page.take(token)
    return page.text()


class _Page:
    """Lines as they fill up. `quotes`, `lists` and `pre` are what is open around the next word; `gap` is the
    number of quotes that a blank line before it stands in, -1 for no blank line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.lists: list[int] = []
        self.pre = 0
        self.gap = -1
        self.tight = False
        self.bullet = ""
        self.href = ""
        self.shown: list[str] = []

    def text(self) -> str:
        self.end_line()
        return "\n".join(self.lines).strip("\n")

    def take(self, token: Token) -> None:
        if not token.name:
            self.say(token.words)
        elif token.name == "br":
            self.end_line(always=True)
        elif token.name == "img":
            self.say(token.attributes.get("alt", "")[:200])
        elif token.name == "a":
            self.link(token)
        elif token.name in ("td", "th"):
            self.line += ["  "] if token.opens and self.begun() else []
        elif token.name in _BLOCKS:
            self.block(token)

    def begun(self) -> bool:
        return any(piece.strip() for piece in self.line)

    def say(self, words: str) -> None:
        if self.pre:
            first, *others = words.replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for other in others:
                self.end_line(always=True)
                self.line.append(other)
            return
        words = _SPACE.sub(" ", _WRAPPED.sub("", words))
        ends_in_space = self.line and self.line[-1].endswith(" ")
        words = words.lstrip(" ") if not self.line or ends_in_space else words
        if words:
            self.line.append(words)
            self.shown.append(words)

    def link(self, token: Token) -> None:
        if token.opens:
            self.href, self.shown = token.attributes.get("href", ""), []
            return
        words = "".join(self.shown).strip()
        if self.href and words and not _tells(words, self.href):
            self.line.append(f" ({_short(self.href)})")
        self.href = ""

    def block(self, token: Token) -> None:
        self.end_line()
        name, step = token.name, 1 if token.opens else -1
        if name == "p" and token.opens:
            self.tight = _is_tight(token) or bool(self.lists)
        before = self.quotes
        if name == "blockquote":
            self.quotes = max(0, self.quotes + step)
        if (
            name in _SPACED
            and not (name == "p" and self.tight)
            and not (name in ("ul", "ol") and len(self.lists) > 1)
        ):
            self.space(min(before, self.quotes))
        if name == "pre":
            self.pre = max(0, self.pre + step)
        elif name in ("ul", "ol"):
            self.nest(token)
        elif name == "li":
            self.bullet = self.next_bullet() if token.opens else ""
        elif name == "hr":
            self.line.append("----------")
            self.end_line()

    def space(self, quotes: int) -> None:
        """A blank line before what comes next, within the fewer of the quotes on either side."""
        if self.lines:
            self.gap = quotes if self.gap < 0 else min(self.gap, quotes)

    def nest(self, token: Token) -> None:
        if token.opens:
            start = token.attributes.get("start", "")
            self.lists.append(
                (int(start) if start.isdecimal() and len(start) < 7 else 1) if token.name == "ol" else -1
            )
            self.gap = self.gap if len(self.lists) == 1 else -1
        elif self.lists:
            self.lists.pop()

    def next_bullet(self) -> str:
        indent = "  " * min(max(0, len(self.lists) - 1), 20)
        if not self.lists or self.lists[-1] < 0:
            return f"{indent}- "
        self.lists[-1] += 1
        return f"{indent}{self.lists[-1] - 1}. "

    def end_line(self, *, always: bool = False) -> None:
        """What was gathered becomes a line; an empty one only where it was asked for, and never two in a row."""
        said = "".join(self.line)
        said = said.replace("\xa0", " ").rstrip() if said.strip("\xa0 -") or said.rstrip() != "--" else "-- "
        self.line = []
        if not said and not always:
            return
        if self.gap >= 0 or not said:
            self.blank(self.quotes if self.gap < 0 else self.gap)
        if said:
            self.lines.append(f"{_mark(self.quotes)}{self.bullet}{said}")
            self.bullet, self.gap = " " * len(self.bullet) if self.lists else "", -1

    def blank(self, quotes: int) -> None:
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(_mark(quotes).strip())


def _mark(quotes: int) -> str:
    return f"{'>' * min(quotes, 20)} " if quotes else ""


def _is_tight(token: Token) -> bool:
    """Paragraphs that Outlook sets without a space between them."""
    style = token.attributes.get("style", "").replace(" ", "").lower()
    return "MsoNormal" in token.attributes.get("class", "") or "margin:0" in style or "margin-top:0" in style


def _tells(words: str, address: str) -> bool:
    """Whether a link's words already say where it leads."""
    plain = _bare(words)
    return bool(plain) and plain in (
        _bare(address),
        _bare(address.partition("?")[0]),
        links.host(address).removeprefix("www."),
    )


def _bare(address: str) -> str:
    text = address.strip().lower().rstrip("/")
    return re.sub(r"^(?:https?://|mailto:|tel:)?(?:www\.)?", "", text).replace("-", "") if text else ""


def _short(address: str) -> str:
    return (
        address
        if len(address) <= _LONGEST_TARGET
        else f"{address.partition(':')[0]}://{links.host(address)}/…"
    )
