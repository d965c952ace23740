"""The preview in the settings: what would the bot answer to …, and how it looks on a channel."""

from contextlib import suppress
from dataclasses import asdict
from datetime import date

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import connect, knowledge, outgoing
from app.bot import answers, situations
from app.db import now, reading
from app.knowledge import pictures, relations
from app.models import Channel, FaqEntry
from app.web.bot import try_draft, try_out
from app.web.knowledge import EDITORS, every
from app.web.pages import number, partial, text, with_form

ANYWHERE = outgoing.Shape("", (), (), picture=False)


def preview(request: Request, form: FormData) -> Response:
    """The answer to a question typed for trial, with why; an entry being edited counts as it is typed."""
    words = text(form, "try").strip()[:2000]
    if not words:
        return partial(
            request,
            "settings/_preview.html",
            words="",
            decision=None,
            published=None,
            shape=ANYWHERE,
            may_correct=False,
        )
    with reading() as db:
        language, typed = text(form, "language") or None, _typed(db, form)
        channel = db.get(Channel, number(text(form, "as_on")) or 0)
        there = _situation(db, channel, typed, bool(text(form, "as_signed_in")))
        decision = try_draft(db, words, language, typed, there)
        published = try_out(db, words, language, there)
        shape = _shape(db, decision, channel)
    editing = request.state.viewer.role in EDITORS
    return partial(
        request,
        "settings/_preview.html",
        words=words,
        decision=decision,
        published=published if _said(published) != _said(decision) else None,
        shape=shape,
        may_correct=editing,
    )


def _situation(
    db: Session, channel: Channel | None, typed: bots.Entry | None, signed_in: bool
) -> bots.Situation:
    """Today; an entry that is for later is tried on its first day, one that is over on its last."""
    day: date = now().astimezone(situations.business_hours(db).zone).date()
    if typed is not None:
        day = min(max(day, typed.since or day), typed.until or date.max)
    if channel is None:
        return bots.Situation(on=day, signed_in=signed_in)
    return bots.Situation(channel=channel.key, kind=channel.kind, on=day, signed_in=signed_in)


def _shape(db: Session, decision: bots.Decision, channel: Channel | None) -> outgoing.Shape:
    links = [asdict(link) for link in decision.links]
    picture = pictures.find(db, decision.picture.id) if decision.picture else None
    if channel is None:
        return outgoing.Shape(decision.text, links, decision.quick_replies, picture is not None)
    return outgoing.shape(decision.text, links, decision.quick_replies, picture, connect.features(channel))


def _said(decision: bots.Decision) -> tuple[object, ...]:
    """What a customer would notice."""
    told = decision.action, decision.text, decision.links, decision.quick_replies, decision.label
    return *told, decision.picture


def _typed(db: Session, form: FormData) -> bots.Entry | None:
    """The entry of the form beside the preview, with the picture it has; one that is switched off or unfinished answers
    nothing."""
    data = knowledge.entry_data({name: every(form, name) for name in knowledge.ENTRY_FIELDS})
    days = (data["valid_from"], data["valid_until"])
    if not (data["enabled"] and data["questions"] and data["answer"] and all(map(knowledge.is_day, days))):
        return None
    kept = db.get(FaqEntry, number(text(form, "entry")) or 0)
    data |= {"image_id": kept.image_id, "image_text": kept.image_text} if kept else {}
    with suppress(knowledge.Invalid):  # half a title names nothing yet
        data |= relations.resolved(
            db,
            kept.id if kept else None,
            data["language"],
            every(form, "follow_ups"),
            text(form, "translation_of"),
        )
    return answers.entry_of(kept.id if kept else 0, data)


routes = [Route("/settings/bot/preview", with_form(preview), methods=["POST"])]
