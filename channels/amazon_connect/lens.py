"""What a file of Contact Lens tells of what was said
(https://docs.aws.amazon.com/connect/latest/adminguide/contact-lens-example-output-files.html)."""

from channels import telephony
from channels.protocols import Turn
from channels.values import word

_ROLES = {"CUSTOMER": "customer", "AGENT": "agent"}


def turns(data: bytes) -> list[Turn]:
    """Total: what is no such file tells nothing."""
    people, said = telephony.in_transcript(data, "Participants", "Transcript")
    roles = {word(one, "ParticipantId"): word(one, "ParticipantRole") for one in people}
    made = []
    for one in said:
        text, id = word(one, "Content", telephony.MAX_TRANSCRIPT), word(one, "ParticipantId")
        if text:
            made.append(Turn(text, who=_ROLES.get((roles.get(id) or id).upper(), "")))
    return made
