"""What a visitor's frame can run into, as the error frame they are told it with."""

from __future__ import annotations

from typing import Any

from app.i18n import gettext
from app.text import clean

Frame = dict[str, Any]
ENDED = "This conversation was closed on this device. Please open the chat again."


class Trouble(Exception):
    """`code` is for programs, `sentence` (an English msgid) for the person. `fatal`: do not come back with it.

    `retry_after`: seconds after which the same frame will be taken; it is kept by the client meanwhile.
    """

    def __init__(
        self, code: str, sentence: str, *, fatal: bool = False, retry_after: float = 0.0, **values: object
    ) -> None:
        super().__init__(code)
        self.code, self.sentence, self.values = code, sentence, values
        self.fatal, self.retry_after = fatal, retry_after

    def frame(self, locale: str, id: object = None) -> Frame:
        """The error frame; `id` names the client's frame it answers."""
        told: Frame = {
            "t": "error",
            "code": self.code,
            "sentence": gettext(locale, self.sentence, **self.values),
        }
        if self.fatal:
            told["fatal"] = True
        if self.retry_after:
            told["retry_after"] = round(self.retry_after, 1)
        if isinstance(id, str) and id:
            told["id"] = clean(id[:100])  # a lone surrogate could not be sent back
        return told


def malformed(sentence: str = "This was not understood.") -> Trouble:
    """A frame that breaks the protocol."""
    return Trouble("malformed", sentence)
