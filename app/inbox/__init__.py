"""The verbs: everything that can happen to a conversation, as plain functions on a session.

Each takes the session first, never commits, holds the conversation while it changes it, and records one
event. What a person may not do is refused with a sentence (:class:`Refused`).
"""

from app.inbox.arriving import arrived
from app.inbox.cases import rate, reopen, resolve, resolve_with, snooze, wake
from app.inbox.changing import edit, unsend
from app.inbox.deciding import give_back, settle, take
from app.inbox.elsewhere import sent_elsewhere
from app.inbox.escalations import escalate
from app.inbox.holding import Refused, hold, hold_all
from app.inbox.labels import put_label, remove_label
from app.inbox.links import link, unlink
from app.inbox.merging import keep_apart, merge, unmerge
from app.inbox.messages import bot_reply, note, reply, retry
from app.inbox.ownership import assign, give_to_team, hand_back, hand_over, take_over
from app.inbox.profile import Profile, edit_customer, note_version
from app.inbox.reacting import react, reactions_of
from app.inbox.reading import (
    claim_lock,
    discard_draft,
    mark_read,
    read_to,
    release_lock,
    save_draft,
    version_saying,
)
from app.inbox.receiving import Received, Said, receive
from app.inbox.relocating import move, put_back, restand, split
from app.inbox.rereading import become, give_way
from app.inbox.strangers import tell_of_stranger

__all__ = [
    "Profile",
    "Received",
    "Refused",
    "Said",
    "arrived",
    "assign",
    "become",
    "bot_reply",
    "claim_lock",
    "discard_draft",
    "edit",
    "edit_customer",
    "escalate",
    "give_back",
    "give_to_team",
    "give_way",
    "hand_back",
    "hand_over",
    "hold",
    "hold_all",
    "keep_apart",
    "link",
    "mark_read",
    "merge",
    "move",
    "note",
    "note_version",
    "put_back",
    "put_label",
    "rate",
    "react",
    "reactions_of",
    "read_to",
    "receive",
    "release_lock",
    "remove_label",
    "reopen",
    "reply",
    "resolve",
    "resolve_with",
    "restand",
    "retry",
    "save_draft",
    "sent_elsewhere",
    "settle",
    "snooze",
    "split",
    "take",
    "take_over",
    "tell_of_stranger",
    "unlink",
    "unmerge",
    "unsend",
    "version_saying",
    "wake",
]
