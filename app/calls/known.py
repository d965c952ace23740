"""What is known of a call: everything that was told of it, joined so that neither order nor repetition matters.

``Known`` is JSON: ``state`` (the furthest it came), ``talked`` (somebody took it), ``first`` (the earliest telling),
``history`` (told only as long past), ``rung`` (whose telephones rang), ``words`` (name → [rank, when, value]: of two
that contradict, what one of us says holds against what the system says, and of the same rank the later) and
``results`` (leg → the same for what became of it). :func:`join` is commutative, associative and idempotent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.db import now
from app.models.call import ANSWERED, ENDED, RINGING, STATES, TALKED
from app.text import clean
from channels import base
from channels.masking import mask_cards

Known = dict[str, Any]
Claim = list[Any]  # [rank, when, value]

SYSTEM, OURS = 0, 1  # ranks of who says it
BEST = ("transferred", "answered", "voicemail", "after_hours", "abandoned", "missed", "busy", "failed")
TIMES = ("started_at", "answered_at", "ended_at", "callback_due")
SECONDS = ("ring_seconds", "talk_seconds", "hold_seconds", "wrap_seconds")
WORDS = {
    "line": 500,
    "queue": 500,
    "transferred_to": 500,
    "disposition": 500,
    "category": 500,
    "withheld": 500,
    "summary": 20_000,
    "transcript": 50_000,
}
LONGEST = 7 * 24 * 3600  # seconds of a call that are believed
MOST_RUNG = MOST_LEGS = 50
FREE = frozenset({"text", "note", "disposition", "category", "summary", "transcript"})  # words, not numbers
MAX_TEXT = 20_000


@dataclass(frozen=True)
class Facts:
    """What it comes to. `memo` is what the system passed on, `note` what one of us wrote here; `summary` and
    `transcript` are what a machine made of what was said."""

    state: str
    result: str
    direction: str
    number: str
    name: str
    withheld: str
    line: str
    queue: str
    agent: str
    rung: tuple[str, ...]
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    ring_seconds: int | None
    talk_seconds: int | None
    hold_seconds: int | None
    wrap_seconds: int | None
    transferred_to: str
    disposition: str
    category: str
    memo: str
    note: str
    summary: str
    transcript: str
    recording: Mapping[str, Any] | None
    callback_due: datetime | None
    history: bool

    @property
    def talked(self) -> bool:
        """Whether somebody has spoken with them, or is doing so."""
        return self.result in TALKED if self.state == ENDED else self.state == ANSWERED

    @property
    def asks(self) -> bool:
        """Whether somebody of us has to do something about it."""
        return self.state == ENDED and self.direction == "in" and not self.talked and not self.history

    @property
    def text(self) -> str:
        """Its words in the thread."""
        return self.note or self.memo


def told_by(event: base.Call) -> Known:
    """What an event of a telephone system tells."""
    when = _stamp(event.at or event.ended_at or event.answered_at or event.started_at)
    told: dict[str, Any] = {
        "direction": "" if event.known_only else event.direction,
        "number": clean(event.sender.address).strip()[:320],
        "name": clean(event.sender.name).strip()[:200],
        "text": clean(event.text).strip()[:MAX_TEXT],
    }
    told |= {name: clean(getattr(event, name)).strip()[:most] for name, most in WORDS.items()}
    told |= {name: _stamp(getattr(event, name)) for name in TIMES}
    told |= {name: _seconds(getattr(event, name)) for name in SECONDS}
    told["recording"] = _file(event.recording) if event.recording else None
    agent = clean(event.agent).strip()[:500]
    rings = event.state == RINGING
    if not rings:
        told["agent"] = agent
    return say(
        {name: value for name, value in told.items() if value not in ("", None)},
        when,
        state=event.state,
        result=event.result,
        leg=clean(event.leg).strip()[:200],
        rung=(agent,) if rings and agent else (),
        history=event.history,
        system=True,
    )


def transcript(text: str) -> Known:
    """What a machine made of what was said, told now."""
    words = {"transcript": clean(text).strip()[: WORDS["transcript"]]}
    return say(words, stamp(now()), state=RINGING, system=True)


def say(
    words: Mapping[str, Any],
    when: str,
    *,
    state: str,
    result: str = "",
    leg: str = "",
    rung: tuple[str, ...] = (),
    history: bool = False,
    system: bool = False,
) -> Known:
    """One telling; `words` are what it says, `when` an ISO time in UTC or "". Of the number of a payment card that was
    written down, only the end is kept."""
    words = {name: mask_cards(said)[0] if name in FREE and said else said for name, said in words.items()}
    rank = SYSTEM if system else OURS
    return {
        "state": STATES.index(state),
        "talked": state == ANSWERED or "answered_at" in words or bool(words.get("talk_seconds")),
        "first": when,
        "history": history,
        "rung": list(rung),
        "words": {name: [rank, when, value] for name, value in words.items()},
        "results": {leg: [rank, when, result]} if result else {},
    }


def join(one: Known, other: Known) -> Known:
    """All that both tell. An empty one tells nothing."""
    if not one or not other:
        return one or other
    return {
        "state": max(one["state"], other["state"]),
        "talked": one["talked"] or other["talked"],
        "first": min(filter(None, (one["first"], other["first"])), default=""),
        "history": one["history"] and other["history"],
        "rung": sorted({*one["rung"], *other["rung"]})[:MOST_RUNG],
        "words": _joined(one["words"], other["words"]),
        "results": dict(sorted(_joined(one["results"], other["results"]).items())[:MOST_LEGS]),
    }


def facts(known: Known) -> Facts:
    """What all that is known comes to."""
    words = {name: claim[2] for name, claim in known["words"].items()}
    state = STATES[known["state"]]
    started, answered, ended = (_time(words.get(name)) for name in ("started_at", "answered_at", "ended_at"))
    started = started or _time(known["first"])
    return Facts(
        state=state,
        result=_result(known) if state == ENDED else "",
        direction=str(words.get("direction", "in")),
        number=str(words.get("number", "")),
        name=str(words.get("name", "")),
        agent=str(words.get("agent", "")),
        rung=tuple(known["rung"]),
        started_at=started,
        answered_at=answered,
        ended_at=ended,
        ring_seconds=_known_or(words.get("ring_seconds"), started, answered or ended),
        talk_seconds=_known_or(words.get("talk_seconds"), answered, ended),
        hold_seconds=words.get("hold_seconds"),
        wrap_seconds=words.get("wrap_seconds"),
        memo=str(words.get("text", "")),
        note=str(words.get("note", "")),
        recording=words.get("recording"),
        callback_due=_time(words.get("callback_due")),
        history=known["history"],
        **{name: str(words.get(name, "")) for name in WORDS},
    )


def _result(known: Known) -> str:
    """Of an ended call. What one of us says holds; else the best any leg came to; else what its course tells."""
    claims: list[Claim] = list(known["results"].values())
    ours = [claim for claim in claims if claim[0] == OURS]
    told = [claim[2] for claim in ours or claims]
    best = next((result for result in BEST if result in told), "")
    return best or ("answered" if known["talked"] else "missed")


def _joined(one: Mapping[str, Claim], other: Mapping[str, Claim]) -> dict[str, Claim]:
    both = dict(one)
    for name, claim in other.items():
        both[name] = max(both[name], claim, key=_weight) if name in both else claim
    return both


def _weight(claim: Claim) -> tuple[int, str, str]:
    rank, when, value = claim
    return rank, when, json.dumps(value, sort_keys=True)


def _known_or(told: int | None, begin: datetime | None, end: datetime | None) -> int | None:
    if told is not None or begin is None or end is None:
        return told
    return min(max(0, int((end - begin).total_seconds())), LONGEST)


def _seconds(value: int | None) -> int | None:
    return value if value is None else min(max(0, int(value)), LONGEST)


def _file(file: base.Attachment) -> dict[str, Any]:
    """How a recording is known again; its bytes, if they came along, are kept as a file at once."""
    return {"name": clean(file.name)[:200], "url": clean(file.url)[:4000], "ref": clean(file.ref)[:500]}


def stamp(at: datetime) -> str:
    """A time as tellings carry it: their order as texts is their order in time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _stamp(at: datetime | None) -> str:
    return stamp(at) if at else ""


def _time(told: object) -> datetime | None:
    return datetime.fromisoformat(told) if isinstance(told, str) and told else None
