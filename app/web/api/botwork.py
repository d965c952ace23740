"""`/bot-rules` and `/bot-forms`: what the bot does before it looks at the FAQ, and the forms it goes through."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.orm import Session

from app import directory, knowledge
from app.api import botwork as shapes
from app.api.botwork import FormChange, FormIn, FormShape, RuleChange, RuleIn, RuleShape
from app.knowledge import flows
from app.models import BotFlow, BotRule, Team, Webhook
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of, wrong
from app.web.api.problems import Unreadable

TAG = "FAQ and bot"
SCOPE = "knowledge:write"
NAMED: dict[str, tuple[type[Any], str]] = {
    "team": (Team, "There is no such team."),
    "webhook": (Webhook, "There is no such webhook."),
    "flow": (BotFlow, "There is no such form."),
}


@endpoint("GET", "/bot-rules", scope="knowledge:read", tag=TAG)
def list_bot_rules(call: Call, query: PageQuery) -> Page[RuleShape]:
    """The bot's rules as they are edited, by id; it tries them in the order of their `position`."""
    return page_of(directory.rules(call.db, query.after, query.limit), shapes.rule)


@endpoint("GET", "/bot-rules/{rule_id}", scope="knowledge:read", tag=TAG)
def get_bot_rule(call: Call, rule_id: int) -> RuleShape:
    """One rule."""
    return shapes.rule(directory.one(call.db, BotRule, rule_id))


@endpoint("POST", "/bot-rules", scope=SCOPE, tag=TAG, status=201, roles=EDITORS)
def create_bot_rule(call: Call, body: RuleIn) -> RuleShape:
    """Write a rule into the draft. The bot follows it once it is published (`POST /faq/publication`)."""
    made = _save_rule(call, None, body)
    call.headers["Location"] = f"/api/v1/bot-rules/{made.id}"
    return shapes.rule(made)


@endpoint("PATCH", "/bot-rules/{rule_id}", scope=SCOPE, tag=TAG, roles=EDITORS, matched=True)
def change_bot_rule(call: Call, rule_id: int, body: RuleChange) -> RuleShape:
    """Change a rule of the draft, or its place in the order. Every edit of it is kept."""
    rule = directory.one(call.db, BotRule, rule_id, held=True)
    call.must_match(shapes.rule(rule))
    return shapes.rule(_save_rule(call, rule, body))


@endpoint("DELETE", "/bot-rules/{rule_id}", scope=SCOPE, tag=TAG, roles=EDITORS, matched=True)
def delete_bot_rule(call: Call, rule_id: int) -> None:
    """Take a rule out of the draft; its history stays."""
    rule = directory.one(call.db, BotRule, rule_id, held=True)
    call.must_match(shapes.rule(rule))
    knowledge.remove(call.db, call.agent, rule)


@endpoint("GET", "/bot-forms", scope="knowledge:read", tag=TAG)
def list_bot_forms(call: Call, query: PageQuery) -> Page[FormShape]:
    """The forms as they are edited, by id."""
    return page_of(directory.forms(call.db, query.after, query.limit), shapes.form)


@endpoint("GET", "/bot-forms/{form_id}", scope="knowledge:read", tag=TAG)
def get_bot_form(call: Call, form_id: int) -> FormShape:
    """One form."""
    return shapes.form(directory.one(call.db, BotFlow, form_id))


@endpoint("POST", "/bot-forms", scope=SCOPE, tag=TAG, status=201, roles=EDITORS)
def create_bot_form(call: Call, body: FormIn) -> FormShape:
    """Write a form into the draft. One with a way that leads back, or nowhere, is refused, and the question is named.
    The bot goes through it once it is published (`POST /faq/publication`)."""
    made = _save_form(call, None, body)
    call.headers["Location"] = f"/api/v1/bot-forms/{made.id}"
    return shapes.form(made)


@endpoint("PATCH", "/bot-forms/{form_id}", scope=SCOPE, tag=TAG, roles=EDITORS, matched=True)
def change_bot_form(call: Call, form_id: int, body: FormChange) -> FormShape:
    """Change a form of the draft, or keep it aside with `enabled`: false. Every edit of it is kept."""
    form = directory.one(call.db, BotFlow, form_id, held=True)
    call.must_match(shapes.form(form))
    return shapes.form(_save_form(call, form, body))


@endpoint("DELETE", "/bot-forms/{form_id}", scope=SCOPE, tag=TAG, roles=EDITORS, matched=True)
def delete_bot_form(call: Call, form_id: int) -> None:
    """Take a form out of the draft; its history stays. Who is in the middle of it goes on until that is published."""
    form = directory.one(call.db, BotFlow, form_id, held=True)
    call.must_match(shapes.form(form))
    knowledge.remove(call.db, call.agent, form)


def _save_rule(call: Call, rule: BotRule | None, body: RuleIn | RuleChange) -> BotRule:
    try:
        data = shapes.rule_data(body, rule)
        _check(call.db, {f"params.{name}": data["params"].get(name) for name in NAMED})
        saved = knowledge.save_rule(call.db, call.agent, rule, data)
    except knowledge.Invalid as invalid:
        raise _refused(invalid, {"text", "label", "set", "flow", "webhook"}) from invalid
    if isinstance(body.position, int):
        knowledge.place_rule(call.db, call.agent, saved, body.position)
    return saved


def _save_form(call: Call, form: BotFlow | None, body: FormIn | FormChange) -> BotFlow:
    try:
        data = shapes.form_data(body, form)
        _check(call.db, {f"ending.{name}": data["ending"].get(name) for name in ("team", "webhook")})
        return flows.save_flow(call.db, call.agent, form, data)
    except knowledge.Invalid as invalid:
        raise _refused(invalid, set()) from invalid


def _check(db: Session, named: dict[str, Any]) -> None:
    """Whether what is named by its number is there."""
    for place, id in named.items():
        table, sentence = NAMED[place.rpartition(".")[2]]
        if id and db.get(table, knowledge.id_of(id) or 0) is None:
            raise knowledge.Invalid({place: sentence})


def _refused(invalid: knowledge.Invalid, params: set[str]) -> Unreadable:
    """The fields as the body has them: `step3` is a question, and some of a rule are its parameters."""
    places = {name: f"params.{name}" if name in params else name for name in invalid.problems}
    places = {name: re.sub(r"^step(\d+)$", r"steps[\1]", place) for name, place in places.items()}
    return wrong({places[name]: (said, invalid.values) for name, said in invalid.problems.items()})
