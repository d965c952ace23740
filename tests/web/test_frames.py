"""Live frames: each viewer is told what they may see, drawn as the page draws it, and can ask for what they missed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, queries
from app.db import now
from app.lines import Line
from app.models import Agent, Conversation, Event, Identity
from app.realtime import change_of
from app.web import frames, telling
from channels import base
from tests import factories


@dataclass(frozen=True)
class Cast:
    """Tanaka has the thread, which is his team's; Sato is of no team; Kobayashi oversees."""

    tanaka: Agent
    sato: Agent
    kobayashi: Agent
    thread: Conversation


@pytest.fixture
def cast(db: Session) -> Cast:
    tanaka, sato = factories.agent(db, "田中 翔"), factories.agent(db, "佐藤 恵")
    kobayashi = factories.supervisor(db, "小林 健", locale="en")
    thread = factories.conversation(db, None, "在庫はありますか")
    inbox.assign(db, kobayashi, thread, tanaka, factories.team(db, tanaka), keep_team=False)
    return Cast(tanaka, sato, kobayashi, thread)


def told(
    db: Session, viewer: Agent, kind: str, *, looking: bool = False, read: int = 0
) -> frames.Frame | None:
    """What the viewer is told of the latest event of that kind."""
    db.flush()
    event = db.scalars(select(Event).filter_by(kind=kind).order_by(Event.id.desc())).first()
    assert event is not None, kind
    news = frames.news_of(db, change_of(event))
    assert news is not None
    html = frames.drawn(db, news, viewer)
    return frames.frame(news, html, viewer, queries.teams_of(db, viewer), read, looking=looking)


def test_who_may_see_it_is_told_where_it_stands_and_what_is_unread(db: Session, cast: Cast) -> None:
    frame = told(db, cast.tanaka, "message.received")
    assert frame is not None
    assert frame["row"]["views"] == ["mine", "teams", "open"]
    assert frame["row"]["unread"] == 1
    assert f'id="row-{cast.thread.id}"' in frame["row"]["html"]
    assert "message" not in frame


def test_who_may_not_see_it_is_told_nothing(db: Session, cast: Cast) -> None:
    assert told(db, cast.sato, "message.received") is None


def test_who_can_see_it_no_more_is_told_only_that_it_is_gone(db: Session, cast: Cast) -> None:
    assert told(db, cast.sato, "assigned") == {"t": "gone", "conversation": cast.thread.id}


def test_who_looks_at_it_gets_the_message_as_the_page_draws_it(db: Session, cast: Cast) -> None:
    message = factories.reply(db, cast.tanaka, cast.thread, "ございます", "client-0001")
    frame = told(db, cast.kobayashi, "message.sent", looking=True)
    assert frame is not None
    assert frame["full"]
    assert 'id="m-client-0001"' in frame["message"]["html"]
    assert f'data-message="{message.id}"' in frame["message"]["html"]
    assert "Today" in frame["message"]["html"]  # in the viewer's own language
    assert "header" in frame["parts"]


def test_only_those_it_concerns_are_called(db: Session, cast: Cast) -> None:
    mine, other = told(db, cast.tanaka, "message.received"), told(db, cast.kobayashi, "message.received")
    assert mine is not None
    assert other is not None
    assert mine["notify"]["body"] == "在庫はありますか"
    assert mine["notify"]["url"] == f"/inbox/{cast.thread.id}"
    assert "notify" not in other


def test_advice_calls_who_asked_for_it(db: Session, cast: Cast) -> None:
    raised = inbox.escalate(db, cast.thread, "refund", "高額", agent=cast.tanaka)
    inbox.give_back(db, cast.kobayashi, raised, "半額なら可")
    mine, own = told(db, cast.tanaka, "escalation.returned"), told(db, cast.kobayashi, "escalation.returned")
    assert mine is not None
    assert own is not None
    assert mine["notify"]["body"] == "半額なら可"
    assert "notify" not in own


def test_the_frames_of_a_thread_name_each_other_without_a_gap(db: Session, cast: Cast) -> None:
    for n in range(3):
        factories.reply(db, cast.tanaka, cast.thread, f"返信{n}")
    db.flush()
    missed = frames.missed(db, cast.tanaka, cast.thread, 0)
    assert missed is not None
    assert missed[0]["prev"] == 0
    assert [frame["prev"] for frame in missed[1:]] == [frame["id"] for frame in missed[:-1]]
    assert missed[-1]["id"] == cast.thread.last_event_id
    assert sum("message" in frame for frame in missed) >= 4


def test_only_what_came_after_is_told_again(db: Session, cast: Cast) -> None:
    before = cast.thread.last_event_id
    factories.reply(db, cast.tanaka, cast.thread, "新しい返信")
    missed = frames.missed(db, cast.tanaka, cast.thread, before)
    assert missed is not None
    assert all(frame["id"] > before for frame in missed)
    assert frames.missed(db, cast.tanaka, cast.thread, cast.thread.last_event_id) == []


def test_after_too_much_the_page_is_loaded_anew(
    db: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MISSED_AT_MOST", 1)
    factories.reply(db, cast.tanaka, cast.thread)
    assert frames.missed(db, cast.tanaka, cast.thread, 0) is None


def test_a_delivery_changes_the_message_and_leaves_the_header_alone(db: Session, cast: Cast) -> None:
    factories.reply(db, cast.tanaka, cast.thread)
    note = inbox.note(db, cast.tanaka, cast.thread, "メモ", "note-00001")
    frame = told(db, cast.tanaka, "note.added", looking=True)
    assert frame is not None
    assert (frame["parts"], note.dom_id in frame["message"]["html"]) == ([], True)


def test_a_reaction_draws_the_message_again_and_calls_nobody(db: Session, cast: Cast) -> None:
    said = factories.customer_says(
        db, factories.channel(db, "api"), "ありがとう", base.Person("c", name="花<子")
    )
    who = db.get_one(Identity, said.identity_id)
    inbox.react(db, said, who, "👍", True, now())
    frame = told(db, cast.kobayashi, "message.reacted", looking=True)
    assert frame is not None
    assert frame["parts"] == []
    assert "notify" not in frame
    assert re.search(
        r'<li title="花&lt;子">👍<span class="sr"> 花&lt;子</span></li>', frame["message"]["html"]
    )


def test_a_call_rings_where_it_is_for_whoever_of_two_alike_stands_first(db: Session, cast: Cast) -> None:
    called, other = factories.agent(db, "山田", extension="201"), factories.agent(db, "鈴木", extension="202")
    person = base.Person("+819012345678", kind="phone")
    factories.accept(
        db, factories.channel(db, "call"), base.Call("c-1", person, "ringing", at=now(), agent="201")
    )
    db.flush()
    change = change_of(db.scalars(select(Event).filter_by(kind="call.changed")).one())
    lines = [Line(telling.Watch(one, frozenset())) for one in (called, other)]
    for order in (lines, lines[::-1]):
        made = {line: parcel.frame for line, parcel, _ in telling._parcels(db, [change], order)}
        assert ["ring" in made[line] for line in lines] == [True, False]
