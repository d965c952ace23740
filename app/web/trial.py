"""A conversation with the draft, for trial: nobody hears it, nothing is kept, no other system is asked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bots
from app import connect
from app.bot import answers, situations
from app.bot.outcomes import TURNS
from app.db import now, reading
from app.knowledge import questions
from app.models import Channel, Team, Webhook
from app.web.knowledge import EDITORS
from app.web.pages import is_htmx, page, partial, text, with_form
from app.web.proving import titles_of
from bots.earlier import said

HERE = "/settings/bot/trial"
MOST = 60  # turns that are shown
WEIGHED = 3  # entries shown of those the bot weighed
WORDS = 4_000  # characters of what was said in a turn, as far as they are carried
LONGEST = 100_000  # characters carried from turn to turn: nine bytes each, of the 1 MB that a field holds


@dataclass(frozen=True, slots=True)
class Weighed:
    """An entry the bot weighed, with its score."""

    entry_id: int
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Why:
    """How the bot came to its words: what it did, by which entry or rule, and what it weighed. `asked`: the words it
    answered, where an entry could have been right for them."""

    action: str = ""
    entry_id: int | None = None
    rule_id: int | None = None
    asked: str = ""
    considered: tuple[Weighed, ...] = ()

    @property
    def chosen(self) -> Weighed | None:
        """What it answered with."""
        return next((one for one in self.considered if one.entry_id == self.entry_id), None)


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said by whom (`me` or `bot`), what would have happened besides, in (a key, its words), and why."""

    who: str
    text: str
    effects: tuple[tuple[str, str], ...] = ()
    why: Why = Why()


@dataclass(frozen=True, slots=True)
class Trial:
    """How far the trial is; the page carries it along."""

    turns: tuple[Turn, ...] = ()
    misses: int = 0
    asked: tuple[int, ...] = ()
    earlier: tuple[bots.Earlier, ...] = ()
    flow: bots.Progress | None = None
    chips: tuple[str, ...] = ()
    over: bool = False

    def told(self) -> str:
        """As the page carries it: of the turns no more than there is room for, the last ones."""
        rest = {
            "misses": self.misses,
            "asked": self.asked,
            "earlier": [asdict(one) for one in self.earlier],
            "flow": self.flow.stored() if self.flow else {},
        }
        room = LONGEST - len(_json(rest | {"turns": []}))
        kept: list[list[Any]] = []
        for one in reversed(self.turns[-MOST:]):
            turn = [one.who, one.text[:WORDS], one.effects, _carried(one.why)]
            room -= len(_json(turn)) + len(", ")
            if room < 0:
                break
            kept.insert(0, turn)
        return _json(rest | {"turns": kept})


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False)


def _carried(why: Why) -> list[Any]:
    weighed = [[one.entry_id, one.title, round(one.score)] for one in why.considered]
    return [why.action, why.entry_id, why.rule_id, why.asked, weighed] if why.action else []


def show(request: Request) -> Response:
    """Nothing said yet."""
    with reading() as db:
        return _page(request, db, Trial(), {})


def say(request: Request, form: FormData) -> Response:
    """One more message, and the bot's answer."""
    words = (text(form, "chip") or text(form, "try")).strip()[:2000]
    given = {name: text(form, name) for name in ("channel", "hours", "language")}
    trial = _read(text(form, "trial")) if text(form, "again") != "1" else Trial()
    with reading() as db:
        if words:
            trial = _answered(db, trial, words, given)
        return _page(request, db, trial, given)


def _page(request: Request, db: Session, trial: Trial, given: Mapping[str, str]) -> Response:
    channels = [(one.key, one.name) for one in db.scalars(select(Channel).order_by(Channel.name))]
    asked = [one.why.asked for one in trial.turns if one.why.asked]
    shown: dict[str, Any] = {
        "trial": trial,
        "given": given,
        "channel_names": channels,
        "by_letter": _by_letter(_channel(db, given)) if given else False,
        "may_correct": request.state.viewer.role in EDITORS,
        "tests": questions.find_all(db, asked) if asked else {},
        "titles": titles_of(db) if asked else {},
    }
    if is_htmx(request):
        return partial(request, "settings/_trial.html", **shown)
    return page(request, "settings/trial.html", section="trial", **shown)


def _answered(db: Session, trial: Trial, words: str, given: Mapping[str, str]) -> Trial:
    before = Trial(trial.turns) if trial.over else trial
    channel = _channel(db, given)
    letter = _by_letter(channel)
    question = bots.Question(
        words,
        given["language"] or None,
        before.misses,
        before.asked,
        earlier=() if letter else before.earlier,
        situation=_situation(db, given, channel),
        flow=before.flow,
        letter=letter,
    )
    decision = bots.decide(question, answers.draft_book(db))
    answer = Turn("bot", decision.text, tuple(_effects(db, decision)), _why(decision, words))
    turns = (*before.turns, Turn("me", words), answer)
    over = decision.action in ("hand_over", "escalate")
    earlier = (*before.earlier, said(decision)) if decision.text else before.earlier
    return Trial(
        turns[-MOST:],
        decision.misses,
        decision.asked,
        () if over else earlier[-TURNS:],
        decision.flow,
        decision.quick_replies,
        over,
    )


def _why(decision: bots.Decision, words: str) -> Why:
    of_entries = decision.rule_id is None and decision.flow_id is None and not decision.collected
    weighed = [Weighed(one.entry_id, one.title, one.score) for one in decision.considered[:WEIGHED]]
    return Why(
        decision.action,
        decision.entry_id,
        decision.rule_id,
        words if of_entries and decision.action in ("answer", "ask", "unknown", "hand_over") else "",
        tuple(weighed),
    )


def _channel(db: Session, given: Mapping[str, str]) -> Channel | None:
    return db.scalars(select(Channel).filter_by(key=given["channel"])).first() if given["channel"] else None


def _by_letter(channel: Channel | None) -> bool:
    """Whether customers write letters there: a form asks everything at once, and what was said is said again."""
    return channel is not None and connect.features(channel).suggests


def _situation(db: Session, given: Mapping[str, str], channel: Channel | None) -> bots.Situation:
    times = situations.business_hours(db)
    there = bots.Situation(on=now().astimezone(times.zone).date(), open=given["hours"] != "closed")
    return replace(there, channel=channel.key, kind=channel.kind) if channel else there


def _effects(db: Session, decision: bots.Decision) -> list[tuple[str, str]]:
    """What would happen besides the words."""
    team = db.get(Team, decision.team_id) if decision.team_id else None
    hook = db.get(Webhook, decision.call.webhook) if decision.call else None
    found = [
        ("escalate" if decision.action == "escalate" else "hand_over", team.name if team else "")
        if decision.action in ("hand_over", "escalate")
        else ("", ""),
        ("label", decision.label or ""),
        *(("note", f"{name}: {value}") for name, value in decision.attributes),
        ("task", decision.task),
    ]
    told = [(key, said) for key, said in found if said or key in ("hand_over", "escalate")]
    return [*told, ("webhook", hook.name if hook else "")] if decision.call else told


def _read(carried: str) -> Trial:
    """What the page carried; anything else is a new trial."""
    try:
        told = json.loads(carried) if len(carried) <= LONGEST else {}
        turns = tuple(
            Turn(
                "me" if who == "me" else "bot",
                str(words)[:WORDS],
                tuple((str(key), str(value)) for key, value in effects),
                _read_why(*why),
            )
            for who, words, effects, why in told.get("turns", [])[-MOST:]
        )
        asked = tuple(one for one in told.get("asked", []) if isinstance(one, int))[:20]
        earlier = tuple(_read_earlier(**one) for one in told.get("earlier", [])[-TURNS:])
        flow = bots.progress_of(told.get("flow") or {})
        return Trial(turns, int(told.get("misses", 0)), asked, earlier, flow)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError):
        return Trial()


def _read_earlier(
    action: bots.Action = "answer",
    entry_id: int | None = None,
    rule_id: int | None = None,
    phrase: str | None = None,
    asked: Sequence[int] = (),
    also: Sequence[int] = (),
) -> bots.Earlier:
    offered, others = (tuple(int(one) for one in ids) for ids in (asked, also))
    return bots.Earlier(action, entry_id, rule_id, phrase, offered, others)


def _read_why(
    action: str = "",
    entry_id: int | None = None,
    rule_id: int | None = None,
    asked: str = "",
    weighed: Sequence[Any] = (),
) -> Why:
    considered = tuple(
        Weighed(int(id), str(title)[:200], score if 0 <= score <= 100 else 0) for id, title, score in weighed
    )
    entry, rule = (id if isinstance(id, int) else None for id in (entry_id, rule_id))
    return Why(str(action), entry, rule, str(asked)[:2000], considered[:WEIGHED])


routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(say), methods=["POST"]),
]
