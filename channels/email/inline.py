"""Answers written into the quoted mail itself, as users of Outlook do: in another colour, or behind "[Name]".

Outlook quotes without ">": below a block of header lines stands the old mail as it was. What somebody types into it can
be told by its colour in the HTML, or by the name that Outlook puts before comments. Such lines are new as well, each
shown with the line it answers above it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.email import automatic, html_quotes, quoting
from channels.email.allowed import words
from channels.email.mail import Mail
from channels.email.markup import EMPTY, Token
from channels.email.quote_markers import Line, marker_at, read_line
from channels.email.readable import text_of

MOST = 200  # lines of answers that are looked for
_CONTEXT = 200  # characters of the line that is answered
_VIVID = 64  # how far the strongest part of a colour stands above the weakest, of 255
# Around coloured words while they become text.
_ON, _OFF, _FIRST = "\ue000", "\ue001", 0xE100
_RUN = re.compile(f"{_ON}([\ue100-\ue1ff])([^{_ON}{_OFF}]*){_OFF}")
_MARKS = re.compile(f"{_ON}[\ue100-\ue1ff]|{_OFF}")
_RESERVED = re.compile("[\ue000-\ue1ff]")
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?:[0-9a-f]{2})?", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", re.IGNORECASE)
_GREY = words(
    "black white gray grey silver dimgray dimgrey darkgray darkgrey lightgray lightgrey gainsboro whitesmoke "
    "windowtext inherit initial unset auto currentcolor transparent"
)
_NAMED = re.compile(r"\s*[\[［【]([^\]］】]{1,40})[\]］】]\s*\S")


@dataclass(frozen=True)
class _Said:
    """A line of the old mail: its text, and the letters in it by colour ("" for none)."""

    text: str
    letters: Counter[str]


def split(mail: Mail) -> tuple[quoting.Parts, bool]:
    """The text of `mail` taken apart, its answers within the quoted mail among what is new; whether there are any."""
    parts = quoting.split(mail.text, mail.subject, automatic.answers(mail))
    if not parts.quoted or not _has_unsigned(mail.text):
        return parts, False
    found = _answers(_lines(mail), mail.sender.name if mail.sender else "")
    known = _letters(parts.new)
    told = [block for block in found if _letters(block[-1]) not in known]
    if not told:
        return parts, False
    inside = "\n\n".join("\n".join(block) for block in told)
    return quoting.Parts(f"{parts.new}\n\n{inside}", parts.quoted, parts.signature), True


def _has_unsigned(text: str) -> bool:
    """Whether something is quoted without ">"."""
    lines = [read_line(line) for line in text[: quoting.LIMIT].split("\n", quoting.LINES)]
    start, end = _quoted(lines)
    return any(not line.depth and not line.blank for line in lines[start:end])


def _lines(mail: Mail) -> list[_Said]:
    """The lines of the mail; with their colours where it has HTML."""
    if not mail.html:
        return [_Said(line, Counter()) for line in mail.text[: quoting.LIMIT].split("\n", quoting.LINES)]
    colours: list[str] = []
    text = text_of(list(_coloured(html_quotes.structure(mail.html), colours)))
    return [_said(line, colours) for line in text.split("\n", quoting.LINES)]


def _coloured(tokens: Sequence[Token], colours: list[str]) -> Iterator[Token]:
    """`tokens` with marks around words that stand in a colour; links have theirs from the mail program."""
    still: list[tuple[str, str]] = []
    for token in tokens:
        if not token.name:
            colour = still[-1][1] if still and not any(name == "a" for name, _ in still) else ""
            yield token._replace(words=_marked(_RESERVED.sub("", token.words), colour, colours))
            continue
        if token.opens and token.name not in EMPTY:
            still.append((token.name, _colour(token) or (still[-1][1] if still else "")))
        elif not token.opens and still:
            still.pop()
        yield token


def _marked(said: str, colour: str, colours: list[str]) -> str:
    if colour and colour not in colours and len(colours) < 255:
        colours.append(colour)
    if not said.strip() or colour not in colours:
        return said
    return f"{_ON}{chr(_FIRST + colours.index(colour))}{said}{_OFF}"


def _colour(token: Token) -> str:
    told = next(
        (
            value
            for name, _, value in (
                part.partition(":") for part in token.attributes.get("style", "").split(";")
            )
            if name.strip().lower() == "color"
        ),
        token.attributes.get("color", ""),
    )
    return told.replace("!important", "").strip().lower()


def _said(line: str, colours: Sequence[str]) -> _Said:
    letters: Counter[str] = Counter()
    for mark, run in _RUN.findall(line):
        letters[colours[ord(mark) - _FIRST]] += len(_letters(run))
    text = _MARKS.sub("", line)
    letters[""] = len(_letters(text)) - sum(letters.values())
    return _Said(text, letters)


def _answers(said: Sequence[_Said], name: str) -> list[list[str]]:
    """Of each answer: the line above it behind ">", then its own lines."""
    start, end = _quoted([read_line(one.text) for one in said])
    old = said[start:end]
    usual = sum((one.letters for one in old), Counter[str]()).most_common(1)
    ground = usual[0][0] if usual else ""
    found: list[list[str]] = []
    above, open_block = "", False
    for one in old[: quoting.LINES]:
        if _is_answer(one, ground, name):
            if not open_block:
                found.append([f"> {above[:_CONTEXT]}"] if above else [])
            found[-1].append(one.text.strip())
            open_block = True
        elif one.text.strip():
            above, open_block = one.text.strip(), False
        if sum(map(len, found)) > MOST:
            break
    return found


def _quoted(lines: Sequence[Line]) -> tuple[int, int]:
    """The lines of the mail that was answered: below the first block of headers, above the next."""
    start = 0
    for at, line in enumerate(lines):
        if line.depth or (start and at < start):
            continue
        marker = marker_at(lines, at)
        if marker is None:
            continue
        if start or marker.kind == "forward":
            return start, at
        start = marker.end
    return (start, len(lines)) if start else (0, 0)


def _is_answer(one: _Said, ground: str, name: str) -> bool:
    if any(count and colour != ground and _is_vivid(colour) for colour, count in one.letters.items()):
        return True
    told = _NAMED.match(one.text)
    return bool(told and name and _same_name(told[1], name))


def _same_name(told: str, name: str) -> bool:
    """Whether the name in the brackets is the sender's, or a word of it."""
    own, whole = _letters(told), _letters(name)
    return bool(own) and (own == whole or own in map(_letters, re.split(r"[\s　,、]+", name)))


def _is_vivid(colour: str) -> bool:
    """No shade of grey."""
    if match := _HEX.fullmatch(colour):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
        parts = [int(digits[i : i + 2], 16) for i in (0, 2, 4)]
    elif match := _RGB.match(colour):
        parts = [int(part) for part in match.groups()]
    else:
        return colour.isalpha() and colour not in _GREY
    return max(parts) - min(parts) >= _VIVID


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())
