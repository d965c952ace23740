"""Entries of the thread: messages with everything their partial shows, and where markers stand between them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from app import connect
from app.bot.handing import Summary, summaries
from app.bot.ratings import Judgement, judgements
from app.formats import iso
from app.inbox import reactions_of
from app.models import (
    Agent,
    Attachment,
    Call,
    Case,
    Channel,
    Conversation,
    Customer,
    Delivery,
    DeliveryRef,
    Draft,
    Identity,
    Message,
    Reaction,
)
from app.models.message import CALL, INBOUND, NOTE, OUTBOUND, SYSTEM
from app.render import with_emoji
from app.rich import harmless
from app.text import one_line
from app.web.album import PictureSet, sets_of
from app.web.letters import Letter, Party, letters
from app.web.rows import Sign, by_id, sign_of

NEAR = timedelta(minutes=5)
ORNAMENT = 48  # pixels: what is lower or narrower belongs to the look of a mail


@dataclass(frozen=True)
class Put:
    """An emoji on a message, and who put it there."""

    emoji: str
    who: Sequence[Party]


@dataclass(frozen=True)
class Quoted:
    """The message that another one quotes. `channel_id` is the way it came by."""

    id: int
    words: str
    channel_id: int | None = None


@dataclass(frozen=True)
class Entry:
    """One message as it is shown. ``marks``: which of day, case, way, page differ from the entry before."""

    message: Message
    who: str
    day: str
    order: str
    way: str
    case: Case | None
    sign: Sign
    attachments: Sequence[Attachment]
    delivery: Delivery | None
    system: dict[str, Any] = field(default_factory=dict)
    judged: Judgement = field(default_factory=Judgement)
    summary: Summary | None = None
    letter: Letter | None = None
    reactions: Sequence[Put] = ()
    quoted: Quoted | None = None
    quotable: bool = False
    album: PictureSet | None = None
    call: Call | None = None
    took: Agent | None = None
    marks: frozenset[str] = frozenset()
    joined: bool = False

    @property
    def dom_id(self) -> str:
        """The id of its element."""
        return self.album.dom_id if self.album else self.message.dom_id

    @property
    def movable(self) -> bool:
        """Whether it may stand with the wrong customer: what somebody said, or noted."""
        return self.message.kind not in (SYSTEM, OUTBOUND) and not self.album and not self.message.removed_at

    @property
    def ids(self) -> Sequence[int]:
        """The messages it shows."""
        return self.album.ids if self.album else (self.message.id,)

    @property
    def short(self) -> str:
        """How it is called where it is quoted; "" for a message without words or files."""
        return _short(self.message, self.attachments)

    @property
    def words(self) -> Markup:
        """The text, with the platform's own emoji set apart: they stand in it as words in brackets."""
        return with_emoji(self.message.text, self.message.context.get("emojis") or ())

    @property
    def parted(self) -> bool:
        """Whether a line with day, case or way stands above it."""
        return bool(self.marks - {"page"})

    @property
    def page(self) -> str:
        """The address of the page the customer was on."""
        return str(self.message.context.get("url", "")) if self.message.kind == INBOUND else ""

    @property
    def html(self) -> str:
        """What one of us wrote here with formatting, else ""."""
        ours = self.message.kind == OUTBOUND and not (self.letter and self.letter.tool)
        return harmless(self.message.html) if ours and self.message.html else ""

    @property
    def listed(self) -> Sequence[Attachment]:
        """The files that are shown below the words: without ornaments of a mail's HTML, such as a logo."""
        return [one for one in self.attachments if not (one.content_id and _is_ornament(one))]

    @property
    def group(self) -> str:
        """Neighbours of the same author on the same way are drawn together; each mail stands for itself."""
        one = self.message
        return (
            ""
            if one.kind == SYSTEM or self.letter
            else f"{one.kind}/{one.author}/{one.agent_id or ''}/{one.channel_id or ''}"
        )


def entries(db: Session, messages: Sequence[Message], zone: ZoneInfo) -> list[Entry]:
    """The entries of these messages (in order), with their markers; a handful of queries for all of them. Pictures that
    were sent together are one entry."""
    plain = _plain(db, messages, zone)
    first: dict[str, Entry] = {}
    for one in plain:
        if one.album:
            first.setdefault(one.dom_id, one)
    return list(_marked(one for one in plain if not one.album or first[one.dom_id] is one))


def each_alone(db: Session, messages: Sequence[Message], zone: ZoneInfo) -> list[Entry]:
    """Like :func:`entries`, each as if nothing stood before it: for messages of several conversations."""
    return [marked for one in _plain(db, messages, zone) for marked in _marked([one])]


def _plain(db: Session, messages: Sequence[Message], zone: ZoneInfo) -> list[Entry]:
    sets = sets_of(db, messages)
    messages = [sets[one.id].shown if one.id in sets else one for one in messages]
    ids = [message.id for message in messages] + [id for one in sets.values() for id in one.ids]
    said = [message.id for message in messages if message.kind == OUTBOUND]
    calls = {one.message_id: one for one in _in(db, _CALLS, [m.id for m in messages if m.kind == CALL])}
    took = {one.agent_id for one in calls.values()}
    people = by_id(db, Agent, {message.agent_id for message in messages} | _mentioned(messages) | took)
    channels = by_id(db, Channel, {message.channel_id for message in messages})
    cases = {one.id: one for one in _in(db, _CASES, [m.case_id for m in messages if m.case_id])}
    files = _grouped(_in(db, _ATTACHMENTS, ids))
    deliveries = {one.message_id: one for one in _in(db, _DELIVERIES, said)}
    judged = judgements(db, [message.id for message in messages if message.author == "bot"])
    handed = {m.id: m.context["decisions"] for m in messages if m.kind == SYSTEM and "decisions" in m.context}
    told = summaries(db, handed)
    put = reactions_of(db, ids)
    reacting = {one.identity_id for each in put.values() for one in each}
    writers = _writers(db, reacting | {message.identity_id for message in messages if message.identity_id})
    mailboxes = {id for id, one in channels.items() if connect.features(one).copies}
    mails = letters(db, messages, mailboxes, writers)
    quoting = {id for id, one in channels.items() if connect.features(one).quotes}
    quoted = _quoted(db, [message for message in messages if message.channel_id in quoting])
    return [
        Entry(
            message=one,
            who=_who(one, people, writers, channels),
            day=one.sent_at.astimezone(zone).date().isoformat(),
            order=_order(sets[one.id].first if one.id in sets else one),
            way=str(one.channel_id or "") if one.kind != NOTE else "",
            case=cases.get(one.case_id or 0) if one.kind != SYSTEM else None,
            sign=_sign(channels.get(one.channel_id or 0)),
            attachments=[file for id in _ids(sets, one) for file in files.get(id, ())],
            album=sets.get(one.id),
            delivery=deliveries.get(one.id),
            system=_told(one, people),
            judged=judged.get(one.id, Judgement()),
            summary=told.get(one.id),
            letter=mails.get(one.id),
            reactions=_together(put.get(one.id, ()), writers),
            quoted=quoted.get(one.id),
            quotable=one.channel_id in quoting and one.kind == INBOUND and not one.removed_at,
            call=calls.get(one.id),
            took=people.get(calls[one.id].agent_id or 0) if one.id in calls else None,
        )
        for one in messages
    ]


def _ids(sets: Mapping[int, PictureSet], message: Message) -> Sequence[int]:
    return sets[message.id].ids if message.id in sets else (message.id,)


def _order(message: Message) -> str:
    return f"{iso(message.sent_at)}|{message.id}"


def _marked(plain: Iterable[Entry]) -> Iterable[Entry]:
    """What `static/js/marks.js` does for entries that come live."""
    seen = {"day": "", "case": "", "way": "", "page": ""}
    last: Entry | None = None
    for entry in plain:
        number = str(entry.case.number) if entry.case else ""
        now = {"day": entry.day, "case": number, "way": entry.way, "page": entry.page}
        marks = frozenset(key for key, value in now.items() if value and value != seen[key])
        seen |= {key: value for key, value in now.items() if value}
        joined = bool(
            not marks - {"page"}
            and entry.group
            and last is not None
            and last.group == entry.group
            and entry.message.sent_at - last.message.sent_at < NEAR
        )
        last = replace(entry, marks=marks, joined=joined)
        yield last


def _mentioned(messages: Sequence[Message]) -> set[int | None]:
    return {message.context.get("assignee") for message in messages if message.kind == SYSTEM}


def _told(message: Message, people: dict[int, Agent]) -> dict[str, Any]:
    """The data of a system line, with what its sentence may need always there."""
    if message.kind != SYSTEM:
        return {}
    agent = people.get(message.agent_id or 0)
    told: dict[str, Any] = {
        "what": "",
        "by": "",
        "reason": "",
        "words": "",
        "comment": "",
        "score": 0,
        "type": "",
        "undone": False,
    }
    told |= {"name": "", "team": "", "number": "", **message.context, "agent": agent.name if agent else ""}
    for name in ("until", "due"):
        told[name] = datetime.fromisoformat(str(told[name])) if told.get(name) else None
    return told


def quoted_in(db: Session, head: Conversation, draft: Draft | None) -> Quoted | None:
    """What a draft quotes, while that still stands in the thread."""
    id = draft.more.get("quotes") if draft else None
    said = db.get(Message, id) if isinstance(id, int) else None
    if (
        said is None
        or said.removed_at
        or _heads(db, {said.conversation_id, head.id})[said.conversation_id] != head.id
    ):
        return None
    files = _in(db, _ATTACHMENTS, [] if said.text or said.subject else [said.id])
    return Quoted(said.id, _short(said, files), said.channel_id)


def _quoted(db: Session, messages: Sequence[Message]) -> dict[int, Quoted]:
    """By the id of who quotes it: a message of ours names ours, one of theirs the platform's. Nothing is asked where
    nothing is quoted. What was said in another thread is not shown, whatever names it."""
    named = {m.id: int(id) for m in messages if m.kind == OUTBOUND and (id := m.context.get("quotes"))}
    theirs = {
        m.id: (m.channel_id, str(id))
        for m in messages
        if m.kind == INBOUND and not m.removed_at and (id := m.context.get("answers"))
    }
    if theirs:
        known = _by_external_id(db, set(theirs.values()))
        named |= {id: known[place] for id, place in theirs.items() if place in known}
    wanted = select(Message).where(Message.id.in_(set(named.values())))
    found = {one.id: one for one in db.scalars(wanted)} if named else {}
    pairs = [(m, found[named[m.id]]) for m in messages if named.get(m.id) in found]
    heads = _heads(db, {one.conversation_id for pair in pairs for one in pair})
    files = _grouped(_in(db, _ATTACHMENTS, [said.id for _, said in pairs if not (said.text or said.subject)]))
    return {
        m.id: Quoted(said.id, _short(said, files.get(said.id, ())))
        for m, said in pairs
        if heads[m.conversation_id] == heads[said.conversation_id]
    }


def _short(message: Message, files: Sequence[Attachment]) -> str:
    """By which a message is known again: its words, else the name of what it brought."""
    return one_line(message.text or message.subject or "".join(one.name for one in files[:1]), 120)


def _heads(db: Session, conversations: Collection[int]) -> dict[int, int]:
    """Conversation → the one it is shown in."""
    if len(conversations) < 2:
        return {id: id for id in conversations}
    shown = func.coalesce(Conversation.head_id, Conversation.id)
    rows = db.execute(select(Conversation.id, shown).where(Conversation.id.in_(conversations)))
    return {row[0]: row[1] for row in rows}


def _by_external_id(
    db: Session, places: Collection[tuple[int | None, str]]
) -> dict[tuple[int | None, str], int]:
    """(channel, the platform's id) → message: of the customer's, and of what we sent."""
    channels, ids = {place[0] for place in places}, {place[1] for place in places}
    came = select(Message.channel_id, Message.external_id, Message.id).where(
        Message.channel_id.in_(channels), Message.external_id.in_(ids)
    )
    sent = (
        select(DeliveryRef.channel_id, DeliveryRef.external_id, Delivery.message_id)
        .join(Delivery, Delivery.id == DeliveryRef.delivery_id)
        .where(DeliveryRef.channel_id.in_(channels), DeliveryRef.external_id.in_(ids))
    )
    return {(row[0], str(row[1])): row[2] for wanted in (sent, came) for row in db.execute(wanted)}


def _together(put: Sequence[Reaction], writers: dict[int, Party]) -> Sequence[Put]:
    """The same emoji of several people is drawn once."""
    by_emoji: dict[str, list[Party]] = {}
    for one in put:
        by_emoji.setdefault(one.emoji, []).append(writers[one.identity_id])
    return [Put(emoji, who) for emoji, who in by_emoji.items()]


def _writers(db: Session, wanted: Collection[int]) -> dict[int, Party]:
    """Identity id → the customer's name and the address."""
    if not wanted:
        return {}
    return {row.id: Party(row.address, row.name) for row in db.execute(_WRITERS, {"ids": list(wanted)})}


def _who(
    message: Message, people: dict[int, Agent], writers: dict[int, Party], channels: dict[int, Channel]
) -> str:
    """Who said it; of ours that no agent wrote here (in another program), the channel stands for them."""
    if message.agent_id in people:
        return people[message.agent_id].name
    if message.kind == OUTBOUND:
        channel = channels.get(message.channel_id or 0)
        return channel.name if channel else ""
    found = writers.get(message.identity_id or 0)
    return found.name if found else ""


def _sign(channel: Channel | None) -> Sign:
    return sign_of(channel) if channel else Sign()


def _is_ornament(file: Attachment) -> bool:
    return file.width is not None and min(file.width, file.height or 0) < ORNAMENT


def _in(db: Session, wanted: Select[Any], ids: Sequence[int]) -> Sequence[Any]:
    return db.scalars(wanted, {"ids": ids}).all() if ids else ()


# Made once: to build a statement takes as long as to run one that finds a single row.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CALLS = select(Call).where(Call.message_id.in_(_IDS))
_CASES = select(Case).where(Case.id.in_(_IDS))
_ATTACHMENTS = select(Attachment).where(Attachment.message_id.in_(_IDS))
_DELIVERIES = select(Delivery).where(Delivery.message_id.in_(_IDS))
_WRITERS = (
    select(Identity.id, Identity.address, Customer.name)
    .join(Customer, Customer.id == Identity.customer_id)
    .where(Identity.id.in_(_IDS))
)


def _grouped(attachments: Sequence[Attachment]) -> dict[int, list[Attachment]]:
    found: dict[int, list[Attachment]] = {}
    for one in sorted(attachments, key=lambda each: each.id):
        found.setdefault(one.message_id or 0, []).append(one)
    return found
