"""Visitors of the chat widget: who they are, what they may see, and the frames they send.

Both transports (WebSocket and long polling) and anything else that speaks the protocol of
``app/help/widget-protocol.md`` go through here. Everything is sync and takes a session.
"""

from app.visitors.codes import issue_code, pending, redeem
from app.visitors.frames import handle, hello
from app.visitors.live import audience, frames_of, status_audience
from app.visitors.presence import mark_if_gone, touch
from app.visitors.sending import send_all
from app.visitors.sessions import by_token, identities, reset
from app.visitors.thread import catch_up, message_frames, page
from app.visitors.tickets import check_ticket, issue_ticket
from app.visitors.trouble import Trouble

__all__ = [
    "Trouble",
    "audience",
    "by_token",
    "catch_up",
    "check_ticket",
    "frames_of",
    "handle",
    "hello",
    "identities",
    "issue_code",
    "issue_ticket",
    "mark_if_gone",
    "message_frames",
    "page",
    "pending",
    "redeem",
    "reset",
    "send_all",
    "status_audience",
    "touch",
]
