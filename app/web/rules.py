"""The bot's rules: what it does before it looks at the FAQ."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.inbox.escalations import TYPES
from app.models import BotRule
from app.web.knowledge import EDITORS, Shelf
from app.web.pages import done, errors_of, page, require_role, text, with_form, words

LIST = "/settings/rules"
SHELF = Shelf(BotRule, LIST, "The rule was deleted.")
FIELDS = ("name", "language", "keywords", "pattern", "action", "enabled")
PARAMS = ("text", "quick_replies", "label", "type", "reason")
EMPTY = dict.fromkeys((*FIELDS, *PARAMS), "") | {"action": "answer", "enabled": "1", "type": "complaint"}


def index(request: Request) -> Response:
    with reading() as db:
        rules = knowledge.all_rules(db)
    return page(request, "settings/rules.html", section="rules", rules=rules)


def new(request: Request) -> Response:
    return _form(request, None)


def show(request: Request) -> Response:
    with reading() as db:
        return _form(request, SHELF.find(db, request), db=db)


def create(request: Request, form: FormData) -> Response:
    return _save(request, form, existing=False)


def save(request: Request, form: FormData) -> Response:
    return _save(request, form, existing=True)


def _save(request: Request, form: FormData, *, existing: bool) -> Response:
    require_role(request, *EDITORS)
    given = {name: text(form, name) for name in (*FIELDS, *PARAMS)}
    try:
        with transaction() as db:
            rule = SHELF.find(db, request) if existing else None
            knowledge.save_rule(db, request.state.viewer, rule, knowledge.rule_data(given))
    except knowledge.Invalid as invalid:
        with reading() as db:
            rule = SHELF.find(db, request) if existing else None
            return _form(request, rule, given, 422, errors_of(invalid.problems, request), db)
    return done(request, LIST, words(request, "Saved. The bot follows it from now on."))


def move(request: Request, form: FormData) -> Response:
    """One place ``up`` or down."""
    require_role(request, *EDITORS)
    with transaction() as db:
        step = -1 if text(form, "to") == "up" else 1
        knowledge.move_rule(db, request.state.viewer, SHELF.find(db, request), step)
    return done(request, LIST)


def _form(
    request: Request,
    rule: BotRule | None,
    given: dict[str, str] | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    db: Session | None = None,
) -> Response:
    history: list[Any] = knowledge.history(db, rule) if db and rule else []
    return page(
        request,
        "settings/rule.html",
        status=status,
        section="rules",
        rule=rule,
        values=given or _typed(rule),
        errors=errors or {},
        history=history,
        types=TYPES,
        may_edit=request.state.viewer.role in EDITORS,
    )


def _typed(rule: BotRule | None) -> dict[str, str]:
    """A rule as its form shows it."""
    if rule is None:
        return dict(EMPTY)
    return EMPTY | {
        "name": rule.name,
        "language": rule.language,
        "keywords": "\n".join(rule.keywords),
        "pattern": rule.pattern,
        "action": rule.action,
        "enabled": "1" if rule.enabled else "",
        **{name: str(rule.params.get(name, EMPTY[name])) for name in PARAMS},
    }


routes = [
    Route(LIST, index, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id:int}}/place", with_form(move), methods=["POST"]),
    *SHELF.routes(),
]
