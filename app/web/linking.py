"""`/link`: a customer on their way from a chat to the sign-in page of the business, and back. Open to everybody; what
counts is what was signed."""

from __future__ import annotations

import secrets

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app import linking, rates
from app.auth.guard import wants_json
from app.db import transaction
from app.inbox import Refused
from app.intake import linked
from app.text import clean
from app.web.conversations import found
from app.web.pages import number, partial, text, with_form, words

SAID, WITHIN = 60, 60.0  # sign-ins told from one network address, in seconds


def begin(request: Request) -> Response:
    """The address that was sent into the chat: on to the sign-in page, with a token of the platform."""
    try:
        return RedirectResponse(linking.begin(request.path_params["ticket"]), 303)
    except Refused as refused:
        return _refused(request, refused)


async def signed_in(request: Request) -> Response:
    """The business says who signed in, by a JWT: with a form of its page, whose browser is sent on, or in JSON, which
    is told the address to send it to."""
    told = await _told(request)
    return await run_in_threadpool(_vouched, request, told)


def _vouched(request: Request, told: dict[str, str]) -> Response:
    host = request.client.host if request.client else ""
    try:
        if rates.hit(f"linked:{rates.network(host)}", SAID, WITHIN):
            raise Refused("This was opened too often. Please wait ten minutes.", status=429)
        with transaction() as db:
            url = linked.vouch_by_token(db, told["jwt"], told["link_token"])
    except Refused as refused:
        return _refused(request, refused)
    if wants_json(request):
        return JSONResponse({"redirect_to": url})
    return RedirectResponse(url, 303)


async def _told(request: Request) -> dict[str, str]:
    names = ("jwt", "link_token")
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            given = await request.json()
        except (ValueError, RecursionError):
            given = {}
        given = given if isinstance(given, dict) else {}
    else:
        async with request.form(max_files=0, max_fields=20) as form:
            given = dict(form)
    return {name: value if isinstance(value := given.get(name), str) else "" for name in names}


def _refused(request: Request, refused: Refused) -> Response:
    said = words(request, refused.sentence, **refused.values)
    if wants_json(request):
        return JSONResponse({"error": clean(said)}, refused.status)
    return partial(request, "link.html", status=refused.status, sentence=said)


def ask(request: Request, form: FormData) -> Response:
    """Send the customer the address, as an answer of the viewer. ``seen``: the newest event that was seen."""
    with transaction() as db:
        viewer, head = found(db, request)
        linking.ask(db, viewer, head, secrets.token_hex(16), seen=number(text(form, "seen")))
    return Response(status_code=204)


routes = [
    Route("/link/{ticket}", begin, methods=["GET"]),
    Route("/link", signed_in, methods=["POST"]),
    Route("/conversations/{id:int}/account-link", with_form(ask), methods=["POST"]),
]
