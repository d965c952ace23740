"""What the bot asked another system by a rule or a form, for admins: request, answer, and asking again for trial."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import webhooks
from app.db import reading, transaction
from app.models import BotCall, BotFlow, BotRule, Webhook
from app.web.pages import done, number, page, path_id, require_role, with_form, words

HERE = "/settings/webhooks/{id}/questions"


def log(request: Request) -> Response:
    """One page of them, the newest first."""
    require_role(request, "admin")
    after = request.query_params.get("after")
    with reading() as db:
        hook = webhooks.find(db, path_id(request))
        found = webhooks.asked(db, hook, after=number(after))
    return _page(request, "webhooks_asked", hook, rows=found.rows, after=found.after, first=after is None)


def show(request: Request) -> Response:
    """What was asked and answered."""
    require_role(request, "admin")
    with reading() as db:
        hook, row = _found(db, request)
        by = _by(db, row)
    return _page(request, "webhooks_question", hook, row=row, by=by, fallback=row.asked.get("fallback", ""))


def test(request: Request, _form: FormData) -> Response:
    """Ask once more for trial, and show what came. Calls out, so no transaction is held meanwhile."""
    require_role(request, "admin")
    with transaction() as db:
        hook, row = _found(db, request)
        again = webhooks.errands.prepare_test(db, row)
    webhooks.errands.test(again.id)
    said = words(request, "Asked once more. Nothing of it is said to the customer.")
    return done(request, f"/settings/webhooks/{hook.id}/questions/{again.id}", said)


def _found(db: Session, request: Request) -> tuple[Webhook, BotCall]:
    hook = webhooks.find(db, path_id(request))
    return hook, webhooks.call_of(db, hook, path_id(request, "call"))


def _by(db: Session, row: BotCall) -> tuple[str, str]:
    """The name and the address of the rule or form that asked, as far as it is there."""
    rule = db.get(BotRule, row.asked.get("rule") or 0)
    form = db.get(BotFlow, row.asked.get("flow") or 0) if rule is None else None
    if rule is not None:
        return rule.name, f"/settings/rules/{rule.id}"
    return (form.name, f"/settings/flows/{form.id}") if form is not None else ("", "")


def _page(request: Request, name: str, hook: Webhook, **more: Any) -> Response:
    return page(request, f"settings/{name}.html", section="webhooks", hook=hook, **more)


routes = [
    Route(HERE, log, methods=["GET"]),
    Route(f"{HERE}/{{call}}", show, methods=["GET"]),
    Route(f"{HERE}/{{call}}/test", with_form(test), methods=["POST"]),
]
