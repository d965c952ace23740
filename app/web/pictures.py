"""Pictures inside a mail's frame. The frame's origin is opaque, so no browser sends a cookie with what it asks for:
the address itself proves that somebody who may see the mail was given it, and is good for an hour."""

import hmac
from datetime import datetime

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import sharing
from app.db import now, reading
from app.models import Attachment
from app.queries import NotFound
from app.web import files


def address(key: str, until: datetime) -> str:
    """Where the picture with this key is shown until then, to whoever has the address."""
    stamp = str(int(until.timestamp()))
    return f"/pictures/{key}/{stamp}/{_sign(key, stamp)}"


def show(request: Request) -> Response:
    """The picture. Anything that is none, or an address that is forged or late, does not exist."""
    key, stamp, signature = (str(request.path_params[name]) for name in ("key", "stamp", "signature"))
    given = signature.encode("utf-8", "replace")
    if not hmac.compare_digest(_sign(key, stamp).encode(), given) or int(stamp) < now().timestamp():
        raise NotFound(key)
    with reading() as db:
        found = db.scalar(select(Attachment).where(Attachment.key == key, Attachment.message_id.is_not(None)))
    if found is None or not found.is_image:
        raise NotFound(key)
    response = files.sent(found, scaled=False, inline=True)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the frame is no origin of ours
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _sign(key: str, stamp: str) -> str:
    return sharing.signature(key, stamp, "pictures of mails")


routes = [Route("/pictures/{key}/{stamp}/{signature}", show, methods=["GET"])]
