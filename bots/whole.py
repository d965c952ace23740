"""Whether a message is understood as it stands, or may be only a part of what somebody is about to say.

People write what they mean in several bubbles: 「すみません」「昨日頼んだ」「返品したいんですが」. What is clear is
answered at once; what is not may become clear by the next one.
"""

from __future__ import annotations

from bots.book import Book
from bots.decision import Decision
from bots.flow import FILES
from bots.form import Form
from bots.question import Question
from bots.replies import acknowledged, courtesy, denies
from bots.several import questions
from bots.text import clean, fold

SURE = 70.0
"""From this score on an answer is given to words that ask nothing, either."""
_PLAIN = ("asked", "risk", "anger", "rule")
_VAGUE = ("greeting", "thanks", "go_ahead")


def whole(question: Question, book: Book, decision: Decision) -> bool:
    """Whether `decision`, made of `question`, can be said at once, for nothing that follows is likely to change it:
    a rule, a wish for a person, danger, the words that begin a form, an answer that can be read, and what the bot
    knows an answer to, if it was asked or is very sure."""
    if decision.rule_id is not None or decision.action in ("label", "silent", "escalate"):
        return True
    if decision.action == "hand_over" and decision.handover_reason != "flow":
        return decision.handover_reason in _PLAIN
    if question.flow is not None and decision.flow_id == question.flow.flow:
        return _taken(question, book, decision)
    if decision.flow_id is not None:
        return True
    if decision.entry_id is None:
        return decision.action == "answer" and decision.phrase not in _VAGUE
    return decision.score >= SURE or asks(question.text)


def _taken(question: Question, book: Book, decision: Decision) -> bool:
    """Whether a form has understood what it was told. Free words and pictures may go on in the next bubble."""
    before, after = question.flow, decision.flow
    flow = book.flow(before.flow) if before else None
    if before is None or flow is None:
        return True
    if after is not None and (after.tries > before.tries or after.asides > before.asides):
        return decision.entry_id is not None
    step = Form(flow, before).step
    free = step is not None and (step.kind in FILES or (step.kind == "text" and not step.pattern))
    return not (free and step is not None and any(one.name == step.name for one in decision.collected))


def asks(text: str) -> bool:
    """Whether it holds a question or a wish."""
    return any(sign in text for sign in "?？") or any(True for _ in questions(clean(text)))


def goes_on(text: str) -> bool:
    """Whether words that make no sense alone may add to what was said before them: they ask, deny and thank for
    nothing."""
    folded = fold(text)
    if not folded or asks(text) or denies(folded) or courtesy(folded) not in (None, "greeting"):
        return False
    return courtesy(folded) is not None or acknowledged(folded) is None
