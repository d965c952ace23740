"""The files of an account: what customers sent, and what was sent to them; and of a customer's act."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.house import BadAct

ALL_BYTES = 64 * 1024 * 1024  # the oldest go first


@dataclass
class File:
    """`user`: who sent it or got it."""

    user: str
    name: str
    media_type: str
    body: bytes
    gone: bool = False


class Files:
    """By their ids."""

    def __init__(self) -> None:
        self._kept: dict[str, File] = {}
        self._bytes = 0

    def keep(self, id: str, file: File) -> None:
        """Keep one; the oldest make room."""
        self._kept[id] = file
        self._bytes += len(file.body)
        while self._bytes > ALL_BYTES:
            self._bytes -= len(self._kept.pop(next(iter(self._kept))).body)

    def find(self, id: str) -> File | None:
        """None for one that never was."""
        return self._kept.get(id)

    def drop(self, id: str) -> None:
        """Nothing of it stays; that there was one is still known."""
        if file := self._kept.get(id):
            self._bytes -= len(file.body)
            file.gone, file.body = True, b""


def of_act(user: str, action: Mapping[str, Any], usual: str, most: int) -> File:
    """The file of what a customer does: `content` in base64, `type` its media type, `name`. Raises `BadAct`."""
    try:
        body = base64.b64decode(str(action.get("content", "")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAct("content must be base64") from error
    if not 0 < len(body) <= most:
        raise BadAct(f"content must be a file of 1 byte to {most // 2**20} MB")
    return File(user, str(action.get("name") or "file"), str(action.get("type") or usual), body)
