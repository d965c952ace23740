"""The parts a mail is made of (RFC 2046), found in its bytes without copying them.

The standard library's parser takes time in proportion to lines × depth, and holds a mail several times over in
memory; this one looks for boundaries only, counts what it finds, and stops at fixed limits, so that no mail is a bomb.
What is beyond a limit is not lost: it stays inside the part around it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from channels.email import headers, parameters, transfer
from channels.email.headers import Headers
from channels.email.parameters import Parameterized

MAX_PARTS = 1_000
MAX_DEPTH = 16
_MAX_LOOKS = 50_000
_FIRST_BOUNDARY = re.compile(rb"^--([^\s][^\r\n]{0,199}?)[ \t]*\r?$", re.M)
_MULTIPART = "multipart/"


@dataclass
class Budget:
    """What may still be looked at in one mail; shared by all its parts."""

    parts: int = MAX_PARTS
    looks: int = _MAX_LOOKS
    problems: list[str] = field(default_factory=list)

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)


@dataclass(frozen=True)
class Part:
    """One part: its headers, and where its body lies in `source`. A multipart has `children`."""

    headers: Headers
    source: bytes = field(repr=False)
    start: int
    end: int
    content_type: Parameterized
    disposition: Parameterized
    media_type: str
    children: tuple["Part", ...] = ()

    @property
    def raw(self) -> bytes:
        return self.source[self.start : self.end]

    @property
    def name(self) -> str:
        return parameters.file_name(self.disposition, self.content_type)

    def data(self, budget: Budget) -> bytes:
        """The body, its transfer encoding undone."""
        encoding, known = transfer.name(self.headers.text("content-transfer-encoding"))
        if not known:
            budget.problem("The transfer encoding of a part is unknown.")
        data, sound = transfer.decode(self.raw, encoding)
        if not sound:
            budget.problem("The transfer encoding of a part is broken.")
        return data


def parse(source: bytes, budget: Budget, start: int = 0, end: int | None = None, depth: int = 0) -> Part:
    """The part that lies there. Never raises."""
    end = len(source) if end is None else end
    block = headers.parse(source, start, end)
    if block.broken:
        budget.problem("The header is broken.")
    if block.cut:
        budget.problem("The header is too long; the rest of it was not read.")
    content_type = parameters.parse(block.text("content-type"))
    disposition = parameters.parse(block.text("content-disposition"))
    kind = parameters.media_type(content_type.value) or "text/plain"
    part = Part(block, source, min(block.start, end), end, content_type, disposition, kind)
    return _multipart(part, budget, depth) if kind.startswith(_MULTIPART) else part


def _multipart(part: Part, budget: Budget, depth: int) -> Part:
    if depth >= MAX_DEPTH:
        budget.problem("Parts lie too deep within each other; the innermost were not opened.")
        return part
    source, start, end = _opened(part)
    spans = _spans(source, start, end, part.content_type.parameters.get("boundary", ""), budget)
    children = [parse(source, budget, *span, depth + 1) for span in spans]
    if not children:
        budget.problem("A multipart mail has no parts.")
        return replace(part, media_type="text/plain")
    if part.media_type == "multipart/digest":
        children = [
            child if child.content_type.value else replace(child, media_type="message/rfc822")
            for child in children
        ]
    return replace(part, children=tuple(children))


def _opened(part: Part) -> tuple[bytes, int, int]:
    """Where the parts are to be looked for: a multipart that was encoded as a whole, which is forbidden and
    happens, is decoded first."""
    encoding, _ = transfer.name(part.headers.text("content-transfer-encoding"))
    boundary = b"--" + part.content_type.parameters.get("boundary", "").encode("utf-8", "replace")
    if not encoding or part.source.find(boundary, part.start, part.end) >= 0:
        return part.source, part.start, part.end
    decoded, _ = transfer.decode(part.raw, encoding)
    return (decoded, 0, len(decoded)) if boundary in decoded else (part.source, part.start, part.end)


def _spans(source: bytes, start: int, end: int, boundary: str, budget: Budget) -> list[tuple[int, int]]:
    """Where the parts between the boundary's lines lie; where the boundary is not to be found, a likely one."""
    given = boundary.rstrip().encode("utf-8", "replace")
    lines = list(_boundary_lines(source, start, end, given, budget)) if given else []
    if not lines and (guess := _FIRST_BOUNDARY.search(source, start, min(end, start + 65_536))):
        budget.problem("The boundary between the parts is not the one that is declared.")
        lines = list(_boundary_lines(source, start, end, guess[1], budget))
    spans: list[tuple[int, int]] = []
    for index, (_, after, last) in enumerate(lines):
        if last:
            break
        until = lines[index + 1][0] if index + 1 < len(lines) else end
        spans.append((after, max(after, until)))
    else:
        if lines:
            budget.problem("The mail is cut off: its last boundary is missing.")
    return spans


def _boundary_lines(
    source: bytes, start: int, end: int, boundary: bytes, budget: Budget
) -> Iterator[tuple[int, int, bool]]:
    """Each boundary line: where the part before it ends, where the next begins, whether it is the last."""
    mark = b"--" + boundary
    position = source.find(mark, start, end)
    while position >= 0:
        if budget.parts <= 0 or budget.looks <= 0:
            budget.problem("There are too many parts; the rest of them were not opened.")
            return
        budget.looks -= 1
        line = _line_at(source, position, end, mark, start)
        if line is not None:
            budget.parts -= 1
            yield line
            if line[2]:
                return
        # From here on only at the beginning of a line.
        found = source.find(b"\n" + mark, position + 1, end)
        position = found + 1 if found >= 0 else -1


def _line_at(source: bytes, position: int, end: int, mark: bytes, start: int) -> tuple[int, int, bool] | None:
    before = position
    if position > start:
        if source[position - 1] not in b"\n":
            return None
        before = position - (2 if source[position - 2 : position] == b"\r\n" else 1)
    stop = source.find(b"\n", position, min(end, position + len(mark) + 100))
    after = stop + 1 if stop >= 0 else min(end, position + len(mark) + 100)
    tail = source[position + len(mark) : after].strip()
    return (max(before, start), after, tail == b"--") if tail in (b"", b"--") else None
