"""The HTML of a mail made harmless: it runs nothing, loads nothing and covers nothing.

nh3 parses it as a browser does and keeps what is listed here; pictures and links are rewritten in what nh3 wrote; then
nh3 has the last word once more. The frame that it is shown in (sandbox, content security policy) is a second wall.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import unquote

import nh3

from channels.email import html_quotes, links, markup, styles
from channels.email.allowed import ATTRIBUTES, DROPPED, TAGS
from channels.email.markup import Token
from channels.email.readable import text_of_html

__all__ = ["CUT", "clean_html", "html_new_part", "is_cut", "text_of_html"]

CUT = "This mail is too long to be shown in full. The original has all of it."
_CUT = f'<p class="cut">{CUT}</p>'
_ROUNDS = 5
_BODY = re.compile(r"<body\b([^>]{0,5000})>", re.IGNORECASE)
_BODY_STYLE = re.compile(
    r"""\b(style|bgcolor)\s{0,9}=\s{0,9}(?:"([^"]{1,1000})"|'([^']{1,1000})'|([^\s"'>]{1,1000}))""",
    re.IGNORECASE,
)
_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d{1,9})?(?:px)?\s*", re.IGNORECASE)
_CONTENT_ID = re.compile(r"[\s<>\"'\x00-\x1f]")


def clean_html(html: str) -> str:
    """`html` as it may be shown: cleaning what was cleaned changes nothing. Never raises.

    Pictures within the mail become `<img data-cid="…">` (the content id without brackets), remote ones
    `<img data-src="https…">`, neither with a `src`; those that only tell that the mail was read are gone. Links open
    elsewhere, have their real target as title, and the class "misleading" where their words name another one. What is
    too long or too deep ends in `<p class="cut">` with the sentence :data:`CUT`.
    """
    taken, cut = markup.bounded(html)
    cleaned = _once(_with_background(taken))
    for _ in range(_ROUNDS):
        again = _once(cleaned)
        if again == cleaned:
            return cleaned + (_CUT if cut else "")
        cleaned = again
    return f"<p>{escape(text_of_html(html), quote=False)}</p>"  # never twice the same: its words alone


def is_cut(html: str) -> bool:
    """Whether what :func:`clean_html` gave ends before the mail does."""
    return html.endswith(_CUT)


def _once(html: str) -> str:
    return _LAST.clean(markup.write(list(_rewritten(markup.visible(markup.read(_FIRST.clean(html)))))))


def html_new_part(html: str, subject: str = "") -> str:
    """The new part of `html`, cleaned, or "" where it is not sure what that is (:mod:`channels.email.html_quotes`)."""
    return clean_html(html_quotes.new_part(html, subject))


def _keep(tag: str, name: str, value: str) -> str | None:
    """What becomes of an attribute that is allowed: its value, or None."""
    if name == "style":
        return styles.kept(value) or None
    if name in ("href", "data-src", "data-cid"):
        return _ADDRESSES[name](value) or None
    if name == "class":
        return value if (tag, value) in (("a", "misleading"), ("p", "cut")) or _is_line(tag, value) else None
    return value[:2_000]


def _is_line(tag: str, classes: str) -> bool:
    """Whether it is a paragraph of Outlook's without room around it, as the style sheet says that is left out."""
    return tag == "p" and classes in ("MsoNormal", "MsoPlainText", "MsoNoSpacing")


def _keep_at_last(tag: str, name: str, value: str) -> str | None:
    return None if name == "src" else _keep(tag, name, value)


def _remote(address: str) -> str:
    address = links.target(address)
    return address if address.startswith("http") else ""


def _content_id(name: str) -> str:
    return _CONTENT_ID.sub("", name)[:500]


_ADDRESSES = {"href": links.target, "data-src": _remote, "data-cid": _content_id}


def _cleaner(keep: object) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(DROPPED),
        attributes=ATTRIBUTES,
        attribute_filter=keep,  # type: ignore[arg-type]  # the stub wants its own alias of this callable
        url_schemes={*links.SCHEMES, "cid"},
        url_relative=lambda address: f"https:{address}" if address.startswith("//") else None,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=set(styles.KEPT),
    )


_FIRST, _LAST = _cleaner(_keep), _cleaner(_keep_at_last)


def _rewritten(tokens: Iterator[Token]) -> Iterator[Token]:
    """`tokens` with their pictures and links as they may be shown."""
    link: list[Token] = []
    for token in tokens:
        if token.name == "img":
            token = _picture(token.attributes)
        if token.opens and _is_line(token.name, token.attributes.get("class", "")):
            token = Token("p", True, _without_room(token.attributes))
        if token.name == "a" and token.opens:
            yield from _link(link)
            link = [token]
        elif link:
            link.append(token)
        elif token.name or token.words:
            yield token
        if token.name == "a" and not token.opens:
            yield from _link(link)
            link = []
    yield from _link(link)


def _without_room(told: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in told.items() if name != "class"}
    return {**kept, "style": ";".join(filter(None, ("margin:0", told.get("style", ""))))}


def _link(tokens: list[Token]) -> Iterator[Token]:
    """One link from its tag on, with its target told."""
    if not tokens:
        return
    address = tokens[0].attributes.get("href", "")
    told = {"style": tokens[0].attributes["style"]} if "style" in tokens[0].attributes else {}
    if address:
        told |= {"href": address, "title": links.told(address)}
        if links.misleads("".join(token.words for token in tokens[:200]), address):
            told["class"] = "misleading"
    yield Token("a", True, told)
    yield from tokens[1:]


def _picture(told: Mapping[str, str]) -> Token:
    """A picture by the name of what it shows, or nothing if nobody is to see it or nothing is known of it."""
    if _tracks(told):
        return Token()
    kept = {name: told[name] for name in ("alt", "width", "height", "style", "align") if name in told}
    source = told.get("src", "").strip()
    if source[:4].lower() == "cid:":
        return Token("img", True, {"data-cid": _content_id(unquote(source[4:])), **kept})
    if source := _remote(source):
        return Token("img", True, {"data-src": source, **kept})
    known = {name: told[name] for name in ("data-cid", "data-src") if told.get(name)}
    if known or told.get("alt"):
        return Token("img", True, {**dict(list(known.items())[:1]), **kept})
    return Token()


def _tracks(told: Mapping[str, str]) -> bool:
    """Whether a picture is as small as one that only reports that the mail was opened."""
    style = dict(
        part.partition(":")[::2] for part in told.get("style", "").replace(" ", "").lower().split(";")
    )
    sizes = [_SIZE.fullmatch(told.get(name) or style.get(name) or "") for name in ("width", "height")]
    numbers = [int(size[1]) for size in sizes if size]
    return 0 in numbers or (len(numbers) == 2 and max(numbers) <= 2)


def _with_background(html: str) -> str:
    """The colours of the page as those of a block around it: the words may be white on them."""
    body = _BODY.search(html)
    if not body:
        return html
    told = {m[1].lower(): (m[2] or m[3] or m[4]) for m in _BODY_STYLE.finditer(body[1])}
    style = [
        part for part in styles.kept(told.get("style", "")).split(";") if "color" in part.partition(":")[0]
    ]
    if not any(part.startswith("background-color") for part in style):
        style.append(styles.background(told.get("bgcolor", "")))
    if not any(style):
        return html
    return f'<div style="{escape(";".join(filter(None, style)))}">{html}</div>'
