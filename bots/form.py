"""A form that somebody is in: what is answered, what is open, and what comes then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bots import lettering
from bots.flow import END, Flow, Step
from bots.progress import Collected, Progress
from bots.turn import Turn
from bots.values import Reader, messages, shown


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

    def on_its_day(self, step: Step, reader: Reader, text: str) -> Form:
        """The form with the day that is told beside a time: 明後日の15時 is no time of the day said before. A day that
        may be over, like that of a purchase, is none to come at."""
        days = [one for one in self.said if one.kind == "date" and one.ahead] if step.kind == "time" else []
        day = reader.read(days[-1], text) if days else None
        return self.with_answer(days[-1], day) if day else self


def reader_of(turn: Turn, form: Form) -> Reader:
    """What reads the answers of this message."""
    return Reader(turn.question.situation.on, turn.question.files, form.language)


def form_of(turn: Turn) -> Form | None:
    """The form this conversation is in, if the book still has it."""
    progress = turn.question.flow
    flow = turn.book.flow(progress.flow) if progress else None
    return Form(flow, progress) if flow and progress else None
