"""Calls of the Bot API as they come in, and how they are refused (core.telegram.org/bots/api#making-requests)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

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
    body = await request.body()
    if len(body) > BODY_BYTES:
        raise Refused(413, "Request Entity Too Large")
    told: dict[str, Any] = dict(request.query_params)
    files: dict[str, File] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" and body:
        told |= _parsed(body, "can't parse JSON object")
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        await _form(request, told, files)
    for name in OBJECTS & set(told):
        if isinstance(told[name], str) and told[name]:
            told[name] = json.loads(told[name]) if _is_json(told[name]) else told[name]
    return Call(method, told, files)


async def _form(request: Request, told: dict[str, Any], files: dict[str, File]) -> None:
    async with request.form(max_part_size=BODY_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                media_type = (value.content_type or "application/octet-stream").partition(";")[0]
                files[name] = File("", value.filename or name, media_type, await value.read())
            else:
                told[name] = value


def _parsed(body: bytes, otherwise: str) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise bad(otherwise) from None
    if not isinstance(told, dict):
        raise bad(otherwise)
    return told


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
