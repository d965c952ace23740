"""The feature matrix: what every kind can do, as Markdown. `python -m channels.matrix` writes FEATURES.md."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from channels import registry
from channels.base import (
    Challenge,
    Collecting,
    Connector,
    Expiring,
    Fetching,
    Health,
    Linking,
    MarksRead,
    Measuring,
    Polling,
    Profile,
    TypingIndicator,
)

PATH = Path(__file__).with_name("FEATURES.md")

_HEAD = """# What each channel can do

Made by `python -m channels.matrix` from what the connectors declare; a test holds it current.

"""
_UNITS = {"chars": "characters", "utf16": "UTF-16 units", "bytes": "bytes"}

Kind = type[Connector[Any]]


def render() -> str:
    """The whole page, one column a kind, for the kinds that come with the product."""
    kinds = [registry.connector(name) for name in registry.KINDS]
    lines = [["", *(kind.label for kind in kinds)], ["---"] * (len(kinds) + 1)]
    lines += [[title, *(tell(kind) for kind in kinds)] for title, tell in _ROWS.items()]
    return _HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _yes(value: object) -> str:
    return "yes" if value else "–"


def _length(kind: Kind) -> str:
    most = kind.features.max_length
    return f"{most:,} {_UNITS[kind.features.length_unit]}" if most else "no limit"


def _files(kind: Kind) -> str:
    most = kind.features.max_attachment_bytes
    types = ", ".join(kind.features.attachment_types)
    return f"up to {most // 1_000_000} MB{f' ({types})' if types else ''}" if most else "–"


def _replies(kind: Kind) -> str:
    most = kind.features.max_quick_replies
    return f"up to {most}" if most else "–"


def _window(kind: Kind) -> str:
    window, most = kind.features.reply_window, kind.features.window_messages
    hours = f"{window // timedelta(hours=1)} hours" if window else "always"
    return f"{hours}, {most} messages" if most else hours


def _transport(kind: Kind) -> str:
    if kind.features.live:
        return "its own socket"
    if issubclass(kind, Collecting):
        return "fetching or webhook"
    return "polling" if issubclass(kind, Polling) else "webhook"


_ROWS: dict[str, Callable[[Kind], str]] = {
    "Kind": lambda kind: f"`{kind.kind}`",
    "Beta": lambda kind: _yes(kind.features.beta),
    "Comes in by": _transport,
    "Needs a public address": lambda kind: _yes(kind.features.needs_public_url),
    "Longest text": _length,
    "HTML": lambda kind: _yes(kind.features.html),
    "Subject": lambda kind: _yes(kind.features.subject),
    "Files": _files,
    "Quick replies": _replies,
    "Typing seen": lambda kind: _yes(kind.features.typing),
    "Typing shown": lambda kind: _yes(kind.features.live or issubclass(kind, TypingIndicator)),
    "Marked as read": lambda kind: _yes(issubclass(kind, MarksRead)),
    "Read receipts": lambda kind: _yes(kind.features.read_receipts),
    "Edits": lambda kind: _yes(kind.features.edits),
    "Reactions": lambda kind: _yes(kind.features.reactions),
    "Answers quote": lambda kind: _yes(kind.features.quotes),
    "Can be answered": lambda kind: "–" if kind.features.inbound_only else _window(kind),
    "Can start a conversation": lambda kind: _yes(kind.features.push),
    "Sent again without doubling": lambda kind: _yes(kind.features.idempotent),
    "Charged by the part": lambda kind: _yes(issubclass(kind, Measuring)),
    "Files fetched by reference": lambda kind: _yes(issubclass(kind, Fetching)),
    "Profile lookup": lambda kind: _yes(issubclass(kind, Profile)),
    "Accounts linked": lambda kind: _yes(issubclass(kind, Linking)),
    "Answers challenges": lambda kind: _yes(issubclass(kind, Challenge)),
    "Looks after its token": lambda kind: _yes(issubclass(kind, Expiring)),
    "Test from settings": lambda kind: _yes(issubclass(kind, Health)),
}


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
