"""How Twilio refuses (twilio.com/docs/usage/twilios-response, twilio.com/docs/api/errors)."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response


class Refused(Exception):
    """The answer is an error: HTTP status, code and sentence."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def answer(self) -> Response:
        """As the API says it."""
        told: dict[str, Any] = {"code": self.code, "message": self.message}
        told |= {"more_info": f"https://www.twilio.com/docs/errors/{self.code}", "status": self.status}
        return JSONResponse(told, self.status)


def nobody() -> Refused:
    """Neither the account's secret nor a key of it."""
    return Refused(20003, "Authenticate", 401)


def unknown(path: str) -> Refused:
    """There is no such thing."""
    return Refused(20404, f"The requested resource {path} was not found", 404)


def too_fast() -> Refused:
    """Later."""
    return Refused(20429, "Too Many Requests", 429)


def down() -> Refused:
    """Not accepted."""
    return Refused(20500, "An internal server error has occurred", 500)


# What a number is refused with at once (twilio.com/docs/iam/test-credentials#test-sms-messages); "%s" is the number.
MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
SENTENCES = {
    21211: "Invalid 'To' Phone Number: %s",
    21408: "Permission to send an SMS or MMS has not been enabled for the region indicated by the 'To' number: %s",
    21610: "Attempt to send to unsubscribed recipient",
    21612: "Message cannot be sent with the current combination of 'To' (%s) and 'From' parameters",
    21614: "'To' number: %s, is not a valid mobile number",
}


def to(code: int, number: str) -> Refused:
    """This number cannot be written to."""
    sentence = SENTENCES[code]
    return Refused(code, sentence % number if "%s" in sentence else sentence)
