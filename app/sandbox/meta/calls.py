"""A call to the Graph API as its doors take it: JSON, a form or the query, all the same to Meta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from app.sandbox import reading
from app.sandbox.files import File
from app.sandbox.meta.trouble import Refused, parameter

BODY_BYTES = 110 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """`node` and `edge` are the parts of the path ("me", "messages"); `told` what was said, the query included."""

    method: str
    node: str
    edge: str
    told: Mapping[str, Any]
    file: File | None = None

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
    try:
        said = await reading.said(request, BODY_BYTES)
        for name, value in said.told.items():
            if isinstance(value, str) and value.startswith("{"):
                said.told[name] = reading.object_of(value)
    except reading.TooLarge:
        raise Refused(1, "Request entity too large", status=413) from None
    except reading.NoObject:
        raise parameter("The parameters could not be read as JSON") from None
    return Call(request.method, node, edge, said.told, said.file)
