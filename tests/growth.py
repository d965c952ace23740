"""An installation that grows: rows of everything, made at once rather than by the verbs, so that a thousand of each
cost a second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app import search, vault
from app.calls import known as calls
from app.db import now
from app.models import (
    Agent,
    Attachment,
    Base,
    BotCall,
    BotFlow,
    BotRule,
    Call,
    CallImport,
    CannedReply,
    Case,
    Channel,
    Consent,
    Conversation,
    ConversationLabel,
    Customer,
    CustomerFilter,
    CustomerLink,
    Decision,
    Delivery,
    Draft,
    Escalation,
    Event,
    FaqEntry,
    FaqSource,
    Identity,
    KnowledgeRun,
    KnowledgeVersion,
    Label,
    LabelledQuestion,
    Message,
    MessageSource,
    Proposal,
    PublishedItem,
    RawReceipt,
    ReadMark,
    Relocation,
    Revision,
    Spending,
    Tally,
    Task,
    Team,
    TeamMember,
    Touchpoint,
    Webhook,
    WebhookDelivery,
)
from app.models.conversation import BOT, HUMAN, OPEN, RESOLVED, SNOOZED

WORDS = "返品したいのですが return please"
FIRST = 1_000_001  # ids of what grows; the cast of a test lies below
BUSY = FIRST  # the conversation whose thread grows too, and everything around it


@dataclass(frozen=True, slots=True)
class World:
    """An installation seen by `viewer` (an admin); `size` rows of everything."""

    viewer: Agent
    size: int = 0


def grow(db: Session, world: World, size: int) -> World:
    """The same with `size` rows of everything."""
    ids = range(FIRST + world.size, FIRST + size)
    if not world.size:
        db.add(Event(id=9 * FIRST, kind="started", data={}))  # SQLite gives later ones higher ids than this
    for table, rows in _rows(world.viewer.id, ids):
        db.execute(insert(table), rows)
    db.flush()
    for message in db.query(Message).filter(Message.id.in_([*ids, *(_said(id) for id in ids)])):
        search.index_message(db, message)
    for customer in db.query(Customer).filter(Customer.id.in_(ids)):
        search.index_customer(db, customer)
    return World(world.viewer, size)


def _said(id: int) -> int:
    """The message of the busy thread that came with row `id`."""
    return id + 10**6


def _state(n: int, viewer: int) -> dict[str, Any]:
    """Every view of the inbox gets its share."""
    nobody = {"assignee_id": None, "owner": HUMAN, "status": OPEN}
    return nobody | (
        {"owner": BOT}, {"assignee_id": viewer}, {"status": SNOOZED}, {"status": RESOLVED}, {"team_id": FIRST}, {},
    )[n % 6]  # fmt: skip


def _rows(viewer: int, ids: range) -> list[tuple[type[Base], list[dict[str, Any]]]]:
    start = now() - timedelta(days=30)
    at = {id: start + timedelta(minutes=id - FIRST) for id in ids}
    return [
        (Agent, [_agent(id) for id in ids]),
        (Team, [{"id": id, "name": f"チーム{id}"} for id in ids]),
        (TeamMember, [{"team_id": id, "agent_id": one} for id in ids for one in (viewer, id)]),
        (Channel, [_channel(id) for id in ids]),
        (Customer, [{"id": id, "name": f"客 {id}", "attributes": {}, "created_at": at[id]} for id in ids]),
        (Identity, [_identity(id) for id in ids]),
        (Conversation, [_conversation(id, at[id], viewer) for id in ids]),
        (Case, [_case(id, at[id]) for id in ids] + [_case(_said(id), at[id], RESOLVED) for id in ids]),
        (
            Message,
            [_message(id, id, at[id]) for id in ids] + [_message(_said(id), BUSY, at[id]) for id in ids],
        ),
        (Call, [_call(_said(id), at[id]) for id in ids]),
        (CustomerLink, [_undone(id, at[id], child_id=id, parent_id=FIRST) for id in ids]),
        (Relocation, [_undone(id, at[id], message_id=id, from_id=id, to_id=FIRST, cases=[]) for id in ids]),
        (Attachment, [_attachment(id) for id in ids]),
        (Touchpoint, [_touchpoint(id, at[id]) for id in ids]),
        (Tally, [{"identity_id": id, "orders": 1, "points": 1, "last_order_at": at[id]} for id in ids]),
        (Spending, [{"identity_id": id, "currency": "JPY", "amount": 500} for id in ids]),
        (Delivery, [{"id": id, "message_id": _said(id), "channel_id": id} for id in ids]),
        (Decision, [_decision(id) for id in ids]),
        (Escalation, [_escalation(id, at[id]) for id in ids]),
        (Task, [_task(id, at[id], viewer) for id in ids]),
        (Consent, [_consent(id, at[id]) for id in ids]),
        (CustomerFilter, [_filter(id, viewer) for id in ids if id < FIRST + 50]),
        (Label, [{"id": id, "name": f"ラベル{id}"} for id in ids]),
        (ConversationLabel, [{"conversation_id": one, "label_id": id} for id in ids for one in {id, BUSY}]),
        (FaqEntry, [_entry(id) for id in ids]),
        (BotRule, [_rule(id) for id in ids]),
        (BotFlow, [_flow(id) for id in ids]),
        (BotCall, [_asked(id) for id in ids]),
        (KnowledgeVersion, [{"number": id, "agent_id": viewer, "counts": {"added": 1}} for id in ids]),
        (PublishedItem, [_item(id) for id in ids]),
        (FaqSource, [{"id": id, "name": f"https://shop.example/{id}"} for id in ids]),
        (LabelledQuestion, [_labelled(id) for id in ids]),
        (KnowledgeRun, [{"id": id, "kind": "evaluation", "state": "done"} for id in ids]),
        (KnowledgeRun, [_replay(_said(ids[-1]), ids)]),
        (Proposal, [_proposal(id, at[id]) for id in ids]),
        (CallImport, [_import(id) for id in ids]),
        (CannedReply, [_canned(id, viewer) for id in ids]),
        (Revision, [_revision(id, noun) for id in ids for noun in ("faq_entry", "bot_rule", "bot_flow")]),
        (Event, [_event(id, kind) for id in ids for kind in ("audit.role", "faq_entry.saved", "assigned")]),
        (RawReceipt, [_receipt(id, state) for id in ids for state in ("failed", "parsed")]),
        (MessageSource, [_source(id) for id in ids]),
        (Draft, [{"agent_id": viewer, "conversation_id": id, "text": "下書き"} for id in ids]),
        (Webhook, [_webhook(id) for id in ids]),
        (WebhookDelivery, [_told(id) for id in ids]),
        (ReadMark, [{"agent_id": one, "conversation_id": id} for id in ids for one in (viewer, id)]),
    ]


def _undone(id: int, at: datetime, **columns: Any) -> dict[str, Any]:
    """Of what brings customers together or moves things between them, nothing holds."""
    return {"id": id, "made_at": at, "undone_at": at, "evidence": {}, **columns}


def _agent(id: int) -> dict[str, Any]:
    return {"id": id, "email": f"a{id}@example.jp", "name": f"担当 {id}", "password_hash": "x"}


def _channel(id: int) -> dict[str, Any]:
    """The first of them are in use: nobody keeps a thousand at once."""
    chat = {"kind": "webchat", "name": f"店 {id}", "key": f"key{id}", "settings": {}, "cursor": {}}
    return {"id": id, "enabled": id < FIRST + 20, **chat}


def _identity(id: int) -> dict[str, Any]:
    return {
        "id": id,
        "customer_id": id,
        "kind": "visitor",
        "scope": str(id),
        "address": f"v{id}",
        "display": "訪問者",
    }


def _conversation(id: int, at: datetime, viewer: int) -> dict[str, Any]:
    return {
        "id": id, "customer_id": id, "head_id": id, "last_message_at": at, "last_message_id": id,
        "last_preview": WORDS, "last_author": "customer", "last_channel_id": id, "waiting_since": at,
        "inbound_count": 2, "bot_asked": [], "escalated": id % 2 == 0, "team_id": None,
        "last_event_id": _event(id, "assigned")["id"], **_state(id - FIRST, viewer),
    }  # fmt: skip


def _case(id: int, at: datetime, status: str = OPEN) -> dict[str, Any]:
    done = at if status == RESOLVED else None
    thread = BUSY if status == RESOLVED else id
    return {
        "id": id,
        "number": id,
        "conversation_id": thread,
        "status": status,
        "opened_at": at,
        "resolved_at": done,
    }


def _message(id: int, thread: int, at: datetime) -> dict[str, Any]:
    agents = thread == BUSY != id
    return {
        "id": id, "conversation_id": thread, "case_id": id, "sent_at": at, "text": WORDS, "identity_id": thread,
        "kind": "outbound" if agents else "inbound", "author": "agent" if agents else "customer",
        "agent_id": id - 10**6 if agents else None, "channel_id": id - 10**6 if agents else id,
        "quick_replies": [], "links": [], "context": {},
    }  # fmt: skip


def _attachment(id: int) -> dict[str, Any]:
    file = {
        "name": "写真.png",
        "content_type": "image/png",
        "size": 1,
        "sha256": "0" * 64,
        "width": 1,
        "height": 1,
    }
    return {"id": id, "message_id": _said(id), "channel_id": id, "key": f"file{id}", **file}


def _touchpoint(id: int, at: datetime) -> dict[str, Any]:
    """All of the customer of the busy thread."""
    order = {"kind": "order.placed", "sort": "order", "reference": f"A-{id}", "reference_key": f"a-{id}"}
    told = {"id": id, "identity_id": BUSY, "source": "shop", "external_id": f"o{id}", "at": at, "told_at": at}
    return {
        **told,
        **order,
        "amount": 500,
        "value": 500,
        "counted": True,
        "currency": "JPY",
        "data": {},
        "steps": [],
    }


def _decision(id: int) -> dict[str, Any]:
    said = {"conversation_id": id, "message_id": id, "reply_id": _said(id)}
    return {"id": id, "version": 0, "epoch": 0, "action": "answer", "entry_id": id, "detail": {}, **said}


def _escalation(id: int, at: datetime) -> dict[str, Any]:
    case = {"conversation_id": id, "case_id": id, "type": "legal", "reason": "理由", "raised_by": "agent"}
    state = ("open", "taken", "returned", "resolved")[id % 4]
    closed = at if state in ("returned", "resolved") else None
    taken = id if state == "taken" else None
    return {
        "id": id,
        **case,
        "agent_id": id,
        "due_at": at,
        "state": state,
        "closed_at": closed,
        "taken_by": taken,
    }


def _consent(id: int, at: datetime) -> dict[str, Any]:
    said = {"identity_id": id, "kind": "webchat", "purpose": "marketing", "given": id % 2 == 0}
    return {"id": id, **said, "source": "form", "at": at}


def _filter(id: int, viewer: int) -> dict[str, Any]:
    return {"id": id, "agent_id": viewer, "name": f"絞り込み{id}", "wanted": {"q": "客"}, "count": 1}


def _call(message: int, at: datetime) -> dict[str, Any]:
    """One that was taken; the rows of the list and the thread ask for it where its message is a call."""
    known = calls.say({}, at.isoformat(), state="ended", result="answered")
    about = {"state": "ended", "result": "answered", "started_at": at, "known": known}
    return {"id": message - 10**6, "message_id": message, "number": "+81312345678", **about}


def _task(id: int, at: datetime, viewer: int) -> dict[str, Any]:
    nobody = {"assignee_id": None, "team_id": None, "store_id": None}
    whose = nobody | ({"assignee_id": viewer}, {"team_id": FIRST}, {"store_id": id})[id % 3]
    done = {"done_at": at, "done_by": viewer} if id % 2 else {"done_at": None, "done_by": None}
    said = {"conversation_id": BUSY if id % 3 == 1 else id, "text": "折り返す", "channel_id": id}
    return {"id": id, "due_at": at, **whose, **done, **said}


def _entry(id: int) -> dict[str, Any]:
    lists: dict[str, Any] = {"questions": [f"質問{id}"], "links": [], "quick_replies": [], "tags": ["配送"]}
    return {"id": id, "title": f"件名{id}", "answer": "答え", **lists}


def _rule(id: int) -> dict[str, Any]:
    says = {"action": "label", "params": {"label": f"ラベル{id}"}}
    return {"id": id, "position": id, "name": f"規則{id}", "keywords": [f"語{id}"], **says}


def _flow(id: int) -> dict[str, Any]:
    step = {"name": "order", "label": "注文番号", "ask": "番号は？", "kind": "number"}
    return {
        "id": id,
        "name": f"申込{id}",
        "keywords": [f"申込{id}"],
        "steps": [step],
        "ending": {"confirm": True, "text": "承りました"},
    }


def _asked(id: int) -> dict[str, Any]:
    where = {
        "conversation_id": id,
        "message_id": _said(id),
        "identity_id": id,
        "channel_id": id,
        "webhook_id": id,
    }
    return {"id": id, **where, "epoch": 0, "state": "done", "asked": {}}


def _item(id: int) -> dict[str, Any]:
    return {"noun": "faq_entry", "noun_id": id, "data": {**_entry(id), "language": "ja"}, "since": id}


def _replay(run: int, ids: range) -> dict[str, Any]:
    """What would change of as many questions."""
    usual: dict[str, Any] = {"rule_id": None, "offered": [], "text": "", "version": 1, "reason": ""}
    silent, answered = {"action": "unknown", "entry_id": None}, {"action": "answer", "entry_id": ids[0]}
    result = {"questions": len(ids), "times": len(ids), "counts": {"answered": len(ids)}, "left_out": 0}
    changes = [["answered", id, 1, {**usual, **silent}, {**usual, **answered}] for id in ids]
    wanted = {"first": "2026-11-20", "last": "2026-11-21", "zone": "Asia/Tokyo", "channel_id": None}
    return {
        "id": run,
        "kind": "replay",
        "state": "done",
        "wanted": wanted,
        "result": {**result, "changes": changes},
    }


def _proposal(id: int, at: datetime) -> dict[str, Any]:
    times = {"times": id - FIRST, "wordings": 1, "why": {"unknown": 2}, "first_at": at, "last_at": at}
    return {"id": id, "language": "ja", "questions": [id], "answers": [_said(id)], **times}


def _labelled(id: int) -> dict[str, Any]:
    said = {"key": f"k{id}", "text": f"質問{id}", "language": "ja", "origin": "written"}
    return {"id": id, "entry_id": id, **said}


def _import(id: int) -> dict[str, Any]:
    """Of the channel all grow on."""
    told = {
        "id": id,
        "channel_id": FIRST,
        "name": "通話.csv",
        "digest": f"{id}",
        "size": 1,
        "encoding": "cp932",
    }
    return {**told, "zone": "Asia/Tokyo", "fingerprint": "", "state": "done", "header": [], "columns": {}}


def _canned(id: int, viewer: int) -> dict[str, Any]:
    return {"id": id, "shortcut": f"s{id}", "title": "件名", "body": "{お客様} 様", "updated_by": viewer}


def _revision(id: int, noun: str) -> dict[str, Any]:
    return {"noun": noun, "noun_id": FIRST, "data": {"title": "件名"}, "agent_id": id}


def _event(id: int, kind: str) -> dict[str, Any]:
    kinds = {"audit.role": 0, "faq_entry.saved": 10**6, "assigned": 2 * 10**6}
    about = {"conversation_id": id} if kind == "assigned" else {"conversation_id": None}
    return {
        "id": id + kinds[kind],
        "kind": kind,
        "agent_id": id,
        "data": {"agent_id": id, "noun_id": id},
        **about,
    }


def _receipt(id: int, state: str) -> dict[str, Any]:
    outcome = [{"event": "inbound", "excluded": "blocked"}] if state == "parsed" else []
    other = 10**6 if state == "parsed" else 0
    return {
        "id": id + other,
        "channel_id": id,
        "state": state,
        "headers": {},
        "body": b"{}",
        "outcome": outcome,
    }


def _source(id: int) -> dict[str, Any]:
    told: dict[str, Any] = {"answers": [], "checked": {}, "refused": {}}
    return {"message_id": id, "receipt_id": id, "html": "<p>返品</p>", "quoted": "> 返品", **told}


def _webhook(id: int) -> dict[str, Any]:
    where = {"name": f"在庫 {id}", "url": f"https://shop.example/{id}", "kinds": []}
    return {"id": id, **where, "secrets": vault.seal({"keys": ["whsec_x"]}), "enabled": False}


def _told(id: int) -> dict[str, Any]:
    return {"id": id, "webhook_id": FIRST, "event_id": id, "kind": "assigned", "request": {}, "response": {}}
