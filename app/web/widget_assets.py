"""The widget's files as a browser gets them: modules joined, comments and indentation dropped, compressed once.

No bundler: the frame's modules are written as ES modules, named in the order they need one another, and joined
into one module here. Budget: loader, frame page, script and style together at most 15 kB gzip.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent.parent / "static" / "widget"
MODULES = ("dom", "host", "wire", "outbox", "thread", "composer", "frame")
SCRIPT, STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"


@dataclass(frozen=True)
class Asset:
    """One file as served: `digest` changes with its content, `packed` is its gzip form."""

    name: str
    media_type: str
    body: bytes
    packed: bytes
    digest: str


@lru_cache
def assets() -> dict[str, Asset]:
    """The files by name: loader.js, frame.js, frame.css, more.js, more.css."""
    made = (
        _asset("loader.js", SCRIPT, squeeze(_text("loader.js"))),
        _asset("frame.js", SCRIPT, join([_text(f"frame/{name}.js") for name in MODULES])),
        _asset("more.js", SCRIPT, squeeze(_text("more.js"))),
        _asset("frame.css", STYLE, squeeze_style(_text("frame/frame.css"))),
        _asset("more.css", STYLE, squeeze_style(_text("more.css"))),
    )
    return {asset.name: asset for asset in made}


def join(modules: list[str]) -> str:
    """Several of our modules as one: their imports of one another and their `export` words fall away.

    They share one scope then, so no two may use the same name at top level; a test sees to that.
    """
    text = "\n".join(
        re.sub(r"^import \{[^}]*\} from \"\./[^\"]+\";\n", "", part, flags=re.M) for part in modules
    )
    return squeeze(re.sub(r"^export ", "", text, flags=re.M))


def squeeze(script: str) -> str:
    """Drop what only people read: lines that are comments, comments at the end of a line, indentation.

    *Trap:* a `//` counts as a comment only after a space, so an address in a string stays whole; and our
    scripts have no template text over several lines.
    """
    lines = (re.sub(r"(^|\s)// .*$", "", line).strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def squeeze_style(style: str) -> str:
    """A style sheet without comments and needless space."""
    bare = re.sub(r"/\*.*?\*/", "", style, flags=re.S)
    return re.sub(r"\s*([{};,>])\s*|(?<=:)\s+", lambda m: m[1] or "", re.sub(r"\s+", " ", bare)).strip()


def _text(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def _asset(name: str, media_type: str, text: str) -> Asset:
    body = text.encode()
    # No time in the gzip header: the same content must give the same bytes in every process.
    packed = gzip.compress(body, 9, mtime=0)
    return Asset(name, media_type, body, packed, hashlib.sha256(body).hexdigest()[:12])
