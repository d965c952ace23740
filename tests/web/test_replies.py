"""Answering over HTTP: once however often it is sent, refused with a sentence, never lost."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from app import deliver, inbox
from app.db import reading, transaction
from app.models import Agent, Attachment, Case, Channel, Conversation, Delivery, Draft, Message
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301"
    "0100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture
def tanaka() -> Agent:
    with transaction() as db:
        return factories.agent(db, "田中 翔")


@pytest.fixture
def thread() -> Conversation:
    with transaction() as db:
        return factories.conversation(db, factories.channel(db), "在庫はありますか")


def say(
    browser: Browser, thread: Conversation, text: str = "ございます", client: str = "client-0001", **more: Any
) -> Any:
    return browser.submit(f"/conversations/{thread.id}/replies", {"text": text, "client_id": client, **more})


def test_a_reply_comes_back_as_its_own_message(tanaka: Agent, thread: Conversation) -> None:
    answer = say(Browser().come_in(tanaka), thread)
    assert answer.status_code == 200
    assert 'id="m-client-0001"' in answer.text
    assert "ございます" in answer.text


def test_the_same_reply_sent_twice_is_one(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    answers = [say(browser, thread) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    with reading() as db:
        assert db.scalar(select(func.count()).where(Message.client_id == "client-0001")) == 1


def test_sending_and_resolving_is_one_step(tanaka: Agent, thread: Conversation) -> None:
    assert say(Browser().come_in(tanaka), thread, resolve="1").status_code == 200
    with reading() as db:
        assert db.scalars(select(Case.status)).all() == ["resolved"]


def test_what_the_customer_wrote_meanwhile_is_not_resolved_with_the_answer(
    tanaka: Agent, thread: Conversation
) -> None:
    browser = Browser().come_in(tanaka)
    seen = thread.last_event_id
    with transaction() as db:
        factories.says_more(db, thread, "あと、もう一つ")
    answer = say(browser, thread, resolve="1", seen=seen)
    assert (answer.status_code, answer.headers["X-Stays-Open"]) == (200, "yes")
    with reading() as db:
        head = db.get_one(Conversation, thread.id)
        newest = head.last_event_id
        assert head.waiting_since is not None
        assert db.scalars(select(Case.status)).all() == ["open"]
    answer = say(browser, thread, "はい", client="client-0002", resolve="1", seen=newest)
    assert "X-Stays-Open" not in answer.headers
    with reading() as db:
        assert db.scalars(select(Case.status)).all() == ["resolved"]


def test_an_answer_to_an_address_that_is_theirs_no_more_is_refused(
    tanaka: Agent, thread: Conversation
) -> None:
    browser = Browser().come_in(tanaka)
    with transaction() as db:
        there = factories.identity_of(db, factories.conversation(db)).id
        here = factories.identity_of(db, thread).id
    assert say(browser, thread, to=there).status_code == 409
    assert say(browser, thread, to=here).status_code == 200


def test_the_way_is_drawn_anew_with_whoever_of_two_wrote_last(tanaka: Agent, thread: Conversation) -> None:
    browser = Browser().come_in(tanaka)
    with transaction() as db:
        chat = db.get_one(Channel, thread.last_channel_id)
        daughter = factories.conversation(db, chat, "娘です", "daughter")
        inbox.link(db, factories.customer_of(db, daughter), factories.customer_of(db, thread), evidence={})
        hers, mothers = (factories.identity_of(db, one) for one in (daughter, thread))
    for wrote in (mothers, hers):
        with transaction() as db:
            factories.customer_says(db, db.get_one(Channel, chat.id), "まだですか", wrote.address)
        way = browser.see(f"/conversations/{thread.id}/reaches")
        assert f'data-to="{wrote.id}"' in way
        assert f"<bdi>{wrote.address}</bdi>" in way


@pytest.mark.parametrize("what", ["replies", "notes"])
def test_what_was_begun_after_the_words_that_are_sent_stays_a_draft(
    tanaka: Agent, thread: Conversation, what: str
) -> None:
    browser, path = Browser().come_in(tanaka), f"/conversations/{thread.id}"
    browser.submit(f"{path}/draft", {"text": "ございます", "version": "0"})
    browser.submit(
        f"{path}/draft", {"text": "追伸", "version": "1"}
    )  # while the answer may still be taken back
    sent = {"text": "ございます", "client_id": "client-0001", "version": "1"}
    assert browser.submit(f"{path}/{what}", sent).status_code == 200
    with reading() as db:
        assert db.scalars(select(Draft.text)).all() == ["追伸"]
    sent = {"text": "追伸", "client_id": "client-0002", "version": "9" * 18}
    assert browser.submit(f"{path}/{what}", sent).status_code == 200
    with reading() as db:
        assert db.scalars(select(Draft.text)).all() == []


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_reply_is_refused_in_ones_own_language(
    tanaka: Agent, thread: Conversation, text: str
) -> None:
    answer = say(Browser().come_in(tanaka), thread, text, headers=None)
    assert answer.status_code == 422
    assert "返信が空です" in answer.text


def test_a_reply_while_another_answers_is_refused_with_their_name(
    tanaka: Agent, thread: Conversation
) -> None:
    with transaction() as db:
        sato = factories.agent(db, "佐藤 恵")
        inbox.claim_lock(db, sato, db.get_one(Conversation, thread.id))
    browser = Browser().come_in(tanaka)
    answer = say(browser, thread)
    assert answer.status_code == 409
    assert "佐藤 恵" in answer.text
    assert "佐藤 恵" in browser.submit(f"/conversations/{thread.id}/lock").text
    assert "佐藤 恵" not in browser.submit(f"/conversations/{thread.id}/lock", {"take": "1"}).text
    assert say(browser, thread).status_code == 200


@pytest.mark.parametrize("client", ["", "short", "x" * 65, "line\nbreak-0001"])
def test_a_reply_without_a_proper_number_is_refused(tanaka: Agent, thread: Conversation, client: str) -> None:
    assert say(Browser().come_in(tanaka), thread, client=client).status_code == 422


def test_a_note_stays_among_us(tanaka: Agent, thread: Conversation) -> None:
    form = {"text": "取り置き済み", "client_id": "note-00001"}
    answer = Browser().come_in(tanaka).submit(f"/conversations/{thread.id}/notes", form)
    assert answer.status_code == 200
    with reading() as db:
        note = db.scalars(select(Message).filter_by(client_id="note-00001")).one()
        assert note.kind == "note"
        assert db.scalar(select(Delivery).filter_by(message_id=note.id)) is None


def test_a_picture_goes_with_a_reply_and_is_shown_to_those_who_may(
    tanaka: Agent, thread: Conversation
) -> None:
    browser = Browser().come_in(tanaka)
    upload = browser.submit(f"/conversations/{thread.id}/attachments", files={"file": ("写真.png", PIXEL)})
    assert upload.status_code == 200, upload.text
    assert say(browser, thread, attachments=upload.json()["id"]).status_code == 200
    with reading() as db:
        kept = db.scalars(select(Attachment)).one()
        assert kept.message_id is not None
    shown = browser.get(f"/files/{kept.key}")
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, PIXEL, "image/png")
    assert "sandbox" in shown.headers["content-security-policy"]


def test_a_file_of_a_thread_one_may_not_see_does_not_exist(tanaka: Agent, thread: Conversation) -> None:
    with transaction() as db:
        sato = factories.agent(db)
        team = factories.team(db, sato)
        inbox.assign(db, sato, db.get_one(Conversation, thread.id), sato, team, keep_team=False)
    browser = Browser().come_in(sato)
    id = browser.submit(f"/conversations/{thread.id}/attachments", files={"file": ("a.png", PIXEL)}).json()[
        "id"
    ]
    with reading() as db:
        key = db.get_one(Attachment, id).key
    assert Browser().come_in(tanaka).get(f"/files/{key}").status_code == 404
    assert say(browser, thread, attachments=id).status_code == 200
    assert Browser().come_in(tanaka).get(f"/files/{key}").status_code == 404
    assert browser.get(f"/files/{key}").status_code == 200


def test_a_program_named_like_a_picture_is_refused(tanaka: Agent, thread: Conversation) -> None:
    files = {"file": ("photo.png", b"MZ\x90\x00" + b"\x00" * 64)}
    answer = Browser().come_in(tanaka).submit(f"/conversations/{thread.id}/attachments", files=files)
    assert answer.status_code == 422
    assert "photo.png" in answer.text


def test_somebody_elses_upload_does_not_go_with_mine(tanaka: Agent, thread: Conversation) -> None:
    with transaction() as db:
        sato = factories.agent(db)
    theirs = (
        Browser()
        .come_in(sato)
        .submit(f"/conversations/{thread.id}/attachments", files={"file": ("a.png", PIXEL)})
    )
    assert say(Browser().come_in(tanaka), thread, attachments=theirs.json()["id"]).status_code == 200
    with reading() as db:
        assert db.get_one(Attachment, theirs.json()["id"]).message_id is None


def test_what_failed_is_sent_again(tanaka: Agent) -> None:
    with transaction() as db:
        thread = factories.conversation(
            db, factories.channel(db, "api", settings={"callback_url": "https://x.example"})
        )
        message = factories.reply(db, tanaka, thread)
        delivery = db.scalars(select(Delivery).filter_by(message_id=message.id)).one()
        deliver.climb(db, delivery, "failed", "受け付けられませんでした")
    browser = Browser().come_in(tanaka)
    shown = browser.see(f"/inbox/{thread.id}")
    assert "受け付けられませんでした" in shown
    assert "返信が届きませんでした（理由は返信の下に表示）" in shown
    assert browser.submit(f"/messages/{message.id}/retry").status_code == 200
    assert "返信が届きませんでした（その後、" in browser.see(f"/inbox/{thread.id}")
    with reading() as db:
        assert db.get_one(Delivery, delivery.id).state == "queued"
    assert browser.submit(f"/messages/{message.id}/retry").status_code == 409
