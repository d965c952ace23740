"""The words of call logs, from `words.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

WORDS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
