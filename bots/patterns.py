"""Patterns a shop writes into its rules: checked when they are edited, bounded when they run.

A backtracking engine can take years over a short text, for instance `(a+)+b`. So patterns that repeat
something that already varies are refused, and the rest runs under a time limit as the last resort.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import regex

_LONGEST = 300
_PATIENCE_S = 0.05
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_REFERENCE = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")
_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_HEAD = re.compile(r"\((?:\?(?:P<\w+>|<[=!]|#[^)]*\)|[a-zA-Z-]*[:)]|[=!>]))?")
_SET_OPERATION = re.compile(r"\[.*\[|--|&&|\|\||~~", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is safe to run on whatever a customer writes."""

    compiled: regex.Pattern[str]

    def found_in(self, text: str) -> bool:
        """Whether it occurs in `text`; a search that takes too long has found nothing."""
        try:
            return self.compiled.search(text, timeout=_PATIENCE_S) is not None
        except TimeoutError:
            return False


def check_pattern(pattern: str) -> str | None:
    """Say in one English sentence why `pattern` cannot be used, or None if it can."""
    if len(pattern) > _LONGEST:
        return f"The pattern is longer than {_LONGEST} characters."
    if _REFERENCE.search(pattern):
        return "The pattern refers back to an earlier group, which can take too long to search."
    if any(_SET_OPERATION.search(found[0]) for found in _SET.finditer(pattern)):
        return "The pattern has one set of characters inside another; put a backslash before the inner sign."
    return _unreadable(pattern) or _runaway(pattern)


def compile_pattern(pattern: str) -> Pattern | None:
    """`pattern` ready to run, or None if it is empty or refused."""
    if not pattern or check_pattern(pattern):
        return None
    return Pattern(regex.compile(pattern, regex.IGNORECASE))


def _unreadable(pattern: str) -> str | None:
    """Both engines must read it: what only one of them knows (recursion, fuzziness) is not for rules."""
    try:
        re.compile(pattern, re.IGNORECASE)
        regex.compile(pattern, regex.IGNORECASE)
    except (re.error, regex.error, ValueError, OverflowError, RecursionError):
        return "The pattern cannot be read. Look at its brackets, repeats and backslashes."
    return None


def _runaway(pattern: str) -> str | None:
    """Whether a repeated group holds something that varies in length."""
    groups = [False]
    closed = False
    place = 0
    while place < len(pattern):
        token = _token(pattern, place)
        repeats = token in ("*", "+") or _counts(token)
        if repeats and closed:
            return "The pattern repeats a group that itself contains a repeat or a choice; spell it out."
        varies = groups.pop() if token == ")" and len(groups) > 1 else False
        if token.startswith("(") and not token.endswith(")"):
            groups.append(False)
        groups[-1] = groups[-1] or varies or repeats or token in ("?", "|")
        closed = varies
        place += len(token)
    return None


def _token(pattern: str, place: int) -> str:
    """The sign at `place`: an escaped character, a set, the head of a group, a count, or one character."""
    if pattern[place] == "\\":
        return pattern[place : place + 2]
    if pattern[place] == "[" and (found := _SET.match(pattern, place)):
        return found[0]
    if pattern[place] == "(" and (found := _HEAD.match(pattern, place)):
        return found[0]
    if pattern[place] == "{" and (found := _COUNT.match(pattern, place)):
        return found[0]
    return pattern[place]


def _counts(token: str) -> bool:
    return token.startswith("{") and len(token) > 1
