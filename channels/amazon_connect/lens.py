"""What a file of Contact Lens tells of what was said
(https://docs.aws.amazon.com/connect/latest/adminguide/contact-lens-example-output-files.html)."""

import json
from typing import Any

from channels import telephony
from channels.protocols import Turn
from channels.values import word

MOST = 10_000  # turns
_ROLES = {"CUSTOMER": "customer", "AGENT": "agent"}


def turns(data: bytes) -> list[Turn]:
    """Total: what is no such file tells nothing."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return []
    roles = {word(one, "ParticipantId"): word(one, "ParticipantRole") for one in _list(told, "Participants")}
    made = []
    for one in _list(told, "Transcript"):
        text, id = word(one, "Content", telephony.MAX_TRANSCRIPT), word(one, "ParticipantId")
        if text:
            made.append(Turn(text, who=_ROLES.get((roles.get(id) or id).upper(), "")))
    return made


def _list(told: Any, name: str) -> list[Any]:
    found = told.get(name) if isinstance(told, dict) else None
    return [one for one in found[:MOST] if isinstance(one, dict)] if isinstance(found, list) else []
