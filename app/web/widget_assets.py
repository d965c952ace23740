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

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "static" / "widget"
MINIFIED = ROOT / "static" / "vendor" / "widget"  # see app.minify
SCRIPTS = ("loader", "frame", "more", "suggest")
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
    """The files by name: loader.js, frame.js, frame.css, more.js, more.css, suggest.js."""
    made = [_asset(f"{name}.js", SCRIPT, _smallest(name)) for name in SCRIPTS]
    made.append(_asset("frame.css", STYLE, squeeze_style(_text("frame/frame.css"))))
    made.append(_asset("more.css", STYLE, squeeze_style(_text("more.css"))))
    return {asset.name: asset for asset in made}


def script(name: str) -> str:
    """A script of `SCRIPTS` in one piece, squeezed."""
    if name == "frame":
        return join([_text(f"frame/{module}.js") for module in MODULES])
    return squeeze(_text(f"{name}.js"))


def digest(text: str) -> str:
    """What a file's name follows its content by."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _smallest(name: str) -> str:
    """The minified form made at install time, if it was made from what the script is now."""
    text = script(name)
    made = MINIFIED / f"{name}.{digest(text)}.js"
    return made.read_text("utf-8") if made.is_file() else text


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
    return Asset(name, media_type, body, packed, digest(text))
