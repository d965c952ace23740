"""Pictures of customers, for whoever may see the customer."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import family
from app.db import reading
from app.models import Agent, Avatar, Identity
from app.queries import NotFound, conversation_for


def show(request: Request) -> Response:
    """The picture. Its address changes with it, so it may be kept."""
    with reading() as db:
        data = _visible(db, request.state.viewer, str(request.path_params["key"]))
    headers = {"Cache-Control": "private, max-age=604800, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="image/webp", headers=headers)


def _visible(db: Session, viewer: Agent, key: str) -> bytes:
    found = db.scalar(select(Avatar).where(Avatar.key == key))
    if found is None:
        raise NotFound(key)
    customer_id = db.get_one(Identity, found.identity_id).customer_id
    conversation_for(db, viewer, family.conversation_of(db, customer_id).id)
    return found.data


routes = [Route("/avatars/{key}", show, methods=["GET"])]
