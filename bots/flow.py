"""A flow: a short form that the bot goes through with a customer, question by question.

It only leads forward: a choice may leave questions out or leave the form to a person, and every way comes to the end.
What was said before is corrected in words, at any point, so no way has to lead back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from bots.entry import Entry
from bots.patterns import check_pattern

StepKind = Literal["text", "number", "date", "time", "phone", "email", "choice", "photo", "file"]
FILES = ("photo", "file")
"""Kinds that are answered with files; a photo is a picture."""
KINDS: tuple[StepKind, ...] = get_args(StepKind)
END, PERSON = "end", "person"
"""Where a way may lead besides another step: to the end, or to a person at once."""
MOST_STEPS, MOST_CHOICES = 20, 12
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to choose from, and the step (or `END`, `PERSON`) it leads to; "" is the usual one."""

    words: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a flow.

    `name` is what its answer is kept under, `label` how it is called in the summary, `ask` what the bot says.
    `pattern` (of a number or text) has to fit the whole answer. `hint` is said when an answer cannot be read.
    `optional` may be skipped; `ahead` is a date of today or later. `to` is the step after it; "" is the next one.
    """

    name: str
    label: str
    ask: str
    kind: StepKind = "text"
    pattern: str = ""
    choices: tuple[Choice, ...] = ()
    hint: str = ""
    optional: bool = False
    ahead: bool = False
    to: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """What happens with what was collected.

    `confirm`: the customer is shown all of it and says yes first. `text` is said then, with `{name}` for answers.
    `label` is put; `attributes` are kept of the customer: the attribute's name, and the step its value comes from.
    `task` is made for the `team` (or anybody). `hand_over`: a person of the `team` goes on. `webhook` is asked, and
    its answer said; `text` is said before it, if there is any.
    """

    confirm: bool = True
    text: str = ""
    label: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    task: str = ""
    team: int | None = None
    hand_over: bool = False
    webhook: int | None = None
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A form of the shop. It begins when a message holds one of `keywords`, when it is likely to mean what `questions`
    ask, after the answer of an entry that leads to it, or when a rule says so."""

    id: int
    name: str
    language: str
    keywords: tuple[str, ...]
    steps: tuple[Step, ...]
    ending: Ending = field(default_factory=Ending)
    questions: tuple[str, ...] = ()

    @property
    def asked(self) -> Entry | None:
        """What is matched where customers mean this form: no entry of the FAQ has such a number. None: nothing is."""
        if not self.questions:
            return None
        return Entry(-self.id, self.name, self.language, self.questions, "", listed=False)

    def step(self, name: str) -> Step | None:
        """The step of this name."""
        return next((step for step in self.steps if step.name == name), None)

    def after(self, step: Step, value: str | None = None) -> str:
        """Where `step` leads with that answer: the name of a step, `END` or `PERSON`."""
        chosen = next((one.to for one in step.choices if one.words == value), "")
        return chosen or step.to or self._next(step)

    def ways(self, step: Step) -> Iterator[tuple[str, str]]:
        """Every way on from `step`: the words of the choice that takes it ("" for any other answer), and where to."""
        told = {one.words: one.to for one in step.choices if one.to}
        if len(told) < len(step.choices) or not step.choices or step.optional:
            yield "", step.to or self._next(step)
        yield from told.items()

    def _next(self, step: Step) -> str:
        at = self.steps.index(step) + 1
        return self.steps[at].name if at < len(self.steps) else END


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a flow cannot be used: the name of the step it is about ("" for the flow), and an English sentence with
    what it names."""

    place: str
    sentence: str
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return self.sentence % self.values


def check_flow(flow: Flow) -> list[Problem]:
    """Everything that keeps a flow from being used; none for one whose every way comes to an end."""
    if not flow.steps:
        return [Problem("", "A flow asks at least one question.")]
    if len(flow.steps) > MOST_STEPS:
        return [Problem("", "A flow has at most 20 questions; customers give up much earlier.")]
    found = [*_names(flow), *(one for step in flow.steps for one in _step(flow, step))]
    return found or [*_circles(flow), *_unreached(flow), *_ending(flow)]


def _names(flow: Flow) -> Iterator[Problem]:
    seen: set[str] = set()
    for step in flow.steps:
        if not _NAME.fullmatch(step.name) or step.name in (END, PERSON):
            yield Problem(
                step.name, "“%(step)s” is no short name: small letters, digits and _.", {"step": step.name}
            )
        elif step.name in seen:
            yield Problem(step.name, "Two questions are called “%(step)s”.", {"step": step.name})
        seen.add(step.name)


def _step(flow: Flow, step: Step) -> Iterator[Problem]:
    told = {"step": step.label or step.name}
    if not step.ask or not step.label:
        yield Problem(step.name, "“%(step)s” needs a question and a name for the summary.", told)
    if step.kind not in KINDS:
        yield Problem(step.name, "“%(step)s” asks for something the bot cannot read.", told)
    if step.kind == "choice" and not step.choices:
        yield Problem(step.name, "“%(step)s” has no choices, so nobody could answer it.", told)
    if len(step.choices) > MOST_CHOICES:
        yield Problem(step.name, "“%(step)s” has more choices than anybody reads.", told)
    if step.pattern and (why := check_pattern(step.pattern)):
        yield Problem(step.name, why)
    for _, to in flow.ways(step):
        if to not in (END, PERSON) and flow.step(to) is None:
            yield Problem(step.name, "“%(step)s” leads to “%(to)s”, which is not there.", {**told, "to": to})


def _circles(flow: Flow) -> Iterator[Problem]:
    """A way that comes back to where it was has no way out for whoever takes it."""
    state: dict[str, int] = {}

    def visit(name: str) -> Iterator[Problem]:
        state[name] = 1
        step = flow.step(name)
        for _, to in flow.ways(step) if step else ():
            target = flow.step(to)
            if step is None or target is None:
                continue
            if state.get(to) == 1:
                told = {"step": step.label, "to": target.label}
                yield Problem(
                    name, "No way out: “%(step)s” leads back to “%(to)s”, which was asked before it.", told
                )
            elif to not in state:
                yield from visit(to)
        state[name] = 2

    yield from visit(flow.steps[0].name)


def _unreached(flow: Flow) -> Iterator[Problem]:
    reached, waiting = set[str](), [flow.steps[0].name]
    while waiting:
        step = flow.step(waiting.pop())
        if step is not None and step.name not in reached:
            reached.add(step.name)
            waiting += [to for _, to in flow.ways(step)]
    for step in flow.steps:
        if step.name not in reached:
            yield Problem(step.name, "No way leads to “%(step)s”.", {"step": step.label})


def _ending(flow: Flow) -> Iterator[Problem]:
    ending = flow.ending
    if not (ending.text or ending.hand_over or ending.webhook):
        yield Problem("", "At the end, the bot says something, asks another system, or hands over.")
    if not (ending.confirm or ending.hand_over or ending.text or ending.webhook):
        yield Problem("", "Nothing happens with what was collected.")
    for name in (*ending.attributes.values(), *_PLACE.findall(f"{ending.text} {ending.task}")):
        if flow.step(name) is None:
            yield Problem("", "The end names “%(step)s”, which nobody is asked.", {"step": name})


_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with the answers in their places; of a question that was not asked, nothing."""
    return _PLACE.sub(lambda found: values.get(found[1], ""), text)


def flow_of(id: int, data: Mapping[str, Any]) -> Flow:
    """A flow from what is stored of it (see :func:`told`); what is missing has its usual value."""
    ending = dict(data.get("ending") or {})
    return Flow(
        id=id,
        name=data.get("name", ""),
        language=data.get("language", ""),
        keywords=tuple(data.get("keywords", ())),
        steps=tuple(
            Step(**{**one, "choices": tuple(Choice(**each) for each in one.get("choices", ()))})
            for one in data.get("steps", ())
        ),
        ending=Ending(**ending),
        questions=tuple(data.get("questions", ())),
    )
