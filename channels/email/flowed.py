"""format=flowed (RFC 3676): lines that were broken only to travel are one again."""

import re

_QUOTES = re.compile(r">*")
SIGNATURE = "-- "


def unflow(text: str, delete_space: bool = False) -> str:
    """`text` with its soft breaks undone; `delete_space`: DelSp=yes, the space at a break was put there too.

    Lines keep their quote marks, as "> " before the text; the signature's "-- " stays a line of its own.
    """
    done: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        quotes, content = _read(line)
        signature = content == SIGNATURE
        if paragraph and (quotes != depth or signature):
            done.append(_written(depth, paragraph))
            paragraph = []
        depth = quotes
        flows = content.endswith(" ") and not signature
        paragraph.append(content[:-1] if flows and delete_space else content)
        if not flows:
            done.append(_written(depth, paragraph))
            paragraph = []
    if paragraph:
        done.append(_written(depth, paragraph))
    return "\n".join(done)


def _read(line: str) -> tuple[int, str]:
    """How deep a line is quoted, and what stands there without the space it was stuffed with."""
    depth = len(_QUOTES.match(line).group())  # type: ignore[union-attr]  # it matches the empty string too
    content = line[depth:]
    return depth, content[1:] if content.startswith(" ") else content


def _written(depth: int, paragraph: list[str]) -> str:
    content = "".join(paragraph)
    if content != SIGNATURE:
        content = content.rstrip(" ")
    return f"{'>' * depth} {content}".rstrip() if depth else content
