"""Calls of the Bot API as they come in, and how they are refused (core.telegram.org/bots/api#making-requests)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox import reading
from app.sandbox.files import File

BODY_BYTES = 52 * 1024 * 1024
FALSE = ("", "0", "false", "no")
OBJECTS = {  # parameters that are JSON, also where the call itself is a form
    "allowed_updates",
    "link_preview_options",
    "media",
    "reaction",
    "reply_markup",
    "reply_parameters",
}


class Refused(Exception):
    """The answer is an error: its status and description; `parameters` say what can be done about it."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters

    def answer(self) -> Response:
        """As the API says it."""
        told: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            told["parameters"] = self.parameters
        return JSONResponse(told, self.status)


def bad(what: str, **parameters: int) -> Refused:
    """400."""
    return Refused(400, f"Bad Request: {what}", **parameters)


@dataclass(frozen=True)
class Call:
    """`told`: the parameters. `files`: what was uploaded, by the field it stands in."""

    method: str
    told: Mapping[str, Any]
    files: Mapping[str, File] = field(default_factory=dict)

    def words(self, name: str) -> str:
        """A string, "" for none; numbers may stand for one."""
        value = self.told.get(name)
        return "" if value is None or isinstance(value, bool | dict | list) else str(value)

    def number(self, name: str, otherwise: int = 0) -> int:
        """A whole number. Raises `Refused`."""
        try:
            return int(self.words(name) or otherwise)
        except ValueError:
            raise bad(f'field "{name}" must be a Number') from None

    def degrees(self, name: str) -> float:
        """Raises `Refused`."""
        try:
            return float(self.words(name))
        except ValueError:
            raise bad(f"{name} must be non-empty") from None

    def truth(self, name: str) -> bool:
        """Whether it is told and not false."""
        return str(self.told.get(name, "")).lower() not in FALSE

    def object(self, name: str) -> dict[str, Any]:
        """An object, {} for none. Raises `Refused`."""
        value = self.told.get(name) or {}
        if not isinstance(value, dict):
            raise bad("object expected as " + name.replace("_", " "))
        return value


async def read(request: Request, method: str) -> Call:
    """A call in any of the four ways it may be made. Raises `Refused`."""
    try:
        said = await reading.said(request, BODY_BYTES)
    except reading.TooLarge:
        raise Refused(413, "Request Entity Too Large") from None
    except reading.NoObject:
        raise bad("can't parse JSON object") from None
    for name in OBJECTS & set(said.told):
        with suppress(TypeError, ValueError, RecursionError):  # a string that is no JSON stays as it is
            said.told[name] = json.loads(said.told[name])
    return Call(method, said.told, said.files)
