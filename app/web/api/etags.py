"""Entity tags (RFC 9110, 8.8.3): the version of a representation, which is the hash of its bytes."""

from __future__ import annotations

import hashlib
import re

import msgspec

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def of(body: bytes) -> str:
    """The tag of an answer's body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def of_shape(shape: msgspec.Struct) -> str:
    """The tag a GET of this shape has."""
    return of(msgspec.json.encode(shape))


def matches(given: str, tag: str) -> bool:
    """Whether a header If-Match or If-None-Match names `tag`.

    A weak one is taken as well: proxies that compress make ours weak on the way, and the bytes they stand for are
    the same.
    """
    return given.strip() == "*" or tag in _TAG.findall(given)
