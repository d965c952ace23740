"""The verbs: everything that can happen to a conversation, as plain functions on a session.

Each takes the session first, never commits, holds the conversation while it changes it, and records one
event. What a person may not do is refused with a sentence (:class:`Refused`).
"""

from app.inbox.cases import rate, reopen, resolve, snooze, wake
from app.inbox.escalations import escalate, give_back, settle, take
from app.inbox.holding import Refused, hold, hold_all
from app.inbox.labels import put_label, remove_label
from app.inbox.links import link, unlink
from app.inbox.messages import bot_reply, edit, note, reply, retry, unsend
from app.inbox.ownership import assign, hand_back, hand_over, take_over
from app.inbox.profile import Profile, edit_customer
from app.inbox.reading import claim_lock, discard_draft, mark_read, release_lock, save_draft
from app.inbox.receiving import Received, Said, receive

__all__ = [
    "Profile",
    "Received",
    "Refused",
    "Said",
    "assign",
    "bot_reply",
    "claim_lock",
    "discard_draft",
    "edit",
    "edit_customer",
    "escalate",
    "give_back",
    "hand_back",
    "hand_over",
    "hold",
    "hold_all",
    "link",
    "mark_read",
    "note",
    "put_label",
    "rate",
    "receive",
    "release_lock",
    "remove_label",
    "reopen",
    "reply",
    "resolve",
    "retry",
    "save_draft",
    "settle",
    "snooze",
    "take",
    "take_over",
    "unlink",
    "unsend",
    "wake",
]
