"""What a customer agrees to, noted by an agent in the panel; and, for admins, what messages are for."""

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import family, inbox
from app.db import reading, transaction
from app.inbox import consents
from app.inbox.consents import Said
from app.inbox.purposes import BUILT_IN, MAX_NAME, MOST, Purpose, change_purposes, purposes
from app.models import Conversation, Identity
from app.models.consent import AGENT, CHAT, FORM, SERVICE
from app.queries import NotFound
from app.web import pane as panes
from app.web.conversations import found
from app.web.pages import done, number, page, partial, require_role, text, with_form, words

HERE = "/settings/purposes"


def note(request: Request, form: FormData) -> Response:
    """They agree, or want no more (``given``: yes, no), and why; answers with the panel."""
    given, source = text(form, "given"), text(form, "source") or AGENT
    with transaction() as db:
        viewer, head = found(db, request)
        identity = _identity(db, head, number(text(form, "identity_id")))
        if given not in ("yes", "no") or source not in (AGENT, CHAT, FORM) or len(text(form, "kind")) > 64:
            raise inbox.Refused("Choose what the customer wants.")
        said = Said(
            given == "yes",
            text(form, "purpose"),
            text(form, "kind"),
            source=source,
            reason=text(form, "reason"),
        )
        if source != AGENT and not said.reason.strip():
            raise inbox.Refused("Write down why: what the customer said, or where they signed.")
        consents.consent(db, identity, said, agent=viewer)
        db.flush()
        return partial(request, "inbox/_panel.html", pane=panes.panel(db, viewer, head))


def _identity(db: Session, head: Conversation, id: int | None) -> Identity:
    members = [one.customer_id for one in family.family(db, head)]
    wanted = select(Identity).where(Identity.id == id, Identity.customer_id.in_(members))
    identity = db.scalars(wanted).first()
    if identity is None:
        raise NotFound("identity")
    return identity


def show(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        return _page(request, list(purposes(db)))


def save(request: Request, form: FormData) -> Response:
    """The purposes as they stand in the form: those of every house, the house's own, and a new one if it has a name."""
    require_role(request, "admin")
    keys = [key for key in form.getlist("key") if isinstance(key, str)]
    wanted = [
        Purpose(key, text(form, f"name-{key}"), key in form.getlist("opt_in"))
        for key in keys
        if f"remove-{key}" not in form
    ]
    if text(form, "new").strip():
        wanted.append(
            Purpose(f"purpose_{secrets.token_hex(3)}", text(form, "new"), text(form, "new_opt_in") == "yes")
        )
    try:
        with transaction() as db:
            change_purposes(db, request.state.viewer, wanted)
    except inbox.Refused as refused:
        problem = words(request, refused.sentence, **refused.values)
        return _page(request, wanted, problem, refused.status)
    return done(request, HERE, words(request, "Saved."))


def _page(request: Request, wanted: list[Purpose], problem: str = "", status: int = 200) -> Response:
    shown: dict[str, Any] = {"purposes": wanted, "built_in": BUILT_IN, "service": SERVICE}
    shown |= {"max_name": MAX_NAME, "most": MOST}
    return page(
        request,
        "settings/purposes.html",
        status=status,
        section="purposes",
        problem=problem,
        **shown,
    )


routes = [
    Route("/conversations/{id:int}/consents", with_form(note), methods=["POST"]),
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(save), methods=["POST"]),
]
