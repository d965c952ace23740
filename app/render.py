"""Templates to text. One environment; the reader's language, zone and clock stand in a context variable,
so that macros imported without context know them too."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app import canonical, formats, i18n
from app.config import settings

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static"
ENDS = r"\s<>\"'（）「」、。()"  # what ends an address; a pair of brackets within it does not
LINK = re.compile(rf"https?://(?:[^{ENDS}]|\([^{ENDS}]*\))*(?:[^{ENDS}.,:;!?]|\([^{ENDS}]*\))", re.IGNORECASE)


class HasTongue(Protocol):
    """Whoever reads the page: a signed-in agent, or anything else with a language and a zone."""

    @property
    def locale(self) -> str: ...
    @property
    def timezone(self) -> str: ...


@dataclass(frozen=True)
class Reader:
    """Language, zone and the moment of reading."""

    locale: str = i18n.DEFAULT
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Tokyo"))
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


def render(name: str, viewer: HasTongue | None = None, *, locale: str | None = None, **context: Any) -> str:
    """The template as text, in the viewer's language and zone; ``locale`` wins over the viewer's own.

    Context keys become template variables; an undefined one raises ``jinja2.UndefinedError``.
    """
    tongue = i18n.known(locale or (viewer.locale if viewer else None))
    with reading_as(Reader(tongue, zone_of(viewer))):
        return environment().get_template(name).render(viewer=viewer, locale=tongue, **context)


@contextmanager
def reading_as(reader: Reader) -> Iterator[Reader]:
    """Everything rendered inside is for this reader."""
    token = _reader.set(reader)
    try:
        yield reader
    finally:
        _reader.reset(token)


def zone_of(viewer: HasTongue | None) -> ZoneInfo:
    """The viewer's time zone; an unknown name falls back to the shop's country."""
    try:
        return ZoneInfo(viewer.timezone if viewer and viewer.timezone else "Asia/Tokyo")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("Asia/Tokyo")


@lru_cache
def environment() -> Environment:
    """The one Jinja environment: escaping on, undefined names are errors."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # else each page looks at the time of each of its files
    )
    env.globals |= {
        "_": _gettext,
        "n_": _ngettext,
        "static": static,
        "icon": icon,
        "when": when,
        "now": lambda: _now_reader().now,
    }
    env.filters |= {
        "told": told,
        "spelled": lambda one: canonical.spelled(one.kind, one.address, one.display, settings().country),
        "initials": formats.initials,
        "hue": formats.hue,
        "count": formats.at_most_99,
        "filesize": formats.filesize,
        "iso": formats.iso,
        "linkify": linkify,
        "honoured": lambda name, locale=None: formats.honoured(name, locale or _now_reader().locale),
        "duration": lambda seconds: formats.duration(seconds, _now_reader().locale),
        "money": lambda amount, currency: formats.money(amount, currency, _now_reader().locale),
        "grouped": lambda number: f"{number:,}",
        "number_shown": _number_shown,
        "length_of": lambda seconds: formats.length(seconds, _now_reader().locale),
        "day": lambda at: formats.day(at, _now_reader().locale, _now_reader().zone, _now_reader().now),
        "local_date": lambda at: at.astimezone(_now_reader().zone).date(),
        "on_day": lambda day: formats.date_of(day, _now_reader().locale),
        "clock": lambda at: formats.clock(at, _now_reader().zone),
    }
    return env


def _number_shown(written: str) -> str:
    """A telephone number as people here write it; what is none stays as it is."""
    country = settings().country
    return canonical.shown(canonical.phone(written, country) or written, country)


def _now_reader() -> Reader:
    return _reader.get() or Reader()


def _gettext(msgid: str, /, **values: Any) -> str:
    # With Markup values the sentence itself becomes Markup, so the other values are escaped, not the markup.
    if any(isinstance(value, Markup) for value in values.values()):
        return Markup(i18n.gettext(_now_reader().locale, msgid)) % values
    return i18n.gettext(_now_reader().locale, msgid, **values)


def _ngettext(singular: str, plural: str, n: int, /, **values: Any) -> str:
    return i18n.ngettext(_now_reader().locale, singular, plural, n, **values)


def when(at: datetime, style: str = "clock") -> Markup:
    """A ``<time>``: ``clock``, ``day``, ``brief``, ``exact``; ``since`` and ``left`` tick on in the page."""
    reader = _now_reader()
    words = escape(_TOLD[style](at, reader))
    tick = f' data-tick="{style}"' if style in ("since", "left") else ""
    exact = escape(formats.exact(at, reader.locale, reader.zone))
    return Markup(f'<time datetime="{formats.iso(at)}" title="{exact}"{tick}>{words}</time>')


def told(sentence: str) -> str:
    """What a connector told, in the reader's language; a detail behind it, in brackets or after a colon, stays as it
    is."""
    known = _gettext(sentence)
    for sign in (" (", ": ") if known == sentence else ():
        words, found, detail = sentence.partition(sign)
        if found and _gettext(words) != words:
            return f"{_gettext(words)}{sign}{detail}"
    return known


_TOLD: dict[str, Callable[[datetime, Reader], str]] = {
    "clock": lambda at, reader: formats.clock(at, reader.zone),
    "day": lambda at, reader: formats.day(at, reader.locale, reader.zone, reader.now),
    "brief": lambda at, reader: formats.brief(at, reader.locale, reader.zone, reader.now),
    "since": lambda at, reader: formats.since(at, reader.locale, reader.now),
    "left": lambda at, reader: formats.duration(abs((at - reader.now).total_seconds()), reader.locale),
    "exact": lambda at, reader: formats.exact(at, reader.locale, reader.zone),
}


def with_emoji(text: str, emoji: Sequence[Any]) -> Markup:
    """:func:`linkify`, with words that stand for an emoji ({"at", "words"}, in order) drawn as what they are."""
    parts, end = [], 0
    for one in emoji:
        if not isinstance(one, Mapping):
            continue  # somebody else's word of the same name
        at, words = one.get("at"), one.get("words")
        if not isinstance(at, int) or not isinstance(words, str) or not words or at < end:
            continue
        if text[at : at + len(words)] != words:
            continue  # the text was changed since
        parts += [linkify(text[end:at]), _EMOJI.format(words.strip("()"), words)]
        end = at + len(words)
    return Markup("").join([*parts, linkify(text[end:])])


_EMOJI = Markup('<span class="emoji-words" title="{1}">{0}</span>')


def linkify(text: str) -> Markup:
    """Plain text as safe HTML with its http(s) addresses as links that tell the target nothing."""
    parts, end = [], 0
    for match in LINK.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(
            Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>').format(
                match[0]
            )
        )
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


@lru_cache
def icon(name: str, size: int = 16) -> Markup:
    """An inline SVG of the icon set (``static/icons.txt``), hidden from screen readers; unknown: a ring."""
    path = STATIC / "vendor" / "icons" / f"{name}.svg"
    inner = '<circle cx="12" cy="12" r="8"/>'
    if re.fullmatch(r"[a-z0-9-]+", name) and path.is_file():
        svg = re.sub(r"<!--.*?-->", "", path.read_text(), flags=re.DOTALL)
        inner = (
            re.sub(r"\s+", " ", svg[svg.index(">") + 1 : svg.rindex("</svg>")]).replace("> <", "><").strip()
        )
    return Markup(
        f'<svg class="i" viewBox="0 0 24 24" width="{size}" height="{size}" aria-hidden="true">{inner}</svg>'
    )


def static(path: str) -> str:
    """The address of a file under ``static/``; the digest in it lets browsers keep it for ever."""
    return f"/static/{digest()}/{path}"


@lru_cache
def digest() -> str:
    """A short name for the whole static tree as it was when this process started."""
    tree = blake2b(digest_size=6)
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            tree.update(str(path.relative_to(STATIC)).encode() + b"\0" + path.read_bytes())
    return tree.hexdigest()
