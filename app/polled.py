"""Events of a polled channel as bytes: they are stored before they are understood, as a webhook's body is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, get_args

from channels import base

METHOD = "POLL"  # of a raw receipt whose body was written here; no provider sends it
_KINDS = {kind.__name__: kind for kind in (*get_args(base.Event), base.Person, base.Attachment)}


def dumps(events: Sequence[base.Event]) -> bytes:
    """The events as they were, files included."""
    return json.dumps([_plain(event) for event in events], ensure_ascii=True).encode()


def loads(body: bytes) -> list[base.Event]:
    """What :func:`dumps` was given. Raises ValueError, KeyError or TypeError on anything else."""
    return [_built(told) for told in json.loads(body)]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        told = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"event": type(value).__name__, "with": told}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Mapping):
        return {"map": {str(name): _plain(one) for name, one in value.items()}}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _built(told: Any) -> Any:
    if isinstance(told, list):
        return tuple(_built(one) for one in told)
    if not isinstance(told, dict):
        return told
    if "event" in told:
        return _KINDS[told["event"]](**{name: _built(one) for name, one in told["with"].items()})
    if "bytes" in told:
        return base64.b64decode(told["bytes"])
    if "time" in told:
        return datetime.fromisoformat(told["time"])
    return {name: _built(one) for name, one in told["map"].items()}
