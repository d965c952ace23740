"""An event in the form the inbox stores it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from app import connect
from app.inbox import Said
from app.inbox.receiving import CUT, MAX_TEXT
from app.intake.keeping import MOST_OTHERS
from app.intake.places import OWN, Place
from app.models.message import CODE
from app.text import clean
from channels import base

OURS = {
    "sort",
    "history",
    "others",
    "others_count",
    "tool",
    "answers_in",
    "out_of_turn",
    "left",
    "files",
    "locale",
    "thread",
    "client_id",
    "visitor_gone",
    "address",
    "what",
    "answers",
    "quotes",
}  # never a sender's to say
IN_THE_ORIGINAL = "The text is too long; the rest of it stands in the original."


def said(event: base.Inbound, place: Place = OWN, *, html_beside: bool = False, code: bool = False) -> Said:
    """The event in the form the inbox stores it, nothing of it too long or unfit for a column.

    `html_beside`: its HTML is kept in a row of its own (:mod:`app.intake.keeping`). `code`: it is a code of ours.
    """
    if code:
        event = replace(event, sort=CODE)
    beside = {  # an answer needs these, and the sender's own page their id of it
        "locale": event.sender.locale[:16],
        "thread": event.thread[:200],
        "client_id": event.client_id[:200],
        "answers": "" if html_beside or not event.in_reply_to else key(event.in_reply_to),
    }
    told = {name: value for name, value in event.context.items() if name not in OURS}
    if place.answers_in is not None:
        told["answers_in"] = place.answers_in
    return Said(
        external_id=key(event.external_id),
        text=event.text,
        html="" if html_beside else event.html,
        subject=event.subject,
        sent_at=max(event.sent_at, place.after) if event.sent_at and place.after else event.sent_at,
        kind=event.kind,
        context=_storable(
            {
                **told,
                **{name: value for name, value in beside.items() if value},
                **_about(event),
                **_cut(event, html_beside),
            }
        ),
        quiet=event.sort in {*base.QUIET, CODE} or event.history,
        place=place.conversation_id,
    )


def _about(event: base.Inbound) -> dict[str, Any]:
    """What it is where it is no ordinary message of now, and who else got it."""
    told: dict[str, Any] = {"sort": event.sort[:40]} if event.sort else {}
    if event.history:
        told["history"] = True
    if event.others:
        told["others"] = [asdict(one) for one in event.others[:MOST_OTHERS]]
    if len(event.others) > MOST_OTHERS:
        told["others_count"] = len(event.others)
    return told


def _cut(event: base.Inbound, mail: bool) -> dict[str, Any]:
    """That some of its words are not shown: of a mail the original has them."""
    if len(event.text) <= MAX_TEXT or len(clean(event.text)) <= MAX_TEXT:
        return {}
    if not mail:
        return {"notice": CUT}
    problems = [one for one in event.context.get("problems", ()) if one != IN_THE_ORIGINAL]
    return {"problems": [*problems, IN_THE_ORIGINAL]}


def key(external_id: str) -> str:
    if not external_id:
        raise ValueError("an event without its provider's id cannot be told from the next one")
    return connect.fitting(external_id, 512)


def _storable(value: Any) -> Any:
    """JSON both engines can store: PostgreSQL refuses NUL and lone surrogates in it."""
    if isinstance(value, str):
        return clean(value)[:4000]
    if isinstance(value, dict):
        return {clean(str(name)): _storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value
