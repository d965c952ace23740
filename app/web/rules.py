"""The bot's rules: what it does before it looks at the FAQ."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge, webhooks
from app.db import reading, transaction
from app.inbox.escalations import TYPES
from app.models import Agent, BotRule, Channel, Team
from app.web.knowledge import EDITORS, Shelf
from app.web.pages import done, page, require_role, text, with_form
from app.web.publishing import waiting

LIST = "/settings/rules"
FIELDS = ("name", "language", "keywords", "pattern", "action", "enabled")
PARAMS = knowledge.PARAMS
EMPTY = dict.fromkeys((*FIELDS, *PARAMS), "") | {"action": "answer", "enabled": "1", "type": "complaint"}


def index(request: Request) -> Response:
    with reading() as db:
        rules, waits = knowledge.all_rules(db), waiting(db, knowledge.RULE)
    return page(request, "settings/rules.html", section="rules", rules=rules, **waits)


def new(request: Request) -> Response:
    with reading() as db:
        return SHELF.form(request, EMPTY, None, db)


def move(request: Request, form: FormData) -> Response:
    """One place ``up`` or down."""
    require_role(request, *EDITORS)
    with transaction() as db:
        step = -1 if text(form, "to") == "up" else 1
        knowledge.move_rule(db, request.state.viewer, SHELF.find(db, request), step)
    return done(request, LIST)


def _write(db: Session, viewer: Agent, rule: BotRule | None, given: Mapping[str, str]) -> BotRule:
    return knowledge.save_rule(db, viewer, rule, knowledge.rule_data(given))


def _typed(rule: BotRule) -> dict[str, str]:
    """A rule as its form shows it."""
    return EMPTY | {
        "name": rule.name,
        "language": rule.language,
        "keywords": "\n".join(rule.keywords),
        "pattern": rule.pattern,
        "action": rule.action,
        "enabled": "1" if rule.enabled else "",
        **{name: str(rule.params.get(name, EMPTY[name])) for name in PARAMS},
    }


def _beside(db: Session, _rule: BotRule | None, _values: Mapping[str, str]) -> dict[str, Any]:
    """What a rule can name: teams, forms, webhooks, and the channels there are."""
    keys = db.scalars(select(Channel.key).where(Channel.enabled).order_by(Channel.id).limit(2))
    return {
        "teams": [(str(one.id), one.name) for one in db.scalars(select(Team).order_by(Team.name))],
        "forms": [(str(one.id), one.name) for one in knowledge.all_flows(db)],
        "hooks": [(str(one.id), one.name) for one in webhooks.errands.hooks(db)],
        "channel_keys": list(keys),
    }


SHELF = Shelf(
    BotRule,
    LIST,
    template="settings/rule.html",
    called="rule",
    empty=EMPTY,
    typed=_typed,
    write=_write,
    goes_to=lambda _rule: LIST,
    saved="Saved in the draft. The bot follows it once it is published.",
    removed="The rule was deleted from the draft.",
    shown={"section": "rules", "types": TYPES},
    beside=_beside,
)

routes = [
    Route(LIST, index, methods=["GET"]),
    Route(f"{LIST}/new", new, methods=["GET"]),
    Route(f"{LIST}/{{id:int}}/place", with_form(move), methods=["POST"]),
    *SHELF.routes(),
]
