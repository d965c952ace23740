"""What our own side sent with another tool: an answer from Outlook, or from the telephone of the shop."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import brought, connect, inbox, reported
from app.intake.keeping import Kept, keep
from app.intake.outcome import Outcome
from app.intake.people import identity_for
from app.intake.places import places
from app.intake.said import said
from app.models import Channel
from channels import base


def take(db: Session, channel: Channel, event: base.Inbound, receipt_id: int | None) -> Outcome:
    """Store it as ours, in the conversation of whom it was sent to; what we sent ourselves comes back as an echo."""
    identity = identity_for(db, channel, event.sender)
    (place,) = places(db, channel, [(identity, event)])
    if place.echo or reported.is_echo(db, channel, identity, event):
        return {"excluded": "our own echo"}
    beside = connect.features(channel).copies
    received = inbox.sent_elsewhere(db, channel, identity, said(event, place, html_beside=beside))
    told: Outcome = {"message": received.message.id, "new": received.new}
    if not received.new:
        other = received.message.channel_id != channel.id
        return {**told, "excluded": "seen before: another mailbox" if other else "seen before"}
    keep(db, channel, [Kept(event, received.message, receipt_id)])
    brought.bring(db, channel, received.message, identity, event.attachments)
    return told
