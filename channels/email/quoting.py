"""What is new in a mail's text, what it quotes, and its signature.

Line by line, after the markers of :mod:`channels.email.quote_markers`. Nothing is lost: what is not `new` is `quoted`
or `signature`, and where taking it away would leave nothing, nothing is taken away. Time grows with the text alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels.email import signatures
from channels.email.quote_markers import Found, Line, marker_at, read_line

LIMIT, LINES = (
    500_000,
    10_000,
)  # characters and lines that are looked at; the rest goes where the last of them went
_FORWARDED = re.compile(r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:FWD?|TR|転送)\s*[:：]", re.IGNORECASE)
_WRAPPED = 60  # columns from which on a quoted line may have been broken by a mail program


@dataclass(frozen=True)
class Parts:
    new: str
    quoted: str = ""
    signature: str = ""


@dataclass(frozen=True)
class _Run:
    """Lines `start` to `end` (without) of one kind. `told`: a client's marker stands above them."""

    quote: bool
    start: int
    end: int
    told: bool = False


def split(text: str, subject: str = "", answers: bool = True) -> Parts:
    """`text` taken apart. A forwarded message is new and kept whole: it is known by its marker, or, since Outlook
    writes the same lines above a forward as above an answer, by a `subject` that begins with "FW:" or the like. In what
    `answers` nothing, only what cannot be a person's own lines is a quotation.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = text[:LIMIT].split("\n", LINES)
    beyond = ("\n" + raw.pop() if len(raw) > LINES else "") + text[LIMIT:]
    runs, forward = _runs([read_line(line) for line in raw], bool(_FORWARDED.match(subject)), answers)
    parts = _parts(raw, runs, forward)
    if not parts.new:
        return Parts(_strip(text))
    if beyond and parts.quoted:
        return Parts(parts.new, parts.quoted + beyond, parts.signature)
    return Parts(parts.new + beyond, parts.quoted, parts.signature)


def whole(text: str) -> Parts:
    """`text` as it is, where nothing in it can be told apart."""
    return Parts(_strip(text.replace("\r\n", "\n").replace("\r", "\n")))


def _runs(lines: Sequence[Line], forwarded: bool, answers: bool) -> tuple[list[_Run], int]:
    """The text as runs of own and quoted lines, and the line from which on it is a forwarded message."""
    runs: list[_Run] = []
    at, end = 0, len(lines)
    while at < end:
        found = marker_at(lines, at, answers or forwarded)
        if found and lines[at].depth == 0 and (found.kind == "forward" or _is_forward(found, forwarded)):
            return runs, at
        if found and found.kind == "quote":
            stop = _quote_end(lines, found.end, lines[at].depth)
            runs.append(_Run(True, at, stop, told=True))
        elif lines[at].depth:
            stop = _signed_end(lines, at)
            runs.append(_Run(True, at, stop))
        else:
            stop = at + 1
            quote = lines[at].blank and bool(runs) and runs[-1].quote
            runs.append(_Run(quote, at, stop))
        at = stop
        _join(runs)
    return runs, end


def _join(runs: list[_Run]) -> None:
    """The last two as one, if they are of one kind; blank lines below a quote were taken for a part of it."""
    if len(runs) > 1 and runs[-2].quote == runs[-1].quote:
        last, before = runs.pop(), runs.pop()
        runs.append(_Run(last.quote, before.start, last.end, before.told or last.told))


def _is_forward(found: Found, forwarded: bool) -> bool:
    return forwarded and found.name in ("headers", "original", "Original Message")


def _quote_end(lines: Sequence[Line], at: int, depth: int) -> int:
    """Where a quotation ends whose marker ended before `at`: with its signed lines, else with the mail."""
    first = next(
        (i for i in range(at, len(lines)) if not lines[i].blank or lines[i].depth > depth), len(lines)
    )
    if first < len(lines) and lines[first].depth == 0 and depth == 0:
        return len(lines)
    return _signed_end(lines, first) if first < len(lines) and lines[first].depth else at


def _signed_end(lines: Sequence[Line], at: int) -> int:
    """The line after the quoted lines from `at` on; a line that lost its sign when it was wrapped is one of them."""
    while at < len(lines):
        if lines[at].depth == 0 and not _lost_its_sign(lines, at):
            break
        at += 1
    return at


def _lost_its_sign(lines: Sequence[Line], at: int) -> bool:
    before = lines[at - 1]
    after = lines[at + 1] if at + 1 < len(lines) else None
    if lines[at].blank or after is None or not after.depth or after.blank:
        return False
    return before.depth > 0 and _columns(before.said) >= _WRAPPED and len(lines[at].said) < _WRAPPED // 2


def _columns(text: str) -> int:
    return sum(1 if char < "\u1100" else 2 for char in text)


def _parts(raw: Sequence[str], runs: Sequence[_Run], forward: int) -> Parts:
    kept, signature = _without_signatures(raw, runs)
    own = [i for i, run in enumerate(kept) if not run.quote and _said(raw, run)]
    if forward < len(raw):
        return _with_forward(raw, kept, signature, forward)
    if not own:
        return _only_quotes(raw, runs, kept, signature)
    first, last = _shown(kept, own)
    new = _text(raw, kept[first : last + 1])
    quoted = [run for i, run in enumerate(kept) if run.quote and not first <= i <= last]
    return Parts(new, _text(raw, quoted), signature)


def _shown(runs: Sequence[_Run], own: Sequence[int]) -> tuple[int, int]:
    """The first and last run that are new: all own text, and the quotes that stand between or above it.

    One whole mail quoted above the only answer is no help to the reader, who sees it above anyway.
    """
    first = own[0]
    quotes_above = [i for i in range(first) if runs[i].quote]
    if quotes_above and not (len(quotes_above) == 1 and runs[quotes_above[0]].told and len(own) == 1):
        first = quotes_above[0]
    return first, own[-1]


def _with_forward(raw: Sequence[str], kept: Sequence[_Run], signature: str, forward: int) -> Parts:
    own = _text(raw, kept)
    forwarded = _strip("\n".join(raw[forward:]))
    return Parts(f"{own}\n\n{forwarded}" if own else forwarded, "", signature)


def _only_quotes(raw: Sequence[str], runs: Sequence[_Run], kept: Sequence[_Run], signature: str) -> Parts:
    """Nothing own but a signature is shown as that; nothing own at all is shown as it is."""
    if signature and any(run.quote for run in kept):
        return Parts(signature, _text(raw, [run for run in runs if run.quote]))
    return Parts(_text(raw, runs))


def _without_signatures(raw: Sequence[str], runs: Sequence[_Run]) -> tuple[list[_Run], str]:
    """The runs without the signatures of the first own text (if a quote follows) and of the last one."""
    kept, signed = list(runs), []
    own = [i for i, run in enumerate(runs) if not run.quote]
    for i in sorted({*own[:1], *own[-1:]}):
        run = runs[i]
        cut = run.start + signatures.begin(raw[run.start : run.end])
        if cut < run.end:
            signed.append(_strip("\n".join(raw[cut : run.end])))
            kept[i] = _Run(False, run.start, cut)
    return kept, "\n\n".join(filter(None, signed))


def _said(raw: Sequence[str], run: _Run) -> bool:
    return any(line.strip() for line in raw[run.start : run.end])


def _text(raw: Sequence[str], runs: Sequence[_Run]) -> str:
    return _strip("\n".join(line for run in runs for line in raw[run.start : run.end]))


def _strip(text: str) -> str:
    """Without blank lines at either end and without blanks at the very end; the first line keeps its indent."""
    lines = text.rstrip().split("\n")
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[start:])
