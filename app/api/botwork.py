"""Rules and forms of the bot as shapes, and the bodies they are written with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, to_builtins

from app import knowledge
from app.api.kinds import Given, Shape, Time
from app.api.knowledge import Language, Line, told
from app.api.shapes import same
from app.knowledge import flows
from app.models import BotFlow, BotRule
from bots.flow import MOST_CHOICES, MOST_STEPS, StepKind

Action = Literal["answer", "ask", "label", "flow", "webhook", "hand_over", "escalate"]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[list[Line], Meta(max_length=200)]
Pattern = Annotated[str, Meta(max_length=300)]
Short = Annotated[str, Meta(max_length=32)]
Row = Annotated[int, Meta(ge=1, le=2**53)]
Params = Annotated[
    dict[str, Annotated[str, Meta(max_length=4000)]],
    Meta(max_length=len(knowledge.PARAMS), description=f"Any of {', '.join(knowledge.PARAMS)}"),
]


class RuleShape(Shape):
    """A rule of the bot, tried in the order of `position` before the FAQ. `params` depends on the action: what is
    said, the label that is put, the type and reason of an escalation, the number of a team, form or webhook; and when
    the rule holds besides its words (`channels`, `hours`, `attributes`, `labels`, `pages`; of several, one a line)."""

    id: int
    position: int
    name: str
    language: str
    keywords: list[str]
    pattern: str
    action: Action
    params: dict[str, Any]
    enabled: bool
    updated_at: Time


class RuleIn(Given):
    """A new rule, tried last unless `position` says otherwise. `language` "": whatever the message is in."""

    name: Name
    action: Action
    language: Literal["", "ja", "en"] = ""
    keywords: Words = []
    pattern: Pattern = ""
    params: Params = {}
    position: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    enabled: bool = True


class RuleChange(Given):
    """What is to change of a rule; what is left out stays. `params` are replaced as a whole."""

    name: Name | UnsetType = UNSET
    action: Action | UnsetType = UNSET
    language: Literal["", "ja", "en"] | UnsetType = UNSET
    keywords: Words | UnsetType = UNSET
    pattern: Pattern | UnsetType = UNSET
    params: Params | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=10_000)] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class ChoiceShape(Shape):
    """An answer to choose, and the question it leads to ("": the usual one; `end`, `person`)."""

    words: str
    to: str


class StepShape(Shape):
    """A question of a form: what its answer is kept under, how it is called in the summary, what the bot asks, and what
    kind of answer it reads. `pattern` has to fit a number or text as a whole; `hint` is said when nothing can be read;
    `ahead` takes days from today on; `to` is the question that follows."""

    name: str
    label: str
    ask: str
    kind: StepKind
    pattern: str
    choices: list[ChoiceShape]
    hint: str
    optional: bool
    ahead: bool
    to: str


class EndingShape(Shape):
    """What happens with what was collected: `attributes` maps an attribute of the customer to the name of a question,
    `{name}` in `text` and `task` stands for an answer."""

    confirm: bool
    text: str
    label: str
    attributes: dict[str, str]
    task: str
    team: int | None
    hand_over: bool
    webhook: int | None
    fallback: str


class FormShape(Shape):
    """A form of the bot as it is edited. It begins with one of the `keywords`, where the bot is sure that one of the
    `questions` is meant, by a rule, or after an entry of the FAQ. `key` is its name for programs and files."""

    id: int
    key: str
    name: str
    language: Language
    keywords: list[str]
    questions: list[str]
    steps: list[StepShape]
    ending: EndingShape
    enabled: bool
    updated_at: Time


class ChoiceIn(Given):
    """An answer to choose."""

    words: Annotated[str, Meta(min_length=1, max_length=80)]
    to: Short = ""


class StepIn(Given):
    """A question of a form."""

    name: Annotated[str, Meta(min_length=1, max_length=32)]
    label: Annotated[str, Meta(min_length=1, max_length=80)]
    ask: Annotated[str, Meta(min_length=1, max_length=2000)]
    kind: StepKind = "text"
    pattern: Pattern = ""
    choices: Annotated[list[ChoiceIn], Meta(max_length=MOST_CHOICES)] = []
    hint: Annotated[str, Meta(max_length=500)] = ""
    optional: bool = False
    ahead: bool = False
    to: Short = ""


class EndingIn(Given):
    """What happens at the end."""

    confirm: bool = True
    text: Annotated[str, Meta(max_length=4000)] = ""
    label: Annotated[str, Meta(max_length=64)] = ""
    attributes: Annotated[dict[str, Short], Meta(max_length=MOST_STEPS)] = {}
    task: Annotated[str, Meta(max_length=500)] = ""
    team: Row | None = None
    hand_over: bool = False
    webhook: Row | None = None
    fallback: Annotated[str, Meta(max_length=2000)] = ""


Steps = Annotated[list[StepIn], Meta(min_length=1, max_length=MOST_STEPS)]
Key = Annotated[str, Meta(max_length=64, pattern=r"^([a-z0-9][a-z0-9_-]*)?$")]


class FormIn(Given):
    """A new form."""

    name: Name
    steps: Steps
    ending: EndingIn
    key: Key = ""
    language: Language = "ja"
    keywords: Words = []
    questions: Words = []
    enabled: bool = True


class FormChange(Given):
    """What is to change of a form; what is left out stays. `steps` and `ending` are replaced as a whole."""

    name: Name | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET
    ending: EndingIn | UnsetType = UNSET
    key: Key | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    keywords: Words | UnsetType = UNSET
    questions: Words | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


def rule(row: BotRule) -> RuleShape:
    return same(RuleShape, row)


def form(row: BotFlow) -> FormShape:
    steps = [StepShape(**{**_STEP, **one, "choices": _choices(one)}) for one in row.steps]
    return same(FormShape, row, steps=steps, ending=EndingShape(**{**_ENDING, **row.ending}))


_STEP: dict[str, Any] = {
    "kind": "text",
    "pattern": "",
    "hint": "",
    "optional": False,
    "ahead": False,
    "to": "",
}
_ENDING: dict[str, Any] = to_builtins(EndingIn())


def _choices(step: dict[str, Any]) -> list[ChoiceShape]:
    return [ChoiceShape(words=one["words"], to=one.get("to", "")) for one in step.get("choices", ())]


def rule_data(given: RuleIn | RuleChange, row: BotRule | None) -> dict[str, Any]:
    """What :func:`app.knowledge.save_rule` writes: what was given, over what there is. Raises `knowledge.Invalid` for a
    parameter there is none of."""
    said: dict[str, Any] = knowledge.stored(row) if row is not None else {}
    said = {**said, **told(given)}
    if unknown := next((name for name in said["params"] if name not in knowledge.PARAMS), ""):
        raise knowledge.Invalid({f"params.{unknown}": "There is no such field."})
    typed = {name: str(value) for name, value in said["params"].items()}
    enabled = "1" if said["enabled"] else ""
    return knowledge.rule_data({**typed, **said, "keywords": "\n".join(said["keywords"]), "enabled": enabled})


def form_data(given: FormIn | FormChange, row: BotFlow | None) -> dict[str, Any]:
    """What :func:`app.knowledge.flows.save_flow` writes: what was given, over what there is."""
    said: dict[str, Any] = knowledge.stored(row) if row is not None else {}
    return flows.data_of({**said, **to_builtins(told(given))})
