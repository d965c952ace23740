"""What a transcript of Zoom Phone tells: JSON with a timeline, as “Download a phone recording transcript” hands it out
(https://developers.zoom.us/docs/api/phone/, /phone/recording_transcript/download/{recordingId})."""

from collections.abc import Mapping
from typing import Any

from channels import telephony
from channels.protocols import Turn
from channels.values import word


def turns(data: bytes) -> list[Turn]:
    """Total: what is no such file tells nothing."""
    (each,) = telephony.in_transcript(data, "timeline")
    said = [Turn(word(one, "text", telephony.MAX_TRANSCRIPT).strip(), name=_name(one)) for one in each]
    return [one for one in said if one.text]


def _name(one: Mapping[str, Any]) -> str:
    """Who spoke: by name, or the first of its users."""
    users = one.get("users")
    first = users[0] if isinstance(users, list) and users else None
    return (word(one, "username") or word(first, "username")).strip()
