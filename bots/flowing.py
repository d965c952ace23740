"""A form at work: one message in, the next question, the end, or a person out.

Every message takes it on, is answered beside it, or is a try; after `TRIES` of them in a row a person goes on with
what there is, so that nobody is held in a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bots import lettering, sayings, several
from bots.correcting import confirms, correction, denies, gives_up, named
from bots.dates import besides_dates
from bots.decision import Decision, HandoverReason
from bots.flow import END, PERSON, Flow, Step, filled
from bots.flow_words import flow_word
from bots.progress import Call, Collected, Progress
from bots.replies import courtesy
from bots.text import fold
from bots.times import besides_times
from bots.turn import Turn
from bots.values import Reader, messages, shown

TRIES = 3
ASIDES = 10
_STRICT = ("date", "phone", "email", "choice")
_QUESTION = ("?", "？", "か")
_SENTENCE = re.compile(r"(?<=[。！？!?\n])\s*|(?<=\.)\s+")
_CLAUSE = re.compile(r"[、，。！？!?\n]|[,.](?=\s)")
# What says that an hour, or a number, is the one that was asked for.
_COMING = re.compile(
    r"行き|行く|伺|うかが|参り|まいり|お願い|希望|please|\b(?:i|we)(?:'ll| will| can| would)? (?:come|visit|be there)\b"
)
_COUNTS = re.compile(
    r"[\d０-９]\s*(?:名|人|個|点|枚|本|着|足|つ|組|台|冊|箱|people|persons?|guests|pieces|items)"
)


@dataclass(frozen=True)
class Form:
    """A flow beside how far this conversation is in it. Answers to questions that are not asked on this way do not
    count, but are kept: who goes back to the other way need not give them again."""

    flow: Flow
    progress: Progress

    @cached_property
    def way(self) -> tuple[tuple[Step, ...], str]:
        """The steps answered so far, in order, and what comes then: a step, `END` or `PERSON`."""
        said: list[Step] = []
        at = self.flow.steps[0].name if self.flow.steps else END
        while (step := self.flow.step(at)) and step.name in self.progress.values and step not in said:
            said.append(step)
            at = self.flow.after(step, self.progress.values[step.name])
        return tuple(said), at

    @property
    def said(self) -> tuple[Step, ...]:
        """The steps answered so far on this way."""
        return self.way[0]

    @property
    def step(self) -> Step | None:
        """The open question; None: there is none left."""
        step = self.flow.step(self.way[1])
        return None if step in self.said else step

    @property
    def open(self) -> list[Step]:
        """What is still to be asked, where no choice leads elsewhere."""
        return lettering.left(self.flow, self.step, self.progress.values)

    @property
    def language(self) -> str:
        """The language the form is written in."""
        return self.flow.language

    def collected(self) -> tuple[Collected, ...]:
        """What was answered, in order, without what was skipped."""
        values = self.progress.values
        return tuple(
            Collected(
                one.name,
                one.label,
                values[one.name],
                shown(one, values[one.name], self.language),
                messages(one, values[one.name]),
            )
            for one in self.said
            if values[one.name]
        )

    def summary(self) -> str:
        """What was answered, a line each."""
        mark = "・" if self.language == "ja" else "• "
        return "\n".join(f"{mark}{one.label}: {one.shown}" for one in self.collected())

    def having(self, values: Mapping[str, str]) -> Form:
        """The form with these answers: the counts begin anew."""
        return Form(self.flow, Progress(self.flow.id, dict(values)))

    def with_answer(self, step: Step, value: str | None) -> Form:
        """The form with this answer; None: it is to be asked again."""
        kept = {name: told for name, told in self.progress.values.items() if name != step.name}
        return self.having(kept if value is None else {**kept, step.name: value})


def _reader(turn: Turn, form: Form) -> Reader:
    return Reader(turn.question.situation.on, turn.question.files, form.language)


def form_of(turn: Turn) -> Form | None:
    """The form this conversation is in, if the book still has it."""
    progress = turn.question.flow
    flow = turn.book.flow(progress.flow) if progress else None
    return Form(flow, progress) if flow and progress else None


def begun(turn: Turn, flow: Flow, label: str | None, rule_id: int | None = None, text: str = "") -> Decision:
    """Begin the form, with what the message tells already."""
    form = Form(flow, Progress(flow.id))
    reader = _reader(turn, form)
    if turn.question.letter:
        form = form.having(lettering.read(form.open, turn.question.text, reader, answers=False))
    while (step := form.step) and (step.kind in _STRICT or step.pattern) and step.kind != "text":
        value = (
            reader.read(step, turn.text) if step.kind != "choice" else _named_choice(reader, step, turn.text)
        )
        if not value:
            break
        form = form.with_answer(step, value)
    decision = _go_on(turn, form, label, *filter(None, [text]))
    return replace(decision, rule_id=rule_id)


def _named_choice(reader: Reader, step: Step, text: str) -> str | None:
    value = reader.read(step, text)
    return value if value and fold(value) in fold(text) else None


def heard(turn: Turn, form: Form, label: str | None) -> Decision | None:
    """What the form makes of this message; None where it is a question of another kind."""
    reader = _reader(turn, form)
    step, text = form.step, turn.text
    if step and step.kind == "choice" and fold(text) in {fold(one.words) for one in step.choices}:
        return _answered(turn, form, step, reader, label)
    if step and reader.skips(step, text):
        return _go_on(turn, form.with_answer(step, ""), label)
    if gives_up(text, step) or fold(text) == fold(flow_word("chip_stop", form.language)):
        return _said(turn, form, label, flow_word("given_up", form.language), over=True)
    if (
        step
        and turn.question.letter
        and (more := lettering.read(form.open, turn.question.text, reader, answers=True))
    ):
        return _go_on(turn, form.having({**form.progress.values, **more}), label)
    found = correction(text, form.said, form.progress.values, step, reader)
    if found and found.value is None:
        return _go_on(turn, form.with_answer(found.step, None), label)
    if found and found.value is not None:
        told = flow_word(
            "corrected",
            form.language,
            label=found.step.label,
            value=shown(found.step, found.value, form.language),
        )
        changed = form.with_answer(found.step, found.value)
        return _go_on(turn, changed, label, *([told] if found.step in form.said else []))
    if step is None:
        return _confirming(turn, form, label)
    if step.kind == "text" and courtesy(turn.folded) in ("thanks", "greeting"):
        return _polite(turn, form, label)
    if _asks_something_else(turn, step, reader):
        return None
    if turn.question.letter:
        return _person(turn, form, label, "misses")
    if step.optional and fold(text) == fold(flow_word("chip_skip", form.language)):
        return _go_on(turn, form.with_answer(step, ""), label)
    return _answered(turn, form, step, reader, label)


def beside(turn: Turn, form: Form, other: Decision) -> Decision:
    """`other` is what the bot says to a question of another kind; then the form goes on."""
    if other.action in ("hand_over", "escalate"):
        return left(form, other)
    if other.flow is not None and other.flow.flow != form.flow.id:
        return other
    asked = _question_of(turn, form.step, _reader(turn, form))
    if other.action not in ("answer", "label") and asked.answer:
        other = sayings.answered(asked, other.label, asked.answer.entry, asked.answer.score)
    if other.action not in ("answer", "label") or not other.text or other.phrase:
        return _tried(turn, form, other.label)
    form = _told_beside(turn, form)
    kept = form.progress
    if kept.asides + 1 >= ASIDES:
        return _person(turn, form, other.label, "misses")
    words, chips = _question(turn, form)
    text = "\n\n".join((other.text, flow_word("back", form.language), words))
    return replace(
        other,
        text=text,
        quick_replies=chips,
        flow=replace(kept, asides=kept.asides + 1),
        flow_id=form.flow.id,
        collected=form.collected(),
    )


def _told_beside(turn: Turn, form: Form) -> Form:
    """The form with what the message answers of it beside its question: 5512です。あと送料はいくらですか."""
    step, reader = form.step, _reader(turn, form)
    if step is None or (step.kind == "text" and not step.pattern):
        return form
    said = [one for one in _SENTENCE.split(turn.question.text) if not _asks(one) and _is_for(step, one)]
    said += [one for one in _CLAUSE.split(turn.question.text) if not _asks(one) and _tells(step, reader, one)]
    counts = step.kind == "number" and not step.pattern
    values = {value for one in said if (value := reader.read(step, _counted(one) if counts else one))}
    if len(values) != 1:
        return form
    moved = _on_its_day(form, step, reader, "\n".join(said)).progress.values
    told = Form(form.flow, replace(form.progress, values={**moved, step.name: values.pop()}))
    ends = told.way[1] == PERSON or (told.step is None and not form.flow.ending.confirm)
    return form if ends else told


def _is_for(step: Step, sentence: str) -> bool:
    """Whether an hour or a number that is told beside a question is told for the step: not each one is."""
    if step.kind == "time":
        return _COMING.search(sentence.casefold()) is not None
    return step.kind != "number" or bool(step.pattern) or _COUNTS.search(sentence) is not None


def _counted(words: str) -> str:
    """What may count something in what is told beside a question: no day, no time."""
    return besides_times(besides_dates(words))


def left(form: Form, decision: Decision) -> Decision:
    """`decision` ends the form before its time; what was collected goes along."""
    return replace(decision, flow=None, flow_id=form.flow.id, collected=form.collected())


def kept(turn: Turn, decision: Decision) -> Decision:
    """`decision` does not touch the form."""
    return replace(decision, flow=turn.question.flow)


def _asks_something_else(turn: Turn, step: Step, reader: Reader) -> bool:
    """Whether the message is a question the FAQ answers, or a wish the shop has another form for."""
    asked = _question_of(turn, step, reader)
    if reader.is_only(step, asked.text) and step.kind != "text":
        return False
    if asked is not turn and asked.answer:
        return True
    return turn.answer is not None and (_asks(turn.text) or reader.read(step, turn.text) is None)


def _question_of(turn: Turn, step: Step | None, reader: Reader) -> Turn:
    """The message without what only tells something. To a question for any words, all are the answer."""
    told = step is None or (step.kind == "text" and not step.pattern)
    asked = [] if told else [one for one in _SENTENCE.split(turn.question.text) if _asks(one)]
    words = [next(several.questions(one), one) for one in (_asking(step, reader, one) for one in asked)]
    return Turn(replace(turn.question, text="\n".join(words)), turn.book) if words else turn


def _asking(step: Step | None, reader: Reader, sentence: str) -> str:
    """A question without the clauses before it that answer the step: 14時、送料はいくらですか."""
    end = 0
    for gap in _CLAUSE.finditer(sentence):
        if step is None or not _tells(step, reader, sentence[end : gap.start()]):
            break
        end = gap.end()
    return sentence[end:].strip() or sentence


def _tells(step: Step, reader: Reader, clause: str) -> bool:
    """Whether a clause is nothing but the answer to the step; the day of a time moves with it."""
    return reader.is_just(step, besides_dates(clause) if step.kind == "time" else clause)


def _asks(words: str) -> bool:
    return words.rstrip(" 。.!！").endswith(_QUESTION)


def _polite(turn: Turn, form: Form, label: str | None) -> Decision:
    """Thanks and greetings are no answer, and no try either: the question stands as it was."""
    again = replace(form.progress, asides=form.progress.asides + 1)
    if again.asides >= ASIDES:
        return _person(turn, form, label, "misses")
    words, chips = _question(turn, form)
    return _said(turn, Form(form.flow, again), label, words, chips)


def _answered(turn: Turn, form: Form, step: Step, reader: Reader, label: str | None) -> Decision:
    value = reader.read(step, turn.text)
    if value is None:
        return _tried(turn, form, label)
    return _go_on(turn, _on_its_day(form, step, reader, turn.text).with_answer(step, value), label)


def _on_its_day(form: Form, step: Step, reader: Reader, text: str) -> Form:
    """The form with the day that is told beside a time: 明後日の15時 is no time of the day said before. A day that
    may be over, like that of a purchase, is none to come at."""
    days = [one for one in form.said if one.kind == "date" and one.ahead] if step.kind == "time" else []
    day = reader.read(days[-1], text) if days else None
    return form.with_answer(days[-1], day) if day else form


def _confirming(turn: Turn, form: Form, label: str | None) -> Decision | None:
    """Everything is answered: they say yes, that something is wrong, or what."""
    if confirms(turn.text):
        return _ended(turn, form, label)
    wrong = denies(turn.text) or fold(turn.text) == fold(flow_word("chip_correct", form.language))
    if not wrong and (step := named(form.said, turn.text)) is not None:
        return _go_on(turn, form.with_answer(step, None), label)
    if wrong:
        which = replace(form.progress, choosing=True, tries=form.progress.tries + 1)
        if which.tries > TRIES:
            return _person(turn, form, label, "misses")
        chips = tuple(one.label for one in form.said)
        return _said(turn, Form(form.flow, which), label, flow_word("which", form.language), chips)
    return None


def _tried(turn: Turn, form: Form, label: str | None) -> Decision:
    """No answer to the open question: said once more, and what would be one; in the end a person helps."""
    again = replace(form.progress, tries=form.progress.tries + 1)
    if again.tries >= TRIES:
        return _person(turn, form, label, "misses")
    step = form.step
    words, chips = _question(turn, form)
    hint = step.hint or flow_word(_unclear(step), form.language) if step else ""
    return _said(turn, Form(form.flow, again), label, "\n".join(filter(None, (hint, words))), chips)


def _unclear(step: Step) -> str:
    if step.kind == "text":
        return "unclear"
    return "unclear_ahead" if step.kind == "date" and step.ahead else f"unclear_{step.kind}"


def _go_on(turn: Turn, form: Form, label: str | None, *before: str) -> Decision:
    """The next question, the summary, or the end; `before` is said first."""
    if form.step is None and form.way[1] == PERSON:
        return _person(turn, form, label, "flow")
    if form.step is None and (turn.question.letter or not form.flow.ending.confirm):
        return _ended(turn, form, label)
    words, chips = _question(turn, form)
    back = (flow_word("resumed", form.language),) if turn.question.resumed else ()
    return _said(turn, form, label, "\n".join((*back, *before, words)), chips)


def _question(turn: Turn, form: Form) -> tuple[str, tuple[str, ...]]:
    """What is to be asked now, with its choices: the open question, or whether all of it is right."""
    step = form.step
    if step is None:
        chips = tuple(flow_word(key, form.language) for key in ("chip_yes", "chip_correct", "chip_stop"))
        return f"{flow_word('confirm', form.language)}\n{form.summary()}", chips
    if turn.question.letter:
        told = {one.name: one.shown for one in form.collected()}
        return lettering.asked(form.flow, form.open, told), ()
    skip = (flow_word("chip_skip", form.language),) if step.optional else ()
    values = {one.name: one.shown for one in form.collected()}
    return filled(step.ask, values), (*(one.words for one in step.choices), *skip)


def _ended(turn: Turn, form: Form, label: str | None) -> Decision:
    """Everything is said: what the shop wants done with it."""
    ending, told = form.flow.ending, {one.name: one.shown for one in form.collected()}
    key = "looking" if ending.webhook else "handed_over" if ending.hand_over else "done"
    values = form.progress.values
    words = filled(ending.text, told) or flow_word(key, form.language)
    if turn.question.letter and form.said:
        words = "\n\n".join((words, f"{flow_word('letter_summary', form.language)}\n{form.summary()}"))
    decision = _said(turn, form, label, words, over=True)
    return replace(
        decision,
        action="hand_over" if ending.hand_over and not ending.webhook else "answer",
        handover_reason="flow" if ending.hand_over and not ending.webhook else None,
        label=ending.label or label,
        attributes=tuple((name, values[of]) for name, of in ending.attributes.items() if values.get(of)),
        task=filled(ending.task, told),
        team_id=ending.team,
        call=_call(form) if ending.webhook else None,
    )


def _call(form: Form) -> Call:
    ending = form.flow.ending
    return Call(ending.webhook or 0, ending.fallback or flow_word("failed", form.language))


def _person(turn: Turn, form: Form, label: str | None, reason: HandoverReason) -> Decision:
    decision = _said(turn, form, label, flow_word("handed_over", form.language), over=True)
    return replace(decision, action="hand_over", handover_reason=reason, team_id=form.flow.ending.team)


def _said(
    turn: Turn, form: Form, label: str | None, text: str, chips: tuple[str, ...] = (), *, over: bool = False
) -> Decision:
    return Decision(
        action="answer" if over else "ask",
        language=form.language,
        version=turn.book.version,
        text=text,
        quick_replies=chips,
        score=100.0,
        label=label,
        flow=None if over else form.progress,
        flow_id=form.flow.id,
        collected=form.collected(),
    )
