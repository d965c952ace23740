"""A form at work: one message in, the next question, the end, or a person out.

Every message takes it on, is answered beside it, or is a try; after `TRIES` of them in a row a person goes on with
what there is, so that nobody is held in a form.
"""

from __future__ import annotations

from dataclasses import replace

from bots import lettering, sayings
from bots.asides import asks_something_else, question_of, told_beside
from bots.correcting import confirms, correction, denies, gives_up, named
from bots.decision import Decision, HandoverReason
from bots.flow import PERSON, Flow, Step, filled
from bots.flow_words import flow_word
from bots.form import Form, reader_of
from bots.progress import Call, Progress
from bots.replies import courtesy
from bots.text import fold
from bots.turn import Turn
from bots.values import Reader, shown

TRIES = 3
ASIDES = 10
_STRICT = ("date", "phone", "email", "choice")


def begun(turn: Turn, flow: Flow, label: str | None, rule_id: int | None = None, text: str = "") -> Decision:
    """Begin the form, with what the message tells already."""
    form = Form(flow, Progress(flow.id))
    reader = reader_of(turn, form)
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
    reader = reader_of(turn, form)
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
    if asks_something_else(turn, step, reader):
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
    asked = question_of(turn, form.step, reader_of(turn, form))
    if other.action not in ("answer", "label") and asked.answer:
        other = sayings.answered(asked, other.label, asked.answer.entry, asked.answer.score)
    if other.action not in ("answer", "label") or not other.text or other.phrase:
        return _tried(turn, form, other.label)
    form = told_beside(turn, form)
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


def left(form: Form, decision: Decision) -> Decision:
    """`decision` ends the form before its time; what was collected goes along."""
    return replace(decision, flow=None, flow_id=form.flow.id, collected=form.collected())


def kept(turn: Turn, decision: Decision) -> Decision:
    """`decision` does not touch the form."""
    return replace(decision, flow=turn.question.flow)


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
    return _go_on(turn, form.on_its_day(step, reader, turn.text).with_answer(step, value), label)


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
