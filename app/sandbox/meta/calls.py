"""A call to the Graph API as its doors take it: JSON, a form or the query, all the same to Meta."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from app.sandbox.meta.trouble import Refused, parameter

BODY_BYTES = 110 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file of a form."""

    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True)
class Call:
    """`node` and `edge` are the parts of the path ("me", "messages"); `told` what was said, the query included."""

    method: str
    node: str
    edge: str
    told: Mapping[str, Any]
    file: Upload | None = None

    def words(self, name: str) -> str:
        """What is said under `name`, "" for nothing."""
        value = self.told.get(name)
        return value if isinstance(value, str) else ""

    def part(self, name: str) -> dict[str, Any]:
        """An object. Raises `Refused`."""
        value = self.told.get(name, {})
        if not isinstance(value, dict):
            raise parameter(f"Param {name} must be a JSON object with string keys")
        return value

    def fields(self, usual: str) -> list[str]:
        """Which fields are asked for, those in braces left out."""
        asked, depth, kept = self.words("fields") or usual, 0, ""
        for one in asked:
            depth += one == "{"
            kept += one if not depth else ""
            depth -= one == "}"
        return [name for name in kept.split(",") if name]

    @property
    def name(self) -> str:
        """By which the record and the rules of misbehaviour know it: its edge, or what it is about."""
        if self.edge == "messages" and not {"message", "type"} & set(self.told):
            return "sender_action"
        return self.edge or "node"


async def read(request: Request, path: str) -> Call:
    """The call that a request is, its version taken off. Raises `Refused`."""
    node, _, edge = path.partition("/")
    told: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if len(body) > BODY_BYTES:
        raise Refused(1, "Request entity too large", status=413)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    file = None
    if kind == "application/json":
        told |= _json(body)
    elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        file = await _form(request, told)
    return Call(request.method, node, edge, told, file)


def _json(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise parameter("The parameters could not be read as JSON") from error
    if not isinstance(told, dict):
        raise parameter("The parameters could not be read as JSON")
    return told


async def _form(request: Request, told: dict[str, Any]) -> Upload | None:
    """Words into `told`, objects of them unpacked; the file."""
    file = None
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                media_type = value.content_type or "application/octet-stream"
                file = Upload(value.filename or name, media_type, await value.read())
            else:
                told[name] = _json(value.encode()) if value.startswith("{") else value
    return file
