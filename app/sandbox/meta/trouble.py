"""How the Graph API refuses (developers.facebook.com/docs/graph-api/guides/error-handling,
developers.facebook.com/docs/messenger-platform/error-codes)."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The answer is an error: HTTP status, code and subcode, Meta's sentence; `data` is WhatsApp's `error_data`."""

    def __init__(
        self,
        code: int,
        message: str,
        subcode: int = 0,
        status: int = 400,
        type: str = "OAuthException",
        transient: bool = False,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.status, self.message = code, subcode, status, message
        self.type, self.transient, self.data = type, transient, data

    def told(self, trace: str) -> dict[str, Any]:
        """The answer's JSON; `trace` is the number Meta's support asks for."""
        about: dict[str, Any] = {"message": self.message, "type": self.type, "code": self.code}
        if self.subcode:
            about["error_subcode"] = self.subcode
        if self.transient:
            about["is_transient"] = True
        if self.data:
            about["error_data"] = self.data
        return {"error": {**about, "fbtrace_id": trace}}


def parameter(sentence: str, subcode: int = 0) -> Refused:
    """Something in the request is not as it must be."""
    return Refused(100, f"(#100) {sentence}", subcode)


def unknown(id: str, method: str = "GET") -> Refused:
    """There is no such thing, or it has no such edge."""
    why = "cannot be loaded due to missing permissions, or does not support this operation"
    sentence = f"Unsupported {method.lower()} request. Object with ID '{id}' does not exist, {why}."
    return Refused(100, sentence, 33, type="GraphMethodException")


def no_token() -> Refused:
    """Nobody's, or none at all."""
    return Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)


def expired() -> Refused:
    """It was good once."""
    return Refused(190, "Error validating access token: Session has expired.", 463, status=401)


def outside_window(subcode: int, status: int) -> Refused:
    """They wrote too long ago."""
    return Refused(10, "(#10) This message is sent outside of allowed window.", subcode, status)


def nobody() -> Refused:
    """No such person has written to the account."""
    return Refused(100, "(#100) No matching user found", 2018001)


def not_available() -> Refused:
    """They have blocked the account, or are gone."""
    return Refused(551, "(#551) This person isn't available right now.", 1545041)


def down() -> Refused:
    """It passes."""
    return Refused(2, "Service temporarily unavailable", status=503, transient=True)
