"""The visitor's frames, one after the other: what each does and what is answered.

The protocol is written down in ``app/help/widget-protocol.md``; a test drives the examples of that page through
this module.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import segno
from sqlalchemy.orm import Session

from app import connect, continuing, intake
from app.db import now
from app.i18n import gettext, known
from app.models import Channel, Message, ResumeClaim, Visitor
from app.models.conversation import RESOLVED
from app.text import clean
from app.visitors import codes, sessions, status, thread
from app.visitors.sending import Answer, ack, check, checked, mapping_of, page_of, parsed, text_of
from app.visitors.tickets import check_ticket
from app.visitors.trouble import Frame, Trouble, malformed
from channels.base import Receipt

VERSION = 1


def hello(db: Session, channel: Channel, frame: Mapping[str, Any]) -> Answer:
    """Open or resume a session. Raises :class:`Trouble`; nothing is changed then."""
    if frame.get("v") != VERSION:
        raise Trouble("version", "Please reload the page to use the chat.", fatal=True)
    check_ticket(frame.get("ticket"), channel.key, now())
    locale = known(text_of(frame, "locale", 20))
    visitor, token = sessions.by_token(db, channel, frame.get("token")), None
    if visitor is None:
        visitor, token = sessions.begin(db, channel, locale, {})
    visitor.locale = locale
    sessions.seen(visitor, page_of(frame))
    trouble = None
    told = mapping_of(frame, "identity")
    if told:
        before = visitor.id
        try:
            with db.begin_nested():
                visitor, again = sessions.identify(db, channel, visitor, told)
                token = again or token
        except Trouble as wrong:
            trouble = wrong.frame(locale)
        moved = visitor.id != before and frame.get("token") is not None
    else:
        moved = False
    if _needs_identity(channel) and visitor.proved_identity_id is None:
        raise Trouble("identity_required", "Please sign in to use the chat.", fatal=True)
    after = _id(frame, "after") if token is None else None
    answer = Answer(visitor, [_welcome(db, channel, visitor, token, after, moved=moved)])
    return Answer(visitor, answer.frames + ([trouble] if trouble else []) + codes.pending(db, visitor))


def handle(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """Do what one frame after the hello asks for. Raises :class:`Trouble`."""
    verb = VERBS.get(str(frame.get("t")))
    if verb is None:
        raise malformed()
    sessions.seen(visitor)
    return verb(db, channel, visitor, frame)


def _welcome(
    db: Session,
    channel: Channel,
    visitor: Visitor,
    token: str | None,
    after: int | None,
    *,
    moved: bool = False,
) -> Frame:
    ids = sessions.identities(db, visitor)
    told: Frame = {"t": "welcome", "v": VERSION, "visitor": status.visitor_state(visitor)}
    if after is not None:
        messages, newer = thread.catch_up(db, ids, after)
        told["newer"] = newer
    else:
        messages, told["older"] = thread.page(db, ids)
    told |= {**status.state(db, visitor), "messages": thread.message_frames(db, messages)}
    told["unread"] = thread.unread(db, messages)
    if token is not None:
        told |= {"token": token, "expires_at": visitor.expires_at.isoformat()}
    if moved:
        told["new_session"] = True
    return told


def _send(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """A message. The same id again is acknowledged again and stored once."""
    sessions.seen(visitor, checked(frame))
    fresh = visitor.identity_id is None and visitor.proved_identity_id is None
    outcome = _accept(db, channel, visitor, frame)
    sessions.settle(db, channel, visitor)
    message = db.get_one(Message, outcome["message"])
    answer = Answer(visitor, [ack(frame["id"], message)])
    if (
        fresh
    ):  # the line could not listen for what did not exist yet: hand over what the message brought about
        messages, _ = thread.page(db, sessions.identities(db, visitor))
        answer.frames.append({"t": "history", "messages": thread.message_frames(db, messages)})
    return answer


def _ask(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """The form before the chat or outside business hours: what they say of themselves, and perhaps a message."""
    told = {name: clean(text_of(frame, name, 254)).strip() for name in ("name", "email", "phone")}
    if told["email"] and ("@" not in told["email"] or " " in told["email"]):
        raise Trouble("email", "Please check the email address.")
    sessions.claim(visitor, {name: value for name, value in told.items() if value})
    text = frame.get("text")  # too long, it is refused as any message is
    if isinstance(text, str) and text.strip():
        return _send(db, channel, visitor, {**frame, "t": "send"})
    return Answer(visitor, [{"t": "ack", "id": text_of(frame, "id", 100)}])


def _passing(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """Typing: nothing is answered, and before the first message there is nobody to tell."""
    if visitor.identity_id or visitor.proved_identity_id:
        _accept(db, channel, visitor, frame)
    return Answer(visitor)


def _read(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """Everything up to a message has been on their screen."""
    id = _id(frame, "message")
    message = db.get(Message, id) if id else None
    if message is None or message.identity_id not in sessions.identities(db, visitor):
        raise malformed()
    person = sessions.sender(db, channel, visitor)
    intake.accept(db, channel, [Receipt("", "read", at=message.sent_at, person=person, through=True)])
    return Answer(visitor)


def _end(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    if visitor.identity_id or visitor.proved_identity_id:
        _accept(db, channel, visitor, frame)
    head = sessions.head(db, visitor)
    kept = head is not None and head.status != RESOLVED  # an answer is owed: the matter stays open
    return Answer(visitor, [{"t": "ended", **status.state(db, visitor), "kept": kept}])


def _rate(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    if not (visitor.identity_id or visitor.proved_identity_id):
        raise Trouble("nothing", "There is nothing to rate yet.")
    _accept(db, channel, visitor, frame)
    return Answer(visitor, [{"t": "rated"}])


def _helped(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """Whether an answer of the bot helped; said again, the later word holds."""
    id = _id(frame, "message")
    if not id or not isinstance(frame.get("yes"), bool):
        raise malformed()
    outcome = _accept(db, channel, visitor, frame)
    if "of" not in outcome:
        raise malformed()
    return Answer(visitor, [{"t": "helped", "message": id, "yes": frame["yes"]}])


def _history(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    ids, after = sessions.identities(db, visitor), _id(frame, "after")
    if after is not None:
        messages, newer = thread.catch_up(db, ids, after)
        return Answer(
            visitor, [{"t": "history", "messages": thread.message_frames(db, messages), "newer": newer}]
        )
    messages, older = thread.page(db, ids, before=_id(frame, "before"))
    return Answer(
        visitor, [{"t": "history", "messages": thread.message_frames(db, messages), "older": older}]
    )


def _identify(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    now_visitor, token = sessions.identify(db, channel, visitor, mapping_of(frame, "identity"))
    told = _welcome(db, channel, now_visitor, token, None, moved=token is not None)
    return Answer(now_visitor, [told])


def _reset(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    sessions.reset(db, visitor)
    return Answer(None, [{"t": "bye"}])


def _code(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    issued = codes.issue_code(db, visitor)
    told: Frame = {"t": "code", "code": issued.typed, "expires_at": issued.until.isoformat()}
    if url := continuing.page_of(visitor, issued.sent):
        told |= {"url": url, "qr": _picture(url)}
    told["ways"] = [
        {"label": gettext(visitor.locale, one.label), "url": one.url}
        for one in continuing.openings(db, issued.sent)
    ]
    return Answer(visitor, [told])


def _picture(url: str) -> str:
    """A QR code as an SVG document without a size of its own."""
    out = io.BytesIO()
    segno.make(url, micro=False).save(out, kind="svg", xmldecl=False, border=2, omitsize=True)
    return out.getvalue().decode()


def _redeem(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    got = codes.redeem(db, channel, visitor, frame.get("code"))
    if isinstance(got, ResumeClaim):
        return Answer(visitor, [codes.waiting_frame(got)])
    made, token = got
    return Answer(made, [_welcome(db, channel, made, token, None, moved=True)])


def _allow(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    """Whether who came with the code of an address is they, said in the old chat."""
    return Answer(visitor, [codes.allow(db, visitor, frame)])


def _pong(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Answer:
    return Answer(visitor, [{"t": "pong"}] if frame.get("t") == "ping" else [])


Verb = Callable[[Session, Channel, Visitor, Mapping[str, Any]], Answer]
VERBS: dict[str, Verb] = {
    "send": _send,
    "ask": _ask,
    "typing": _passing,
    "read": _read,
    "end": _end,
    "rate": _rate,
    "helped": _helped,
    "history": _history,
    "identify": _identify,
    "reset": _reset,
    "code": _code,
    "redeem": _redeem,
    "allow": _allow,
    "ping": _pong,
    "pong": _pong,
}


def _accept(db: Session, channel: Channel, visitor: Visitor, frame: Mapping[str, Any]) -> Mapping[str, Any]:
    """Through the one door in. Raises :class:`Trouble` where the connector or the core would not have it."""
    request, events = parsed(db, channel, visitor, frame)
    outcomes = intake.accept(db, channel, events)
    if frame.get("t") == "send":  # kept as it came, like what comes by a webhook, for the books to be checked
        receipt = intake.store(db, channel, request)
        receipt.state, receipt.parsed_at, receipt.outcome = "parsed", now(), outcomes
    check(outcomes[0], message=frame.get("t") == "send")
    return outcomes[0]


def _needs_identity(channel: Channel) -> bool:
    return bool(connect.connector(channel).settings.require_identity)


def _id(frame: Mapping[str, Any], name: str) -> int | None:
    value = frame.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise malformed()
    return value
