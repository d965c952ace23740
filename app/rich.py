"""Markdown-light: bold, italic, lists and links of what agents write, as HTML; nothing else is markup."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline, link
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from app.render import LINK

TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "a", "blockquote"}
# CommonMark opens and closes emphasis at word borders, which Japanese has none of: **「至急」**です would stay plain.
# So a pair of signs marks what is between them, unless it stands between letters or digits of ASCII (5*3*2).
_APART = r"(?:(?<![A-Za-z0-9])\*\*|\*\*(?![A-Za-z0-9]))"
_BOLD = re.compile(rf"{_APART}(?=[^\s*])([^\n]{{1,500}}?)(?<=[^\s*]){_APART}")
_ITALIC = re.compile(r"(?<![A-Za-z0-9*])\*(?=[^\s*])([^*\n]{1,500}?)(?<=[^\s*])\*(?![A-Za-z0-9*])")
_ADDRESS = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
_NO_LINK = re.compile(r"\[[^\[\]]*\]\(\s*(?:<>)?\s*\)")
_INDENT = re.compile(r"^([ \t]*)\u3000", re.MULTILINE)
_KEPT = "\ue000"  # stands for an ideographic space that the parser would take for white space to drop


def formatted(text: str) -> str:
    """`text` as HTML that can do no harm: paragraphs, lists, and what is bold, italic or a link."""
    return str(harmless(_markdown().render(_marked(text)).replace(_KEPT, "\u3000").strip()))


def _marked(text: str) -> str:
    return _INDENT.sub(lambda match: f"{match[1]}{_KEPT}", text.replace(_KEPT, "").strip("\n"))


def plain(text: str) -> str:
    """`text` without the marks that :func:`formatted` takes for formatting; links tell where they lead.

    All else stays as it was typed, lists and their marks, blank lines and signs that mark nothing.
    """
    lines = _marked(text).split("\n")
    for block in reversed(_markdown().parse(_marked(text))):
        if block.type == "inline" and block.map:
            first, last = block.map
            lines[first:last] = _plain(block, lines[first:last])
    return "\n".join(lines).replace(_KEPT, "\u3000")


def _plain(block: Token, typed: Sequence[str]) -> list[str]:
    """The lines of a block without marks, indented, and behind the sign of a list, as `typed`."""
    content = block.content.split("\n")
    said = "".join(_said(block.children or ())).split("\n")
    before = [
        line[: len(line.rstrip()) - len(own.strip())] for line, own in zip(typed, content, strict=False)
    ]
    return [f"{before[i] if i < len(before) else ''}{line.strip()}" for i, line in enumerate(said)]


def _said(tokens: Sequence[Token]) -> Iterator[str]:
    words, target = "", ""
    for token in tokens:
        if token.type == "link_open":
            words, target = "", str(token.attrGet("href") or "")
            continue
        said = "\n" if token.type in ("softbreak", "hardbreak") else token.content
        if token.type == "link_close":
            bare = target.removeprefix("mailto:").removeprefix("tel:")
            said = target if not words else "" if words in (target, bare) else f" ({bare})"
        words += said
        yield said


def is_formatted(html: str) -> bool:
    """Whether it says more than the plain text does: addresses that are links only say the same."""
    return bool(re.search(r"<(strong|em|ul|ol)\b", html)) or any(
        match[1] != match[2] for match in re.finditer(r'<a href="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL)
    )


@lru_cache(1_000)
def harmless(html: str) -> Markup:
    """HTML reduced to what :func:`formatted` writes, and quotes."""
    return Markup(
        nh3.clean(
            html,
            tags=TAGS,
            attributes={"a": {"href"}, "ol": {"start"}},
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener noreferrer nofollow",
            set_tag_attribute_values={"a": {"target": "_blank"}},
        )
    )


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # the parser's name
        """A link leads somewhere: [a](b) is what was typed."""
        return bool(_ADDRESS.match(url))


@cache
def _markdown() -> MarkdownIt:
    made = _Markdown("zero", {"breaks": True}).enable(["list", "link", "newline", "escape"])
    made.inline.ruler.at("link", _link)
    made.inline.ruler.push("bold", _bold)
    made.inline.ruler.push("italic", _italic)
    made.add_render_rule("text", _words)
    made.add_render_rule("link_open", _link_open)
    made.add_render_rule("link_close", _link_close)
    return made


def _link(state: StateInline, silent: bool) -> bool:
    """A link without an address is what was typed: [返品]()."""
    return not _NO_LINK.match(state.src, state.pos, state.posMax) and link(state, silent)


def _bold(state: StateInline, silent: bool) -> bool:
    return _pair(state, _BOLD, 2, "strong", silent)


def _italic(state: StateInline, silent: bool) -> bool:
    return _pair(state, _ITALIC, 1, "em", silent)


def _pair(state: StateInline, sign: re.Pattern[str], width: int, tag: str, silent: bool) -> bool:
    match = sign.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        end = state.posMax
        state.push(f"{tag}_open", tag, 1)
        state.pos, state.posMax = match.start(1), match.end(1)
        state.md.inline.tokenize(state)
        state.push(f"{tag}_close", tag, -1)
        state.posMax = end
    state.pos = match.end(1) + width
    return True


def _words(_: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    words = tokens[at].content
    if env.get("links"):
        return str(escape(words))
    parts, end = [], 0
    for match in LINK.finditer(words):
        url = escape(match[0])
        parts += [str(escape(words[end : match.start()])), f'<a href="{url}">{url}</a>']
        end = match.end()
    return "".join([*parts, str(escape(words[end:]))])


def _link_open(
    _: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    env["links"] = int(env.get("links") or 0) + 1
    return f'<a href="{escape(str(tokens[at].attrGet("href") or ""))}">'


def _link_close(
    _: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    env["links"] = int(env.get("links") or 1) - 1
    return "</a>"
