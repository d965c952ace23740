"""A mail's HTML as it stands in its frame: pictures from our own files, links that say where they lead.

What is stored was cleaned when it came; here it goes through a cleaner once more, as the very last step, so that
nothing that is put in between can open a gap.
"""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

LEADS = "leads"  # the class of the words that tell where a misleading link goes
_TABLE = {
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "colspan",
    "rowspan",
    "cellpadding",
    "cellspacing",
    "border",
}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "class"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "size", "face"},
    "ol": {"start", "type"},
    "li": {"value"},
    **dict.fromkeys(("table", "tr", "td", "th", "tbody", "thead", "tfoot", "col", "colgroup"), _TABLE),
}
_STYLES = {
    *(
        "color",
        "background-color",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "font-variant",
    ),
    *("line-height", "text-align", "text-decoration", "text-transform", "text-indent", "vertical-align"),
    *(
        "white-space",
        "word-break",
        "overflow-wrap",
        "letter-spacing",
        "direction",
        "visibility",
        "table-layout",
    ),
    *(
        "border",
        "border-collapse",
        "border-spacing",
        "border-color",
        "border-style",
        "border-width",
        "border-radius",
    ),
    *(f"{box}{side}" for box in ("margin", "padding") for side in ("", "-top", "-right", "-bottom", "-left")),
    *(f"border-{side}{what}" for side in ("top", "right", "bottom", "left") for what in ("", "-color")),
    *("list-style-type", "width", "height", "max-width", "min-width", "display", "float", "clear"),
}
_CLASSES = {LEADS, "misleading", "cut"}  # ours, and what the cleaner of mails writes
_PICTURE: tuple[str, ...] = ("alt", "width", "height", "style", "title", "align")
_OURS = "/pictures/"
_HOST = re.compile(
    r"(?:https?://)?(?:[^\s/@]+@)?((?:[\w-]+\.)+[a-z]{2,18})(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE
)
_ENDINGS = re.compile(r"\.(com|net|org|info|biz|shop|app|dev|online|site|xyz|[a-z]{2})$", re.IGNORECASE)


def framed(
    html: str, pictures: Mapping[str, str], leads: Callable[[str], str], *, remote: bool = False
) -> str:
    """`html` (cleaned, as it is stored) as the content of the frame.

    `pictures`: content id → address of ours. `leads`: the words for "this leads to …". `remote`: pictures from
    elsewhere are loaded, over https only.
    """
    rewriter = _Rewriter(pictures, leads, remote)
    rewriter.feed(html)
    rewriter.close()
    return _clean("".join(rewriter.out), remote)


def has_remote(html: str) -> bool:
    """Whether the mail shows pictures from elsewhere."""
    return "data-src=" in html


def misleads(words: str, href: str) -> str:
    """The host a link leads to, where its words name another one; else ""."""
    named = _HOST.fullmatch(words.strip())
    host = (_host(href) or "").removeprefix("www.")
    if not named or not host or ("//" not in words and not _ENDINGS.search(named[1])):
        return ""
    said = named[1].lower().removeprefix("www.")
    same = said == host or said.endswith(f".{host}") or host.endswith(f".{said}")
    return "" if same else host


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _clean(html: str, remote: bool) -> str:
    def keep(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return value if value.startswith(_OURS) or (remote and value.startswith("https://")) else None
        if name == "class":
            return value if value in _CLASSES else None
        return value

    return nh3.clean(
        html,
        tags=nh3.ALLOWED_TAGS | {"font", "u", "big", "address", "main", "section"},
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


class _Rewriter(HTMLParser):
    """The cleaner writes HTML of one shape, so a reader as simple as this follows it."""

    def __init__(self, pictures: Mapping[str, str], leads: Callable[[str], str], remote: bool) -> None:
        super().__init__(convert_charrefs=False)
        self.pictures, self.leads, self.remote = pictures, leads, remote
        self.out: list[str] = []
        self.href = ""
        self.flagged = False
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.href, self.words = told.get("href", ""), []
            self.flagged = told.get("class") == "misleading"
            shown = {
                "href": self.href,
                "title": told.get("title") or self.href,
                "style": told.get("style", ""),
            }
            self.out.append(_tag("a", {name: value for name, value in shown.items() if value}))
        elif tag == "img":
            self.out.append(self._picture(told))
        else:
            self.out.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")
        host = self._leads_to() if tag == "a" else ""
        if host:
            self.out.append(f'<strong class="{LEADS}">{escape(self.leads(host))}</strong>')
            self.href = ""

    def _leads_to(self) -> str:
        """Where the link that ends here leads, if its words name another place."""
        found = misleads(unescape("".join(self.words)), self.href)
        return found or (_host(self.href) or "" if self.flagged else "")

    def handle_data(self, data: str) -> None:
        self._say(data)

    def handle_entityref(self, name: str) -> None:
        self._say(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._say(f"&#{name};")

    def _say(self, words: str) -> None:
        self.out.append(words)
        self.words.append(words)

    def _picture(self, told: dict[str, str]) -> str:
        far = told.get("data-src", "") if self.remote else ""
        source = self.pictures.get(told.get("data-cid", ""), far)
        kept: dict[str, str] = {name: told[name] for name in _PICTURE if name in told}
        if source:
            kept["src"] = source
        return _tag("img", kept)


def _tag(name: str, attributes: Mapping[str, str]) -> str:
    return "<" + " ".join([name, *(f'{key}="{escape(value)}"' for key, value in attributes.items())]) + ">"
