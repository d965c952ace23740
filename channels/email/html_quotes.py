"""The part of a mail's HTML that is new: above the block in which its program puts the mail it answers."""

import re
from collections.abc import Mapping

import nh3

from channels.email import links, markup, quoting
from channels.email.allowed import ATTRIBUTES, DROPPED, TAGS
from channels.email.markup import EMPTY, Token
from channels.email.readable import text_of

# Where the quote begins, program by program: tag, attribute, and what its value has to look like.
MARKERS = tuple(
    (client, tag, name, re.compile(pattern, re.IGNORECASE))
    for client, tag, name, pattern in (
        ("Gmail", "div", "class", r"(?:.*\s)?gmail_(?:quote|quote_container|extra)(?:\s.*)?"),
        ("Apple Mail, Thunderbird", "blockquote", "type", r"cite"),
        (
            "Outlook on the web",
            "div",
            "id",
            r"(?:x_)*(?:appendonsend|divrplyfwdmsg|mail-editor-reference-message-container)",
        ),
        ("Outlook", "div", "style", r".*border-top:\s*solid\s+#(?:e1e1e1|b5c4df)\b.*"),
        ("Outlook", "div", "style", r".*border:\s*none;\s*border-top:\s*solid\b.*"),
        ("Yahoo!", "div", "class", r"(?:.*\s)?yahoo_quoted(?:\s.*)?"),
        ("Thunderbird", "div", "class", r"(?:.*\s)?moz-cite-prefix(?:\s.*)?"),
        ("Proton", "div", "class", r"(?:.*\s)?protonmail_quote(?:\s.*)?"),
        ("others", "blockquote", "class", r"(?:.*\s)?(?:gmail_quote|cite|quote)(?:\s.*)?"),
    )
)
_NAMES = {"class", "id", "style", "hidden", "type"}
_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(DROPPED),
    attributes={tag: {*allowed, *_NAMES} for tag, allowed in ATTRIBUTES.items()},
    url_schemes={*links.SCHEMES, "cid"},
    link_rel=None,
)


def new_part(html: str, subject: str = "") -> str:
    """The new part of `html`, not cleaned, or "" where that is not sure: no program's mark, answers between the lines,
    a forwarded mail, or a text that is taken apart otherwise (:func:`channels.email.quoting.split`)."""
    tokens = structure(html)
    at = next((i for i, token in enumerate(tokens) if _is_marked(token)), 0)
    if not at:
        return ""
    parts = quoting.split(text_of(tokens), subject)
    new = _closed(tokens[:at])
    own = _letters(text_of(new))
    if not parts.quoted or not own or own != _letters(parts.new + parts.signature):
        return ""
    return markup.write(new)


def structure(html: str) -> list[Token]:
    """What can be seen of `html`, with the names and the colours that mail programs give its parts."""
    taken, _ = markup.bounded(html)
    return list(markup.visible(markup.read(_CLEANER.clean(taken))))


def _is_marked(token: Token) -> bool:
    return token.opens and any(
        tag == token.name and pattern.fullmatch(_value(token.attributes, name))
        for _, tag, name, pattern in MARKERS
    )


def _value(attributes: Mapping[str, str], name: str) -> str:
    return " ".join(attributes.get(name, "")[:1_000].split())


def _closed(tokens: list[Token]) -> list[Token]:
    """`tokens` with what is open at their end closed."""
    still: list[str] = []
    for token in tokens:
        if token.opens and token.name not in EMPTY:
            still.append(token.name)
        elif token.name in still[-1:] and not token.opens:
            still.pop()
    return [*tokens, *(Token(name) for name in reversed(still))]


def _letters(text: str) -> str:
    return "".join(text.split())
