"""What is said in a call of an API: in its query, in a JSON document or in a form, all the same to most platforms."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from app.sandbox.files import File

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class TooLarge(ValueError):
    """More than the platform takes."""


class NoObject(ValueError):
    """What should be a JSON object is none."""


@dataclass
class Said:
    """`told`: every word of it. `files`: those of a form, by the names of their fields."""

    told: dict[str, Any]
    files: dict[str, File] = field(default_factory=dict)

    @property
    def file(self) -> File | None:
        """The one file, where there is no other."""
        return next(iter(self.files.values()), None)


async def said(request: Request, most: int) -> Said:
    """In a call of at most `most` bytes. Raises `TooLarge`, `NoObject`."""
    found, body = Said(dict(request.query_params)), await request.body()
    if len(body) > most:
        raise TooLarge
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" and body:
        found.told |= object_of(body)
    elif kind in FORMS:
        await _form(request, found, most)
    return found


def object_of(body: bytes | str) -> dict[str, Any]:
    """The JSON object that it is. Raises `NoObject`."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise NoObject from None
    if not isinstance(told, dict):
        raise NoObject
    return told


async def _form(request: Request, found: Said, most: int) -> None:
    async with request.form(max_part_size=most) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                media_type = (value.content_type or "application/octet-stream").partition(";")[0]
                found.files[name] = File("", value.filename or name, media_type, await value.read())
            else:
                found.told[name] = value
