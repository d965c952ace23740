"""Playing the week: every step at its moment, with the verbs of the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import family, files, inbox, resuming, search, visitors
from app.bot import answers
from app.config import settings
from app.db import as_of, now
from app.demo import arriving, goods, identity, shop
from app.demo.script import CUSTOMER, TOKYO, Step, Talk, talks
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    Escalation,
    Identity,
    Label,
    Message,
    Team,
    Visitor,
)
from app.models.conversation import RESOLVED
from app.models.escalation import ACTIVE
from app.models.message import OUTBOUND
from app.visitors import sessions

RINGS = timedelta(seconds=8)
PHOTO = "IMG_2041.webp"
Told = Callable[[str, int, int], None]


@dataclass
class Scene:
    """One talk while it is played."""

    db: Session
    talk: Talk
    people: Mapping[str, Agent]
    begun: datetime
    visitor: Visitor | None = None
    identity_id: int | None = None
    said: int = 0

    @property
    def last_by_staff(self) -> Step | None:
        """Until then everybody has read what there is."""
        return next((step for step in reversed(self.talk.steps) if step.who != CUSTOMER), None)

    @property
    def conversation(self) -> Conversation:
        """The thread as agents see it."""
        assert self.identity_id is not None, "nobody has written yet"
        found = self.db.get_one(Identity, self.identity_id)
        return family.head_of(self.db, family.conversation_of(self.db, found.customer_id))

    @property
    def escalation(self) -> Escalation:
        """What is before the supervisors."""
        active = Escalation.state.in_(ACTIVE)
        return self.db.scalars(
            select(Escalation).where(Escalation.conversation_id == self.conversation.id, active)
        ).one()

    def next_id(self) -> str:
        """A sender's own id for the next message."""
        self.said += 1
        return f"demo-{self.talk.number}-{self.said}"


def play(db: Session, people: Mapping[str, Agent], begun: datetime, told: Told) -> None:
    """All talks at once, in the order things happened, so that ids and case numbers tell the same story."""
    scenes = [Scene(db, talk, people, begun) for talk in talks(begun)]
    steps = [(step, scene) for scene in scenes for step in scene.talk.steps]
    steps.sort(key=lambda one: one[0].at)
    for done, (step, scene) in enumerate(steps, 1):
        answers.catch_up(db, step.at.astimezone(UTC))
        with as_of(step.at.astimezone(UTC)):
            act(scene, step)
        told("Demo conversations", done, len(steps))
    answers.catch_up(db, now())
    for scene in scenes:
        if scene.conversation.status == RESOLVED:
            _all_read(scene)


def act(scene: Scene, step: Step) -> None:
    """One step of a talk."""
    if step.who == CUSTOMER:
        CUSTOMERS[step.verb](scene, step)
        return
    STAFF[step.verb](scene, scene.people[step.who], step)
    if step is scene.last_by_staff:
        _all_read(scene)


# --- what customers do --------------------------------------------------------------------------------


def _say(scene: Scene, step: Step) -> None:
    fresh = scene.identity_id is None
    visitor = _visitor(scene)
    _read(scene)
    page = _page(scene.talk)
    _frame(scene, {"t": "send", "id": scene.next_id(), "text": step.text, "page": page})
    scene.identity_id = visitor.proved_identity_id or visitor.identity_id
    if fresh:
        _introduce(scene)


def _photo(scene: Scene, step: Step) -> None:
    """A picture beside these files, uploaded before it is sent, as the widget does it."""
    data = (shop.HERE / f"{step.arg}.webp").read_bytes()
    own = scene.db.get_one(Identity, scene.identity_id)
    kept = files.store(scene.db, data, PHOTO, limit=len(data), channel=_chat(scene), identity=own)
    _read(scene)
    page = _page(scene.talk)
    _frame(
        scene,
        {"t": "send", "id": scene.next_id(), "text": step.text, "page": page, "files": [kept.key]},
    )


def _visitor(scene: Scene) -> Visitor:
    """Their browser, met when they first open the chat; whoever has an account is signed in there."""
    if scene.visitor is None:
        channel = _chat(scene)
        visitor, _ = sessions.begin(scene.db, channel, scene.talk.language, _page(scene.talk))
        if scene.talk.user:
            token = identity.sign(identity.of(scene.talk), channel, now())
            visitor, _ = sessions.identify(scene.db, channel, visitor, {"jwt": token})
        else:
            sessions.claim(visitor, scene.talk.contact)
        scene.visitor = visitor
    return scene.visitor


def _page(talk: Talk) -> dict[str, str]:
    """Where they are on the shop's pages."""
    url = f"{settings().public_url}/demo/{talk.page}".rstrip("/")
    return {"url": url, "title": goods.title(talk.page, talk.language)}


def _frame(scene: Scene, frame: dict[str, Any]) -> None:
    visitors.handle(scene.db, _chat(scene), _visitor(scene), frame)


def _chat(scene: Scene, key: str = shop.CHANNEL) -> Channel:
    channel = shop.channel(scene.db, key)
    assert channel is not None, "the shop was made before the week began"
    return channel


def _read(scene: Scene) -> None:
    """Before they write they have read what was said to them."""
    if scene.identity_id is None:
        return
    own = scene.db.get_one(Identity, scene.identity_id)
    ours = family.conversation_of(scene.db, own.customer_id).id
    last = scene.db.scalars(
        select(Message)
        .where(Message.conversation_id == ours, Message.kind == OUTBOUND)
        .order_by(Message.id.desc())
        .limit(1)
    ).first()
    if last is not None:
        _frame(scene, {"t": "read", "message": last.id})


def _introduce(scene: Scene) -> None:
    """How the name is read, where the shop knows it."""
    own = scene.db.get_one(Identity, scene.identity_id)
    customer = scene.db.get_one(Customer, own.customer_id)
    customer.name_kana, customer.locale = scene.talk.kana, scene.talk.language
    search.index_customer(scene.db, customer)


def _end(scene: Scene, step: Step) -> None:
    _read(scene)
    _frame(scene, {"t": "end"})


def _rate(scene: Scene, step: Step) -> None:
    _frame(scene, {"t": "rate", "score": int(step.arg), "comment": step.text})


def _told_by_telephone(scene: Scene, step: Step) -> None:
    """A call, as the telephone system tells of it once it is over: `missed`, or who took it and how long that was."""
    took, _, length = step.arg.partition(" ")
    minutes, _, seconds = length.rstrip("s").partition("m")
    talked = timedelta(minutes=int(minutes or 0), seconds=int(seconds or 0))
    began = now() - talked - RINGS
    call = {
        "call_id": scene.next_id(),
        "event": "ended",
        "from": scene.talk.phone or "非通知",
        "to": "03-5550-0142",
        "name": scene.talk.name,
        "line": "代表電話",
        "started_at": began.isoformat(),
        "ended_at": now().isoformat(),
        "memo": step.text,
        "result": "answered" if length else "missed",
    }
    if length:
        call |= {"answered_at": (began + RINGS).isoformat(), "agent": scene.people[took].email}
    _came(scene, arriving.event(scene.db, _chat(scene, shop.PHONE), call))


def _told_by_desk(scene: Scene, step: Step) -> None:
    """A visit, as the shop's own system tells it: signed JSON through the API channel."""
    channel = _chat(scene, shop.DESK)
    event = {
        "type": "message",
        "id": scene.next_id(),
        "kind": step.verb,
        "from": {**_who(scene.talk), "id": scene.talk.user},
        "subject": step.arg,
        "text": step.text,
        "sent_at": now().isoformat(),
    }
    _came(scene, arriving.event(scene.db, channel, event))


def _told_by_line(scene: Scene, step: Step) -> None:
    """A message on LINE. `{code}` is one that their chat on the site shows them, which carries the thread there."""
    if (channel := arriving.line_of(scene.db)) is None:
        return
    text = step.text
    if "{code}" in text:
        text = text.replace("{code}", resuming.issue(scene.db, _visitor(scene))[0])
    _came(scene, arriving.by_line(scene.db, channel, scene.talk, scene.next_id(), text))


def _told_by_mail(scene: Scene, step: Step) -> None:
    """A mail to the shop; the argument is its subject."""
    channel = _chat(scene, shop.MAIL)
    _came(scene, arriving.by_mail(scene.db, channel, scene.talk, scene.next_id(), step.arg, step.text))


def _came(scene: Scene, message: Message) -> None:
    if scene.identity_id is None:
        scene.identity_id = message.identity_id
        _introduce(scene)


def _who(talk: Talk) -> dict[str, str]:
    return {**talk.contact, "locale": talk.language}


# --- what the staff does ------------------------------------------------------------------------------


def _reply(scene: Scene, agent: Agent, step: Step) -> None:
    way = _chat(scene).id
    inbox.reply(scene.db, agent, scene.conversation, step.text, scene.next_id(), channel_id=way)


def _note(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.note(scene.db, agent, scene.conversation, step.text, scene.next_id())


def _label(scene: Scene, agent: Agent, step: Step) -> None:
    label = scene.db.scalars(select(Label).filter_by(name=step.arg)).one()
    inbox.put_label(scene.db, scene.conversation, label, agent=agent)


def _assign(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.assign(scene.db, agent, scene.conversation, scene.people[step.arg])


def _team(scene: Scene, agent: Agent, step: Step) -> None:
    team = scene.db.scalars(select(Team).filter_by(name=step.arg)).one()
    inbox.assign(scene.db, agent, scene.conversation, agent, team, keep_team=False)


def _escalate(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.escalate(scene.db, scene.conversation, step.arg, step.text, agent=agent)


def _take(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.take(scene.db, agent, scene.escalation)


def _give_back(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.give_back(scene.db, agent, scene.escalation, step.text)


def _settle(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.settle(scene.db, agent, scene.escalation, step.text)


def _resolve(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.resolve(scene.db, agent, scene.conversation)


def _snooze(scene: Scene, agent: Agent, step: Step) -> None:
    """Until nine in the morning, so many days after today."""
    day = (scene.begun.astimezone(TOKYO) + timedelta(days=int(step.arg))).replace(
        hour=9, minute=0, second=0, microsecond=0
    )
    inbox.snooze(scene.db, agent, scene.conversation, day.astimezone(UTC))


def _draft(scene: Scene, agent: Agent, step: Step) -> None:
    inbox.save_draft(scene.db, agent, scene.conversation, step.text, kind="reply", channel_id=None, version=0)


def _merge(scene: Scene, agent: Agent, step: Step) -> None:
    """Into the thread of whoever has this name."""
    own = scene.db.get_one(Identity, scene.identity_id)
    other = scene.db.scalars(select(Customer).filter_by(name=step.arg).order_by(Customer.id)).first()
    assert other is not None, f"nobody is called {step.arg} yet"
    child = scene.db.get_one(Customer, own.customer_id)
    inbox.merge(scene.db, agent, child, other, reason=step.text)


def _all_read(scene: Scene) -> None:
    for agent in scene.people.values():
        inbox.mark_read(scene.db, agent, scene.conversation)


CUSTOMERS: dict[str, Callable[[Scene, Step], None]] = {
    "say": _say,
    "photo": _photo,
    "end": _end,
    "rate": _rate,
    "store": _told_by_desk,
    "call": _told_by_telephone,
    "line": _told_by_line,
    "mail": _told_by_mail,
}
STAFF: dict[str, Callable[[Scene, Agent, Step], None]] = {
    "say": _reply,
    "note": _note,
    "label": _label,
    "assign": _assign,
    "team": _team,
    "escalate": _escalate,
    "take": _take,
    "return": _give_back,
    "settle": _settle,
    "resolve": _resolve,
    "snooze": _snooze,
    "draft": _draft,
    "merge": _merge,
}
