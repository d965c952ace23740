"""Flows as they are stored: from the fields of their form and back, from TOML and back, and what keeps one from being
used."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import bots
from app.knowledge.writing import FLOW_USUAL, Invalid, id_of, keep_flow, lines, stored
from app.models import Agent, BotFlow, Team, Webhook
from app.text import clean, one_line
from bots.flow import KINDS, MOST_STEPS
from bots.text import pair_of

STEP_FIELDS = ("name", "label", "ask", "kind", "pattern", "choices", "hint", "optional", "ahead", "to")
END_FIELDS = ("confirm", "text", "label", "attributes", "task", "team", "hand_over", "webhook", "fallback")
SWITCHES = ("optional", "ahead")
LONGEST = 100_000  # characters of TOML
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MOST_PARTS = 50  # of a name that is written a.b.c, and of a line
_NO_NAMES = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:"{3,5})?'
    r"|'''(?:[^']|'(?!''))*(?:'{3,5})?"
    r'|"(?:[^"\\\n]|\\[^\n])*"?'
    r"|'[^'\n]*'?|#[^\n]*",
    re.DOTALL,
)
"""Strings and comments of TOML, also where they do not end."""
_ARROW = "->"
_LEADS = re.compile(r"->(?!.*->)|(?:[→⇒]|(?:[-－−]|(?<![ぁ-んァ-ヶー])ー)[>＞])(?=\s*[a-z][a-z0-9_]*\s*$)")
"""An arrow as a Japanese keyboard types it, too, where the name of a question is behind it."""


def save_flow(db: Session, agent: Agent | None, flow: BotFlow | None, data: Mapping[str, Any]) -> BotFlow:
    """Write a flow (None: a new one); what is not given stays. Raises :class:`Invalid`: `step3` names the question at
    fault, from 0."""
    data = {**(stored(flow) if flow else FLOW_USUAL), **data}
    if not data["name"]:
        raise Invalid({"name": "Give the form a name."})
    if data["key"] and not KEY.fullmatch(data["key"]):
        raise Invalid({"key": "Write a key with small letters, digits, - and _."})
    if data["key"] and named(db, data, but=flow):
        raise Invalid({"key": "Another form has this key."})
    for problem in bots.check_flow(bots.flow_of(0, data)):
        places = [step["name"] for step in data["steps"]]
        field = f"step{places.index(problem.place)}" if problem.place in places else "steps"
        raise Invalid({field: problem.sentence}, problem.values)
    return keep_flow(db, agent, flow, data)


def named(db: Session, data: Mapping[str, Any], but: BotFlow | None = None) -> BotFlow | None:
    """The flow that has the same key; without one, the same name in the same language."""
    same = BotFlow.key == data["key"] if data.get("key") else None
    if same is None:
        same = (BotFlow.name == data["name"]) & (BotFlow.language == data["language"])
    other = BotFlow.id != (but.id if but else 0)
    return db.scalars(select(BotFlow).where(same, other).order_by(BotFlow.id).limit(1)).first()


def take_in(db: Session, agent: Agent | None, text: str) -> list[BotFlow]:
    """Write the flows of a TOML text: each over the one it names by its key, or by its name and language where it has
    none, else as a new one. Raises `Unreadable`, :class:`Invalid`."""
    return [save_flow(db, agent, named(db, data), data) for data in from_toml(db, text)]


# The form ------------------------------------------------------------------------------------------------


def fields() -> list[str]:
    """Every field of the form: of the flow, of each question it may have, and of its end."""
    steps = [f"s{at}_{name}" for at in range(MOST_STEPS) for name in (*STEP_FIELDS, "order")]
    told = ("key", "name", "language", "keywords", "questions", "enabled")
    return [*told, *steps, *(f"end_{name}" for name in END_FIELDS)]


def form_data(given: Mapping[str, str]) -> dict[str, Any]:
    """A flow from the fields of its form. A question without words is none; they stand in the order of their
    numbers."""
    asked = slots(given)
    taken = {given.get(f"s{at}_name", "").strip() for at in asked}
    steps = []
    for at in asked:
        one = {name: given.get(f"s{at}_{name}", "") for name in STEP_FIELDS}
        one["name"] = one["name"].strip() or _new_name(taken)
        taken.add(one["name"])
        steps.append(_step(one, _typed_choices(one["choices"])))
    end = {name: given.get(f"end_{name}", "") for name in END_FIELDS}
    words = {name: lines(given.get(name, "")) for name in ("keywords", "questions")}
    return _flow(
        {**given, **words}, steps, {**end, "attributes": dict(map(pair_of, lines(end["attributes"])))}
    )


def slots(given: Mapping[str, str]) -> list[int]:
    """The places of the form whose questions say anything, in the order they are asked."""
    asked = [
        at for at in range(MOST_STEPS) if given.get(f"s{at}_ask", "").strip() or given.get(f"s{at}_label", "")
    ]
    return sorted(asked, key=lambda at: (_order(given.get(f"s{at}_order", ""), at), at))


def typed(data: Mapping[str, Any]) -> dict[str, str]:
    """A flow as its form shows it."""
    shown = dict.fromkeys(fields(), "")
    shown |= {name: data[name] for name in ("key", "name", "language")}
    shown |= {name: "\n".join(data[name]) for name in ("keywords", "questions")}
    shown["enabled"] = "1" if data["enabled"] else ""
    for at, step in enumerate(data["steps"]):
        told = {**step, "choices": "\n".join(_choice_line(one) for one in step.get("choices", ()))}
        shown |= {f"s{at}_{name}": _said(told.get(name, "")) for name in STEP_FIELDS}
        shown[f"s{at}_order"] = str(at + 1)
    end = data["ending"]
    told = {
        **end,
        "attributes": "\n".join(f"{name} = {of}" for name, of in end.get("attributes", {}).items()),
    }
    return shown | {f"end_{name}": _said(told.get(name, "")) for name in END_FIELDS}


def _order(typed: str, at: int) -> float:
    text = typed.strip()
    return float(text[:4]) if text.isascii() and text.isdigit() else at + 1.5


def _new_name(taken: set[str]) -> str:
    return next(name for number in range(1, 100) if (name := f"q{number}") not in taken)


def _typed_choices(typed: str) -> list[dict[str, str]]:
    """Choices, one a line; `words -> question` leads elsewhere."""
    pairs = (_LEADS.split(line, maxsplit=1) for line in lines(typed, 20))
    return [_choice(words, "".join(to)) for words, *to in pairs if words.strip()]


def _choice(words: str, to: str) -> dict[str, str]:
    made = {"words": one_line(words, 80)}
    return {**made, "to": to.strip()} if to.strip() else made


def _choice_line(one: Mapping[str, str]) -> str:
    return f"{one['words']} {_ARROW} {one['to']}" if one.get("to") else one["words"]


def _said(value: Any) -> str:
    return ("1" if value else "") if isinstance(value, bool) else "" if value is None else str(value)


# What is stored ------------------------------------------------------------------------------------------


def data_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """A flow as it is stored, from its parts as a program names them."""
    steps = [
        _step(one, [_choice(str(each["words"]), str(each.get("to", ""))) for each in one.get("choices", ())])
        for one in told["steps"]
    ]
    said = {field: lines("\n".join(told.get(field, ()))) for field in ("keywords", "questions")}
    return _flow({"enabled": True, **told, **said}, steps, told["ending"])


def _flow(given: Mapping[str, Any], steps: list[dict[str, Any]], end: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": one_line(str(given.get("key", "")), 64),
        "name": one_line(str(given.get("name", "")), 200),
        "language": "en" if given.get("language") == "en" else "ja",
        "keywords": given["keywords"],
        "questions": given["questions"],
        "steps": steps,
        "ending": _ending(end),
        "enabled": bool(given.get("enabled")),
    }


def _step(one: Mapping[str, Any], choices: list[dict[str, str]]) -> dict[str, Any]:
    """A question, without what it says nothing of."""
    kind = one.get("kind") or "text"
    told: dict[str, Any] = {
        "name": one_line(str(one.get("name", "")), 32),
        "label": one_line(str(one.get("label", "")), 80),
        "ask": clean(str(one.get("ask", ""))).strip()[:2000],
        "kind": kind if kind in KINDS else "text",
        "pattern": clean(str(one.get("pattern", ""))).strip() if kind in ("number", "text") else "",
        "choices": choices if kind == "choice" else [],
        "hint": clean(str(one.get("hint", ""))).strip()[:500],
        "to": one_line(str(one.get("to", "")), 32),
        **{name: bool(one.get(name)) for name in SWITCHES},
    }
    return {name: value for name, value in told.items() if value or name in ("name", "label", "ask", "kind")}


def _ending(end: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "confirm": bool(end.get("confirm")),
        "text": clean(str(end.get("text", ""))).strip()[:4000],
        "label": one_line(str(end.get("label", "")), 64),
        "attributes": {one_line(name, 64): str(of)[:32] for name, of in end.get("attributes", {}).items()},
        "task": one_line(str(end.get("task", "")), 500),
        "team": id_of(end.get("team")),
        "hand_over": bool(end.get("hand_over")),
        "webhook": id_of(end.get("webhook")),
        "fallback": clean(str(end.get("fallback", ""))).strip()[:2000],
    }
    return {name: value for name, value in told.items() if value or name == "confirm"}


# TOML ----------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """The text is no TOML with flows: an English sentence and what it names."""

    def __init__(self, sentence: str, **values: str) -> None:
        super().__init__(sentence % values)
        self.sentence, self.values = sentence, values


def from_toml(db: Session, text: str) -> list[dict[str, Any]]:
    """The flows in a TOML text, as they are stored. Teams and webhooks go by their names. Raises `Unreadable`."""
    if len(text) > LONGEST:
        raise Unreadable("The text is longer than a form can be.")
    try:
        told = tomllib.loads(_readable(text)).get("flow")
    except (ValueError, RecursionError) as error:
        raise Unreadable("This is no TOML: %(why)s", why=str(error)) from None
    if not isinstance(told, list) or not told or not all(isinstance(one, dict) for one in told):
        raise Unreadable("There is no form in it: each begins with [[flow]].")
    return [_read(db, one) for one in told]


def _readable(text: str) -> str:
    """`text`, where its names are not of so many parts that reading them takes half a minute. Raises `ValueError`."""
    bare = _NO_NAMES.sub(lambda found: "\n" * found[0].count("\n"), text)
    for at, line in enumerate(bare.split("\n"), 1):
        if line.count(".") > MOST_PARTS:
            raise ValueError(f"too many dots in line {at}")
    return text


def _read(db: Session, told: Mapping[str, Any]) -> dict[str, Any]:
    name, steps, end = str(told.get("name", "")), told.get("step", []), told.get("end", {})
    listed = {field: told.get(field, []) for field in ("keywords", "questions")}
    if not (
        isinstance(steps, list)
        and isinstance(end, dict)
        and all(isinstance(one, list) for one in listed.values())
    ):
        raise Unreadable("The form “%(name)s” is not written as the others are.", name=name)
    if len(steps) > MOST_STEPS or not all(isinstance(one, dict) for one in steps):
        raise Unreadable("The form “%(name)s” is not written as the others are.", name=name)
    noted = end.get("attributes", {})
    read = {
        "confirm": True,
        **end,
        "attributes": noted if isinstance(noted, dict) else {},
        "team": _found(db, Team, end.get("team"), name),
        "webhook": _found(db, Webhook, end.get("webhook"), name),
    }
    made = [_step(one, _read_choices(one.get("choices", []))) for one in steps]
    said = {field: lines("\n".join(map(str, one))) for field, one in listed.items()}
    return _flow({"enabled": True, **told, **said}, made, read)


def _read_choices(told: Any) -> list[dict[str, str]]:
    listed = told if isinstance(told, list) else []
    each = (
        (one.get("words", ""), one.get("to", "")) if isinstance(one, dict) else (one, "") for one in listed
    )
    return [_choice(str(words), str(to)) for words, to in each]


def _found(db: Session, table: type[Team] | type[Webhook], name: Any, flow: str) -> int | None:
    if not name:
        return None
    called = one_line(str(name))
    found = db.scalars(select(table.id).where(table.name == called).limit(1)).first()
    if found is None:
        raise Unreadable("The form “%(flow)s” names “%(name)s”, which is not there.", flow=flow, name=called)
    return int(found)


def to_toml(db: Session, flows: Sequence[Mapping[str, Any]]) -> str:
    """These flows as TOML that :func:`from_toml` reads."""
    return "\n".join(line for data in flows for line in _written(db, data))


def _written(db: Session, data: Mapping[str, Any]) -> Iterator[str]:
    yield "[[flow]]"
    for name in ("key", "name", "language", "keywords", "questions", "enabled"):
        if name in ("name", "language", "keywords", "enabled") or data[name]:
            yield f"{name} = {_value(data[name])}"
    for step in data["steps"]:
        yield "\n[[flow.step]]"
        for name in STEP_FIELDS:
            if name in step:
                choices = [one if one.get("to") else one["words"] for one in step.get("choices", ())]
                yield f"{name} = {_value(choices if name == 'choices' else step[name])}"
    yield "\n[flow.end]"
    end = dict(data["ending"])
    team = db.get(Team, end["team"]) if end.get("team") else None
    webhook = db.get(Webhook, end["webhook"]) if end.get("webhook") else None
    end |= {"team": team.name if team else None, "webhook": webhook.name if webhook else None}
    for name in END_FIELDS:
        if end.get(name) or name == "confirm":
            yield f"{name} = {_value(end[name])}"
    yield ""


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return ("true" if value else "false") if isinstance(value, bool) else _text(str(value))


def _text(text: str) -> str:
    """As a basic string of TOML: JSON's escapes are among its own."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
