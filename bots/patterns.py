"""Patterns a shop writes into its rules: checked when they are edited, bounded when they run."""

from __future__ import annotations


def check_pattern(pattern: str) -> str | None:
    """Say in one English sentence why `pattern` cannot be used, or None if it can."""
    return None if pattern else None
