"""Entity tags (RFC 9110, 8.8.3): the version of a representation, which is the hash of its bytes."""

from __future__ import annotations

import hashlib
import re

import msgspec

from app.api.kinds import Shape

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def of(body: bytes) -> str:
    """The tag of an answer's body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def of_shape(shape: msgspec.Struct) -> str:
    """The tag a GET of this shape has: that of its bytes, but for what moves by itself."""
    told = msgspec.json.encode(shape)
    moving = moving_of(shape)
    if not moving:
        return of(told)
    return of(msgspec.json.encode({k: v for k, v in msgspec.json.decode(told).items() if k not in moving}))


def moving_of(shape: object) -> tuple[str, ...]:
    """The fields of it that move by themselves."""
    return shape.moving if isinstance(shape, Shape) else ()


def matches(given: str, tag: str) -> bool:
    """Whether a header If-Match or If-None-Match names `tag`.

    A weak one is taken as well: proxies that compress make ours weak on the way, and the bytes they stand for are
    the same.
    """
    return given.strip() == "*" or tag in _TAG.findall(given)
