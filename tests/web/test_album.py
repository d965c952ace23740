"""Pictures that were sent together are one entry of the thread; LINE's emoji stand in the text as what they mean."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, intake
from app.db import as_of, now, reading, transaction
from app.models import Agent, Attachment, Channel, Conversation, Message
from app.render import with_emoji
from app.web.entries import each_alone, entries
from app.web.frames import missed
from channels import base
from tests import factories as make
from tests.web.visiting import Browser

ZONE = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def line(db: Session) -> Channel:
    return make.channel(db, "line", settings={"channel_id": "1650000000"}, secrets={})


def picture(
    db: Session, channel: Channel, id: str, index: int | None, of: str = "S", ago: int = 60
) -> Message:
    told = {"id": of} if index is None else {"id": of, "index": index, "total": 3}
    at = now() - timedelta(seconds=ago)
    said = make.customer_says(db, channel, "", "U1", id=id, at=at, context={"image_set": told})
    db.add(
        Attachment(
            message_id=said.id,
            key=f"key-{id}",
            name=f"{id}.jpg",
            content_type="image/jpeg",
            size=10,
            width=40,
            height=30,
            sha256="0" * 64,
        )
    )
    db.flush()
    return said


def names(entry: object) -> list[str]:
    return [file.name for file in entry.attachments]  # type: ignore[attr-defined]


def test_pictures_sent_together_are_one_entry_in_the_order_of_their_index(db: Session, line: Channel) -> None:
    third = picture(db, line, "c", 3, ago=58)
    first, second = picture(db, line, "a", 1, ago=60), picture(db, line, "b", 2, ago=59)
    other = make.customer_says(db, line, "三枚です", "U1")
    (album, words) = entries(db, [first, second, third, other], ZONE)
    assert names(album) == ["a.jpg", "b.jpg", "c.jpg"]
    assert (words.message, words.ids) == (other, (other.id,))
    assert set(album.ids) == {first.id, second.id, third.id}


def test_nobody_waits_for_the_rest_and_what_comes_takes_the_place_of_what_stood_there(
    db: Session, line: Channel
) -> None:
    second = picture(db, line, "b", 2, ago=59)
    (alone,) = each_alone(db, [second], ZONE)
    first = picture(db, line, "a", 1, ago=60)
    both = each_alone(db, [second, first], ZONE)
    assert [names(one) for one in (alone, *both)] == [["b.jpg"], ["a.jpg", "b.jpg"], ["a.jpg", "b.jpg"]]
    assert {one.dom_id for one in (alone, *both)} == {alone.dom_id}


def test_without_an_index_they_stand_as_they_were_sent(db: Session, line: Channel) -> None:
    later, sooner = picture(db, line, "b", None, ago=10), picture(db, line, "a", None, ago=20)
    (album,) = entries(db, [sooner, later], ZONE)
    assert names(album) == ["a.jpg", "b.jpg"]


def test_the_same_id_of_somebody_else_or_of_another_day_is_another_set(db: Session, line: Channel) -> None:
    mine = picture(db, line, "a", 1)
    with as_of(now() - timedelta(days=2)):
        old = picture(db, line, "b", 2)
    told = {"image_set": {"id": "S", "index": 2}}
    theirs = make.customer_says(db, line, "", "U2", context=told)
    assert [one.ids for one in entries(db, [mine], ZONE)] == [[mine.id]]
    assert [one.ids for one in entries(db, [old], ZONE)] == [[old.id]]
    assert [one.ids for one in entries(db, [theirs], ZONE)] == [[theirs.id]]


def test_a_picture_that_was_taken_back_is_gone_from_its_set(db: Session, line: Channel) -> None:
    first, second = picture(db, line, "a", 1), picture(db, line, "b", 2)
    inbox.unsend(db, make.thread_of(db, first), first)
    (album,) = entries(db, [first, second], ZONE)
    assert (names(album), album.message, album.album and album.album.taken_back) == (["b.jpg"], second, 1)
    inbox.unsend(db, make.thread_of(db, second), second)
    (album,) = entries(db, [first, second], ZONE)
    assert (names(album), bool(album.message.removed_at)) == ([], True)
    assert album.album is not None
    assert album.album.taken_back == 0


@pytest.mark.parametrize("told", ["S", {"id": 7}, {"id": ""}, {}, None, [1]])
def test_junk_in_the_place_of_a_set_is_a_picture_alone(db: Session, line: Channel, told: object) -> None:
    said = make.customer_says(db, line, "", "U1", context={"image_set": told})
    assert [one.ids[0] for one in entries(db, [said], ZONE)] == [said.id]


@pytest.mark.usefixtures("committed")
def test_the_page_and_what_comes_live_draw_the_same_one_entry() -> None:
    with transaction() as db:
        channel = make.channel(db, "line", settings={"channel_id": "1650000000"}, secrets={})
        first, second = picture(db, channel, "a", 1), picture(db, channel, "b", 2)
        agent = make.agent(db, "田中")
        del first, second
    with reading() as db:
        head = db.scalars(select(Conversation)).one()
        person = db.get_one(Agent, agent.id)
        frames = missed(db, person, head, 0)
    assert frames is not None
    live = [frame["message"]["html"] for frame in frames if "message" in frame]
    page = Browser().come_in(person).see(f"/inbox/{head.id}")
    ids = [re.findall(r'<article[^>]* id="([^"]+)"', html) for html in (page, *live)]
    assert len(ids[0]) == 1
    assert all(one == ids[0] for one in ids)
    assert page.count('class="picture') == 2


def test_emoji_of_the_platform_are_told_from_the_words_around_them() -> None:
    told = [{"at": 3, "words": "(love)"}, {"at": 9, "words": "(brown)"}]
    shown = with_emoji("こんに(love)(brown)<b>", told)
    assert shown == (
        'こんに<span class="emoji-words" title="(love)">love</span>'
        '<span class="emoji-words" title="(brown)">brown</span>&lt;b&gt;'
    )
    assert with_emoji("変わった文", told) == "変わった文"
    assert with_emoji("(love)", [{"at": "0", "words": "(love)"}, {"at": 0}, {}]) == "(love)"


def test_the_connector_s_own_emoji_are_shown_so(db: Session, line: Channel) -> None:
    person = base.Person("U1", line.key)
    emoji = [{"at": 0, "words": "(love)", "picture": "https://stickershop.line-scdn.net/x.png"}]
    event = make.inbound("(love)です", person, context={"emojis": emoji})
    (outcome,) = intake.accept(db, line, [event])
    (entry,) = entries(db, [db.get_one(Message, outcome["message"])], ZONE)
    assert "emoji-words" in entry.words
