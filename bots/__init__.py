"""The FAQ bot: a leaf package that turns a message into a decision, and does nothing else.

It knows no database, network or clock, and remembers nothing: the caller keeps `misses` and `asked`.

    book = Book(entries, rules, Settings(), version=7)     # once per version
    decision = decide(Question("送料はいくら？", language="ja"), book)
"""

from bots.book import Book, Settings
from bots.decision import Action, Considered, Decision, EscalationType, HandoverReason
from bots.earlier import Earlier
from bots.embedder import Embedder
from bots.entry import Entry, Link, Picture
from bots.flow import Choice, Ending, Flow, Problem, Step, check_flow, flow_of
from bots.lexicon import Lexicon
from bots.patterns import check_pattern
from bots.policy import Found, decide, look_up
from bots.progress import Call, Collected, Progress, progress_of
from bots.question import Question
from bots.rule import Rule, RuleAction
from bots.situation import File, Situation
from bots.whole import goes_on, whole

__all__ = [
    "Action",
    "Book",
    "Call",
    "Choice",
    "Collected",
    "Considered",
    "Decision",
    "Earlier",
    "Embedder",
    "Ending",
    "Entry",
    "EscalationType",
    "File",
    "Flow",
    "Found",
    "HandoverReason",
    "Lexicon",
    "Link",
    "Picture",
    "Problem",
    "Progress",
    "Question",
    "Rule",
    "RuleAction",
    "Settings",
    "Situation",
    "Step",
    "check_flow",
    "check_pattern",
    "decide",
    "flow_of",
    "goes_on",
    "look_up",
    "progress_of",
    "whole",
]
