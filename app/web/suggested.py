"""Entries that may answer what the customer said last, for the composer: asked for once the thread is on the screen, in
the customer's language, and put in only when the agent says so."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import drafting
from app.bot import answers, situations
from app.db import reading
from app.family import family_ids
from app.models import Conversation, Message
from app.models.conversation import HUMAN
from app.models.message import INBOUND, OUTBOUND
from app.web.conversations import found
from app.web.pages import partial

MOST = 3  # as many as there are keys for
LIKELY = 0.3  # of the first one's score: what is less likely is not offered
LOOKED_AT = 2000  # characters of the message


@dataclass(frozen=True, slots=True)
class Suggested:
    """An entry as it would be put into the answer; ``links`` stand below its words."""

    entry_id: int
    title: str
    text: str
    score: float


def offer(request: Request) -> Response:
    """The buttons above the composer; nothing where nothing fits."""
    with reading() as db:
        _, head = found(db, request)
        offered = suggested(db, head)
        drafts = bool(offered) and drafting.without_key(db).on
    return partial(
        request, "inbox/_suggested.html", suggested=offered, drafts=drafts, thread=request.path_params["id"]
    )


def suggested(db: Session, head: Conversation) -> Sequence[Suggested]:
    """The likeliest entries of those that hold today for the customer's last words, the best first, while a person has
    the thread and those words wait for an answer."""
    if head.owner != HUMAN:
        return ()
    asked = last_asked(db, head)
    if asked is None:
        return ()
    book = answers.book(db)
    there = bots.Situation(on=situations.today(db))
    question = bots.Question(asked.text[:LOOKED_AT], head.locale or None, situation=there)
    matches = bots.look_up(question, book).matches[:MOST]
    least = max(book.settings.threshold_ask, LIKELY * matches[0].score) if matches else 0.0
    return [
        Suggested(match.entry.id, match.entry.title, text_of(match.entry), match.score)
        for match in matches
        if match.score >= least
    ]


def last_asked(db: Session, head: Conversation) -> Message | None:
    """What the customer wrote last, unless something was answered to it."""
    said = (
        select(Message)
        .where(Message.conversation_id.in_(family_ids(db, head)), Message.kind.in_((INBOUND, OUTBOUND)))
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(6)
    )
    for one in db.scalars(said):
        if one.kind == INBOUND and one.text.strip() and not one.removed_at:
            return one
        if one.author == "agent":
            return None
    return None


def text_of(entry: bots.Entry) -> str:
    """An entry as it would be put into the answer."""
    return "\n".join([entry.answer, *(f"{link.label}\n{link.url}" for link in entry.links)])


routes = [Route("/conversations/{id:int}/suggested", offer, methods=["GET"])]
