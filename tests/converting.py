"""A Japanese input method at the keyboard, as Chromium's developer protocol plays one (Input.imeSetComposition)."""

from __future__ import annotations

import time

from playwright.sync_api import CDPSession

# Seconds: static/js/ime.js takes a key within 0.025 of the end for the one that confirmed, as Safari sends it.
OVER = 0.06


def convert(keyboard: CDPSession, kana: str, kanji: str, *, key: int = 13, modifiers: int = 0) -> None:
    """Type `kana` into what has the focus, convert it to `kanji`, confirm with Enter, and rest as a person would.

    `key` is the key code of Enter: 13, or 229 as Windows tells of it; `modifiers` are the protocol's (2 is Control).
    """
    compose(keyboard, *(kana[:end] for end in range(1, len(kana) + 1)), kanji)
    confirm(keyboard, kanji, key=key, modifiers=modifiers)
    time.sleep(OVER)


def compose(keyboard: CDPSession, *shown: str) -> None:
    """Show each of `shown` as what is being converted."""
    for words in shown:
        end = len(words)
        keyboard.send("Input.imeSetComposition", {"text": words, "selectionStart": end, "selectionEnd": end})


def confirm(keyboard: CDPSession, words: str, *, key: int = 13, modifiers: int = 0) -> None:
    """Press Enter; the conversion ends with `words`."""
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": key, "modifiers": modifiers}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    keyboard.send("Input.insertText", {"text": words})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
