"""An event as the frames agents' pages take in: the message and the row, drawn with the partials of the page.

A page that missed some asks for them and gets the same frames (``/conversations/{id}/changes``).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.db import now
from app.i18n import gettext
from app.models import Agent, Call, Conversation, Customer, Event, Message
from app.models.conversation import HUMAN
from app.queries import VIEWS, belongs, customers_of, may_see
from app.realtime import Change, change_of
from app.render import HasTongue, render, zone_of
from app.web.entries import each_alone, entries
from app.web.pops import is_for, pop_of
from app.web.rows import rows

Frame = dict[str, Any]
MISSED_AT_MOST = 200  # beyond that the page loads itself anew
MOVING = {
    "linked",
    "unlinked",
    "identity.moved",
    "message.moved",
}  # what stands in the thread is another by now
TOUCHED = {"touchpoint.told"}
QUIET = {
    *TOUCHED,
    "note.added", "delivery", "delivery.retried",
    "message.edited", "message.removed", "message.reread", "message.files", "message.reacted",
    "answer.rated", "answer.corrected",
    "task.added", "task.changed", "task.finished", "task.reopened", "task.due", "visit.noted",
}  # fmt: skip
ABOUT_CUSTOMER = {
    "labelled", "unlabelled", "resolved", "reopened", "rated", "customer.changed",
    "consent.given", "consent.withdrawn",
    "task.added", "task.changed", "task.finished", "task.reopened", "task.due",
    *MOVING, *TOUCHED,
}  # fmt: skip


@dataclass(frozen=True)
class News:
    """One change with what it takes to tell anybody of it."""

    change: Change
    head: Conversation
    message: Message | None
    name: str

    @property
    def parts(self) -> list[str]:
        """The parts of the open conversation that look different now."""
        kind = self.change.kind
        parts = [] if kind in QUIET else ["header"]
        parts += ["reaches"] if kind.startswith("consent.") else []
        parts = [*parts, "touched"] if kind in TOUCHED else parts
        return [*parts, "panel"] if kind in ABOUT_CUSTOMER or self.change.data.get("case") else parts

    @property
    def calls(self) -> bool:
        """Whether it is worth calling somebody who is not looking."""
        worth = self.change.kind in ("message.received", "handover", "escalation.returned", "undelivered")
        return worth and not self.change.data.get("quiet") and self.head.owner == HUMAN

    def is_for(self, viewer: Agent, teams: frozenset[int]) -> bool:
        """Whether it tells of work of the viewer's, or of a team of theirs, that has fallen due. What is nobody's yet
        is for whoever has the thread."""
        if self.change.kind != "task.due" or not (viewer.active and viewer.serves):
            return False
        data, head = self.change.data, self.head
        if not any(data.get(whose) for whose in ("assignee", "team", "store")):
            sees = may_see(viewer, teams, head.team_id, head.assignee_id)
            return sees and head.assignee_id in (None, viewer.id)
        return data.get("assignee") == viewer.id or data.get("team") in teams

    def rings_for(self, viewer: Agent) -> bool:
        """Whether it tells of a call that rings on the viewer's telephone."""
        return bool(self.change.data.get("ring")) and is_for(viewer.id, self.change.data.get("for", ()))


def news_of(db: Session, change: Change) -> News | None:
    """The news of a change; nothing if it is about no conversation."""
    if change.conversation_id is None:
        return None
    own = db.get_one(Conversation, change.conversation_id)
    head = own if own.head_id in (None, own.id) else db.get_one(Conversation, own.head_id)
    message = db.get(Message, change.message_id) if change.message_id else None
    if message is not None and _head_of(db.get_one(Conversation, message.conversation_id)) != head.id:
        message = None
    return News(change, head, message, db.get_one(Customer, head.customer_id).name)


def all_news(db: Session, changes: Sequence[Change]) -> list[News]:
    """The news of changes that came together, in few queries; those that are about no conversation have none."""
    about = [change for change in changes if change.conversation_id is not None]
    own = _found(db, Conversation, {change.conversation_id for change in about})
    others = {one.head_id for one in own.values()} - {None, *own}
    heads = own | _found(db, Conversation, others)
    messages = _found(db, Message, {change.message_id for change in about} - {None})
    said_in = own | _found(db, Conversation, {one.conversation_id for one in messages.values()} - {*own})
    customers = customers_of(db, [heads[one.head_id or one.id] for one in own.values()])
    return [
        News(
            change,
            head,
            _shown_in(head, messages.get(change.message_id or 0), said_in),
            customers[head.customer_id].name,
        )
        for change in about
        if (head := heads.get(_head_of(own.get(change.conversation_id or 0)))) is not None
    ]


def _shown_in(
    head: Conversation, message: Message | None, said_in: Mapping[int, Conversation]
) -> Message | None:
    """The message, if its conversation is still shown there: the link under which it was said may be undone."""
    return message if message and _head_of(said_in.get(message.conversation_id)) == head.id else None


def _head_of(own: Conversation | None) -> int:
    return 0 if own is None else own.head_id or own.id


Found = TypeVar("Found", Conversation, Message)


def _found(db: Session, kind: type[Found], ids: Collection[int | None]) -> dict[int, Found]:
    return {one.id: one for one in db.scalars(_by_ids(kind), {"ids": list(ids)})} if ids else {}


@cache
def _by_ids(kind: type[Found]) -> Select[Found]:
    return select(kind).where(kind.id.in_(bindparam("ids", expanding=True)))


def drawn(db: Session, news: News, tongue: HasTongue) -> dict[str, str]:
    """The HTML of the row and of the message in one language and zone."""
    return all_drawn(db, [news], tongue)[0]


def all_drawn(db: Session, all_news: Sequence[News], tongue: HasTongue) -> list[dict[str, str]]:
    """The HTML of the rows and messages of several news, each conversation's row drawn once."""
    heads = list({news.head.id: news.head for news in all_news}.values())
    html = {
        row.id: render("inbox/_row.html", locale=tongue.locale, viewer=tongue, row=row)
        for row in rows(db, None, heads)
    }
    shown = {news.message.id: news for news in all_news if news.message is not None}
    messages = [news.message for news in shown.values() if news.message is not None]
    said = {
        message.id: render(
            "inbox/_entry.html", tongue, entry=entry, conversation_id=shown[message.id].head.id
        )
        for message, entry in zip(messages, each_alone(db, messages, zone_of(tongue)), strict=True)
    }
    return [
        {
            "row": html[news.head.id],
            **({"message": said[news.message.id]} if news.message else {}),
            **({"pop": _pop(db, news, tongue)} if news.change.data.get("ring") else {}),
        }
        for news in all_news
    ]


def _pop(db: Session, news: News, tongue: HasTongue) -> str:
    """Who is calling, for their screens."""
    call = db.get_one(Call, int(news.change.data["call"]))
    return render("inbox/_pops.html", tongue, pops=[pop_of(db, news.head, call)])


def frame(
    news: News, html: Mapping[str, str], viewer: Agent, teams: frozenset[int], read: int, *, looking: bool
) -> Frame | None:
    """The frame for one viewer, or nothing if it is not for their eyes. ``read``: the inbound messages they read."""
    head, change = news.head, news.change
    if not may_see(viewer, teams, head.team_id, head.assignee_id):
        if news.is_for(viewer, teams):
            return {"t": "notice", "notify": _notice_of_task(news, viewer)}
        # It may stand in their list from before it was given to others.
        return {"t": "gone", "conversation": head.id} if change.kind == "assigned" or looking else None
    made: Frame = {
        "t": "event",
        "id": change.id,
        "prev": change.prev,
        "conversation": head.id,
        "kind": change.kind,
        "inbound": change.kind == "message.received",
        "full": looking,
        "row": {
            "html": html["row"],
            "views": [view for view in VIEWS if belongs(view, viewer, teams, head)]
            if head.last_message_at
            else [],
            "unread": max(0, head.inbound_count - read),
        },
    }
    if change.kind == "linked":
        made["instead"] = change.data.get("child")  # it is shown here now, and no more by itself
    made |= {"anew": True} if change.kind in MOVING else {}
    made |= _ringing(news, html, viewer)
    if looking:
        made |= {"parts": news.parts} | ({"message": {"html": html["message"]}} if "message" in html else {})
    if news.calls and head.assignee_id in (None, viewer.id):
        made["notify"] = _notice(news, viewer)
    if news.is_for(viewer, teams):
        made["notify"] = _notice_of_task(news, viewer)
    return made


def _ringing(news: News, html: Mapping[str, str], viewer: Agent) -> Frame:
    """Who calls shows where it rings; where a call goes on, it shows no more."""
    change = news.change
    if change.kind not in ("call.changed", "call.noted"):
        return {}
    if "pop" not in html:
        return {"rang": change.data.get("call", 0)} if change.data.get("state") != "ringing" else {}
    ring = {"id": change.data.get("call", 0), "html": html["pop"]}
    return {"ring": ring} if news.rings_for(viewer) else {}


def missed(db: Session, viewer: Agent, head: Conversation, after: int) -> list[Frame] | None:
    """Frames of what happened in an open conversation after an event; None: too much, load it anew."""
    wanted = select(Event).where(Event.conversation_id == head.id, Event.id > after).order_by(Event.id)
    events = db.scalars(wanted.limit(MISSED_AT_MOST + 1)).all()
    if len(events) > MISSED_AT_MOST or any(event.kind in MOVING for event in events):
        return None
    frames, shown = [], set()
    for event in events:
        news = news_of(db, change_of(event))
        assert news is not None, "an event of a conversation is news of it"
        made: Frame = {"id": event.id, "prev": event.prev_id, "conversation": head.id, "parts": news.parts}
        made |= {"t": "event", "inbound": event.kind == "message.received", "full": True}
        if news.message is not None and news.message.id not in shown:
            shown.add(news.message.id)
            made["message"] = {"html": _entry(db, head, news.message, viewer)}
        frames.append(made)
    return frames


def _entry(db: Session, head: Conversation, message: Message, tongue: HasTongue) -> str:
    (entry,) = entries(db, [message], zone_of(tongue))
    return render("inbox/_entry.html", tongue, entry=entry, conversation_id=head.id)


def _notice(news: News, viewer: Agent) -> dict[str, str]:
    body = gettext(viewer.locale, "is waiting for a person")
    if news.message is not None and news.change.kind != "handover":
        body = (news.message.text or str(news.message.context.get("words", "")))[:140]
    if news.change.kind == "undelivered":
        body = gettext(viewer.locale, "An answer did not arrive: “%(words)s”", words=body)
    name = news.name or gettext(viewer.locale, "Visitor %(n)s", n=news.head.customer_id)
    return {"title": name, "body": body, "url": f"/inbox/{news.head.id}", "at": now().isoformat()}


def _notice_of_task(news: News, viewer: Agent) -> dict[str, str]:
    name = news.name or gettext(viewer.locale, "Visitor %(n)s", n=news.head.customer_id)
    said = gettext(viewer.locale, "Due now: %(what)s", what=str(news.change.data.get("text", "")))
    return {"title": name, "body": said, "url": "/tasks", "at": now().isoformat()}
