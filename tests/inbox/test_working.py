"""What an agent has in hand: drafts, locks, read marks, labels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, queries
from app.db import now
from app.inbox import Refused, reading
from app.models import Agent, Conversation, ConversationLabel, Draft, Event, Label, ReplyLock
from channels import base
from tests import factories as make


def save(db: Session, agent: Agent, head: Conversation, text: str, version: int = 0) -> Draft:
    return inbox.save_draft(db, agent, head, text, kind="outbound", channel_id=None, version=version)


def test_a_draft_grows_by_version_and_an_older_screen_cannot_overwrite_it(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    first = save(db, agent, head, "お世話に").version
    assert save(db, agent, head, "お世話になって", first).version == first + 1
    with pytest.raises(Refused, match="another screen"):
        save(db, agent, head, "お世話に", first)
    assert db.scalars(select(Draft.text)).one() == "お世話になって"


def test_a_draft_keeps_whom_it_goes_to_and_its_subject_until_it_is_sent(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    others = [
        base.Participant("boss@example.jp", "上司\n", "cc"),
        base.Participant("log@example.jp", "", "bcc"),
    ]
    first = inbox.save_draft(
        db,
        agent,
        head,
        "",
        kind="outbound",
        channel_id=None,
        version=0,
        others=others,
        subject="件名\r\nBcc: x",
    )
    db.expire(first)
    assert first.more == {
        "others": [
            {"address": "boss@example.jp", "name": "上司", "role": "cc"},
            {"address": "log@example.jp", "name": "", "role": "bcc"},
        ],
        "subject": "件名 Bcc: x",
    }
    again = save(db, agent, head, "はい", first.version)
    db.expire(again)
    assert again.more == {}
    make.reply(db, agent, head)
    assert db.get(Draft, (agent.id, head.id)) is None


def test_words_that_came_back_go_before_what_was_begun_since_and_no_note_becomes_an_answer(
    db: Session,
) -> None:
    head, agent = make.conversation(db), make.agent(db)

    def come_back(text: str, kind: str, version: int) -> tuple[str, str]:
        kept = inbox.save_draft(
            db, agent, head, text, kind=kind, channel_id=None, version=version, returned=True
        )
        return kept.text, kept.kind

    own = save(db, agent, head, "お世話に").version
    assert come_back("お世話になって", "outbound", own) == ("お世話になって", "outbound")
    save(db, agent, head, "追伸", own + 1)
    assert come_back("はい", "outbound", own + 1) == ("はい\n追伸", "outbound")
    assert come_back("社内", "note", own) == ("社内\nはい\n追伸", "note")
    assert come_back("いいえ", "outbound", own) == ("いいえ\n社内\nはい\n追伸", "note")


def test_each_agent_has_a_draft_of_their_own(db: Session) -> None:
    head = make.conversation(db)
    save(db, make.agent(db), head, "甲")
    save(db, make.agent(db), head, "乙")
    assert set(db.scalars(select(Draft.text))) == {"甲", "乙"}


def test_a_reply_ends_draft_and_lock_and_reads_everything(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    save(db, agent, head, "はい")
    inbox.claim_lock(db, agent, head)
    make.reply(db, agent, head)
    assert not db.scalars(select(Draft)).all()
    assert reading.lock_of(db, head) is None
    assert queries.unread(db, agent, [head]) == {head.id: 0}


def test_while_one_answers_another_is_refused_until_they_take_over(db: Session) -> None:
    head, one, other = make.conversation(db), make.agent(db, "佐藤"), make.agent(db)
    inbox.claim_lock(db, one, head)
    assert inbox.claim_lock(db, other, head).agent_id == one.id
    with pytest.raises(Refused, match="佐藤 is answering") as refused:
        make.reply(db, other, head)
    assert refused.value.status == 409
    assert inbox.claim_lock(db, other, head, take=True).agent_id == other.id
    make.reply(db, other, head)


def test_a_lapsed_lock_stops_nobody(db: Session) -> None:
    head, one, other = make.conversation(db), make.agent(db), make.agent(db)
    inbox.claim_lock(db, one, head).expires_at = now() - timedelta(seconds=1)
    db.flush()
    make.reply(db, other, head)


def test_emptying_the_composer_frees_the_lock(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    inbox.claim_lock(db, agent, head)
    save(db, agent, head, " ")
    assert not db.scalars(select(ReplyLock)).all()


def test_what_came_after_reading_is_unread(db: Session) -> None:
    channel, agent = make.channel(db), make.agent(db)
    head = make.conversation(db, channel, sender="v")
    assert queries.unread(db, agent, [head])[head.id] == 1
    inbox.mark_read(db, agent, head)
    make.customer_says(db, channel, "もう一つ", "v")
    make.customer_says(db, channel, "あと一つ", "v")
    db.flush()
    assert queries.unread(db, agent, [head])[head.id] == 2
    assert queries.unread(db, make.agent(db), [head])[head.id] == 3


def test_a_label_is_put_once_and_taken_off_once(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    label = Label(name="返品")
    db.add(label)
    db.flush()
    inbox.put_label(db, head, label, agent=agent)
    inbox.put_label(db, head, label, agent=agent)
    inbox.remove_label(db, head, label, agent=agent)
    inbox.remove_label(db, head, label, agent=agent)
    assert not db.scalars(select(ConversationLabel)).all()
    kinds = [one.kind for one in db.scalars(select(Event).order_by(Event.id)) if "label" in one.kind]
    assert kinds == ["labelled", "unlabelled"]
