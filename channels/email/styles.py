"""Which styles of a mail are kept: those that cannot load, cover or move anything."""

import re

from channels.email.allowed import words

KEPT = words(
    "color background-color font font-family font-size font-style font-weight font-variant line-height "
    "text-align text-decoration text-transform text-indent vertical-align white-space word-break "
    "overflow-wrap letter-spacing margin margin-top margin-right margin-bottom margin-left padding "
    "padding-top padding-right padding-bottom padding-left border border-top border-right border-bottom "
    "border-left border-collapse border-spacing border-color border-style border-width border-top-color "
    "border-right-color border-bottom-color border-left-color border-radius list-style-type width "
    "height max-width min-width display float clear table-layout direction visibility"
)
_LONGEST = 4_000  # characters of one style attribute
_COLOUR = r"(?:#[0-9a-f]{3,8}|[a-z]{3,25}|(?:rgb|hsl)a?\([\d\s.,%/deg+-]{1,60}\))"
_IS_COLOUR = re.compile(_COLOUR, re.IGNORECASE)
_FUNCTION = re.compile(r"(?:rgb|hsl)a?\([\d\s.,%/deg+-]{1,60}\)", re.IGNORECASE)
_PLAIN = re.compile(r"[\w\s#%.,'\"/+-]{1,300}")
_DISPLAY = words(
    "none block inline inline-block table table-row table-cell table-header-group table-row-group list- item"
)
_MAY_NOT_BE_NEGATIVE = ("margin", "text-indent", "letter-spacing", "word-spacing", "padding", "border")


def kept(style: str) -> str:
    """`style` with the declarations that are harmless, in one way of writing; "" if none is."""
    found = (_declaration(part) for part in style[:_LONGEST].split(";"))
    return ";".join(f"{name}:{value}" for name, value in found if name)


def _declaration(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    name, value = name.strip().lower(), " ".join(value.replace("!important", "").split())
    if name == "background" and _IS_COLOUR.fullmatch(value):
        name = "background-color"
    if name not in KEPT or not _is_harmless(name, value):
        return "", ""
    return name, value


def _is_harmless(name: str, value: str) -> bool:
    if not _PLAIN.fullmatch(_FUNCTION.sub("x", value)):
        return False  # a function that is no colour, an escape, an address, a comment
    if name == "display" and value.lower() not in _DISPLAY:
        return False
    return not (name.startswith(_MAY_NOT_BE_NEGATIVE) and re.search(r"(?:^|[\s,])-[\d.]", value))


def background(colour: str) -> str:
    """The style for a background colour of an old-fashioned attribute, "" if it is none."""
    return f"background-color:{colour}" if _IS_COLOUR.fullmatch(colour.strip()) else ""
