"""`/continue`: where a customer goes on with the chat that an agent sent an address for. Open to everybody: it uses up
nothing and shows nothing of the chat."""

from __future__ import annotations

import secrets

import segno
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import continuing, rates
from app.config import settings
from app.db import reading, transaction
from app.inbox import Refused
from app.web.conversations import found
from app.web.pages import number, partial, text, with_form, words
from app.web.widget import open_channel

OPENED, WITHIN = 20, 600.0  # addresses opened from one network address, in seconds


def arrive(request: Request) -> Response:
    """The ways there are; a wrong or used code is told in a sentence."""
    host = request.client.host if request.client else ""
    try:
        if rates.hit(f"continue:{rates.network(host)}", OPENED, WITHIN):
            raise Refused("This was opened too often. Please wait ten minutes.", status=429)
        with reading() as db:
            arrival = continuing.arrive(db, request.path_params["code"])
    except Refused as refused:
        return partial(
            request, "continue.html", status=refused.status, sentence=words(request, refused.sentence)
        )
    return partial(request, "continue.html", sentence="", arrival=arrival, qr=_qr(request))


def chat(request: Request) -> Response:
    """A page with the chat and nothing else: for who has no page of the shop open."""
    with reading() as db:
        channel = open_channel(db, request.path_params["key"])
        if channel is None:
            sentence = words(request, "There is no chat here (any more).")
            return partial(request, "continue.html", status=404, sentence=sentence)
        return partial(request, "chat.html", chat={"key": channel.key, "name": channel.name})


def _qr(request: Request) -> str:
    """The address itself as a picture: opened on a large screen, it is gone on with on the telephone."""
    made = segno.make(f"{settings().public_url}{request.url.path}", micro=False)
    return str(made.svg_data_uri(border=2, omitsize=True, light="white"))


def send(request: Request, form: FormData) -> Response:
    """Send the customer such an address, as an answer of the viewer. ``seen``: the newest event that was seen."""
    with transaction() as db:
        viewer, head = found(db, request)
        continuing.send(db, viewer, head, secrets.token_hex(16), seen=number(text(form, "seen")))
    return Response(status_code=204)


routes = [
    Route("/continue/{code}", arrive, methods=["GET"]),
    Route("/chat/{key}", chat, methods=["GET"]),
    Route("/conversations/{id:int}/continue-link", with_form(send), methods=["POST"]),
]
