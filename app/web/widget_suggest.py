"""Answers suggested while a visitor types their first message. What is typed is looked up, and kept nowhere."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import bots
from app import general, i18n, rates
from app.bot import answers, situations
from app.config import settings
from app.db import now, reading, transaction
from app.helpcentre import addresses, finding, votes
from app.helpcentre.shelf import shelf
from app.knowledge import pictures
from app.web.widget import ANYONE, open_channel, own_origin, preflight, refused

MOST = 3
LARGEST = 4000  # bytes of a question
ASKED, PER = 90, 60.0  # of one network


async def suggest(request: Request) -> Response:
    """``POST`` {"text", "locale"}: at most three entries that this channel's bot would answer with."""
    return await _with_body(request, _suggest)


async def rate(request: Request) -> Response:
    """``POST`` {"entry", "helped"}: whether reading one of them helped, counted as in the help centre."""
    return await _with_body(request, _rate)


async def _with_body(request: Request, handler: Callable[[Request, bytes], Response]) -> Response:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return _refused(request, 413)
    return await run_in_threadpool(handler, request, body)


def _suggest(request: Request, body: bytes) -> Response:
    host = request.client.host if request.client else ""
    if rates.hit(f"widget:suggest:{rates.network(host)}", ASKED, PER):
        return _refused(request, 429)
    try:
        told = json.loads(body)
        typed, locale = str(told["text"]), i18n.known(str(told.get("locale", "")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _refused(request, 400)
    with reading() as db:
        here = _situation(db, request)
        if here is None:
            return _refused(request, 404)
        book = answers.book(db)
        language = _spoken(typed, locale)
        found = finding.find(book, typed, language, lambda one: one.holds(here), MOST, within=False)
        public = shelf(db) if general.help_centre(db).on else None
        base = settings().public_url or own_origin(request)
        entries = [
            {
                "id": one.id,
                "title": one.title,
                "answer": one.answer,
                "links": [{"label": link.label, "url": link.url} for link in one.links],
                "url": base + addresses.entry(one) if public and public.shows(one) else "",
                "image": _image(db, one) if public and public.shows(one) else None,
            }
            for one in found
        ]
    return JSONResponse({"entries": entries}, headers=ANYONE | {"Cache-Control": "no-store"})


def _rate(request: Request, body: bytes) -> Response:
    try:
        told = json.loads(body)
        id, helped = told["entry"], told["helped"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return _refused(request, 400)
    if type(id) is not int or type(helped) is not bool:
        return _refused(request, 400)
    with reading() as db:
        here = _situation(db, request)
        entry = answers.book(db).entry(id) if here and id > 0 else None
        if here is None or here.on is None or entry is None or not entry.holds(here):
            return _refused(request, 404)
    host = request.client.host if request.client else ""
    if votes.counts(id, host, request.headers.get("user-agent", "")):
        with transaction() as db:
            votes.count(db, id, here.on, helped=helped)
    return Response(status_code=204, headers=ANYONE | {"Cache-Control": "no-store"})


def _situation(db: Session, request: Request) -> bots.Situation | None:
    """Where and when they ask, as far as it is known of who has written nothing yet; None: there is no such chat."""
    channel = open_channel(db, request.path_params["key"])
    if channel is None:
        return None
    today = now().astimezone(situations.business_hours(db).zone).date()
    return bots.Situation(channel=channel.key, kind=channel.kind, on=today)


def _spoken(typed: str, locale: str) -> str:
    """Kana and kanji are Japanese, whatever the page is in."""
    return "ja" if any("\u3040" <= char <= "\u9fff" for char in typed) else locale


def _image(db: Any, entry: bots.Entry) -> dict[str, Any] | None:
    found = pictures.find(db, entry.picture.id) if entry.picture else None
    if found is None or entry.picture is None:
        return None
    return {"url": f"/help/pictures/{found.id}?scaled=1", "text": entry.picture.text}


def _refused(request: Request, status: int) -> Response:
    locale = i18n.known(request.headers.get("accept-language", "").split(",")[0])
    return refused(locale, status, "suggestions", "This was not understood.")


routes = [
    Route("/widget/{key}/suggestions", suggest, methods=["POST"]),
    Route("/widget/{key}/suggestions", preflight, methods=["OPTIONS"]),
    Route("/widget/{key}/suggestions/rating", rate, methods=["POST"]),
    Route("/widget/{key}/suggestions/rating", preflight, methods=["OPTIONS"]),
]
