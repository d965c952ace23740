"""What a transcript of Zoom Phone tells: JSON with a timeline, as “Download a phone recording transcript” hands it out
(https://developers.zoom.us/docs/api/phone/, /phone/recording_transcript/download/{recordingId})."""

import json
from typing import Any

from channels import telephony
from channels.protocols import Turn
from channels.values import word

MOST = 10_000  # turns


def turns(data: bytes) -> list[Turn]:
    """Total: what is no such file tells nothing."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return []
    found = told.get("timeline") if isinstance(told, dict) else None
    each = found[:MOST] if isinstance(found, list) else []
    said = [Turn(word(one, "text", telephony.MAX_TRANSCRIPT).strip(), name=_name(one)) for one in each]
    return [one for one in said if one.text]


def _name(one: Any) -> str:
    """Who spoke: by name, or the first of its users."""
    users = one.get("users") if isinstance(one, dict) else None
    first = users[0] if isinstance(users, list) and users else None
    return (word(one, "username") or word(first, "username")).strip()
