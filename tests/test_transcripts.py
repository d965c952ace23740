"""A copy of the conversation by mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, transcripts
from app.models import Channel, Conversation, Customer, Delivery, Identity, Message
from app.models.customer import CODE
from tests import factories as make
from tests.connectors import Post
from tests.letters import HANA, TARO, assert_books, comes, own
from tests.letters import mail as mailing


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with mailing(monkeypatch) as kind:
        yield kind


@pytest.fixture
def box(db: Session, post: type[Post]) -> Channel:
    return make.channel(db, "post")


def chat(db: Session, address: str = HANA) -> Conversation:
    head = make.conversation(db, make.channel(db, "api"), "在庫はありますか")
    make.customer_of(db, head).attributes = {"email": {"value": address, "proved": False}}
    db.flush()
    return head


def test_what_was_said_goes_in_one_mail_with_who_said_it(db: Session, box: Channel) -> None:
    head, agent = chat(db), make.agent(db, "田中")
    make.reply(db, agent, head, "ございます")
    inbox.note(db, agent, head, "内緒のメモ", "note-1")
    sent = transcripts.send_transcript(db, agent, head, "client-1")
    first, second = sent.text.split("\n\n")
    assert first.endswith("在庫はありますか")
    assert (second.startswith("田中"), second.endswith("ございます")) == (True, True)
    assert "内緒" not in sent.text
    to = db.get_one(Identity, db.scalars(select(Delivery).filter_by(message_id=sent.id)).one().identity_id)
    assert (to.address, sent.channel_id) == (HANA, box.id)
    assert_books(db)


def test_what_was_formatted_goes_without_its_marks(db: Session, box: Channel) -> None:
    head, agent = own(db, comes(db, box)), make.agent(db)
    make.reply(db, agent, head, "**明日**です", html="<p><strong>明日</strong>です</p>")
    sent = transcripts.send_transcript(db, agent, head, "client-1")
    assert sent.text.endswith("\n明日です")


def test_links_go_with_what_was_said(db: Session, box: Channel) -> None:
    head, agent = own(db, comes(db, box)), make.agent(db)
    link = {"label": "送料の表", "url": "https://shop.example/shipping"}
    make.reply(db, agent, head, "こちらです", links=[link])
    sent = transcripts.send_transcript(db, agent, head, "client-1")
    assert sent.text.endswith("\nこちらです\n送料の表\nhttps://shop.example/shipping")


def test_asked_for_twice_at_once_it_goes_once(db: Session, box: Channel) -> None:
    head, agent = chat(db), make.agent(db)
    first = transcripts.send_transcript(db, agent, head, "client-1")
    assert transcripts.send_transcript(db, agent, head, "client-1") is first


def test_of_a_long_conversation_the_newest_go(db: Session, box: Channel) -> None:
    head, agent = chat(db), make.agent(db)
    for n in range(5):
        make.reply(db, agent, head, f"{n}" + "あ" * 6000)
    text = transcripts.send_transcript(db, agent, head, "client-1").text
    assert len(text) <= 20_000
    assert ("4ああ" in text, "1ああ" in text, "在庫" in text) == (True, False, False)
    assert text.startswith("これより前")


@pytest.mark.parametrize(("address", "words"), [("", "left no email"), ("x", "left no email")])
def test_without_an_address_it_is_refused(db: Session, box: Channel, address: str, words: str) -> None:
    with pytest.raises(inbox.Refused, match=words):
        transcripts.send_transcript(db, make.agent(db), chat(db, address), "client-1")


def test_without_a_mailbox_it_is_refused(db: Session) -> None:
    with pytest.raises(inbox.Refused, match="no mailbox"):
        transcripts.send_transcript(db, make.agent(db), chat(db), "client-1")


def test_where_nothing_arrives_it_is_refused(db: Session, box: Channel) -> None:
    said = comes(db, box, "以前")
    db.get_one(Identity, said.identity_id).unreachable = "550"
    with pytest.raises(inbox.Refused, match="Nothing arrives"):
        transcripts.send_transcript(db, make.agent(db), chat(db), "client-1")


@pytest.mark.parametrize("proved", [False, True])
def test_to_a_claimed_address_goes_nothing_of_whoever_was_linked(
    db: Session, box: Channel, proved: bool
) -> None:
    claimed, agent = chat(db), make.agent(db)
    other = own(db, comes(db, box, "ほかの人の話", TARO))
    db.get_one(Identity, db.scalars(select(Identity.id).filter_by(address=TARO)).one()).proof = CODE * proved
    child, parent = db.get_one(Customer, claimed.customer_id), db.get_one(Customer, other.customer_id)
    inbox.link(db, child, parent, evidence={})
    sent = transcripts.send_transcript(db, agent, other, "client-1")
    to = db.get_one(Identity, sent.identity_id)
    both = {words for words in ("在庫", "ほかの人") if words in sent.text}
    assert both == ({"在庫", "ほかの人"} if proved and to.address == TARO else both & _own_words(to))
    assert len(both) == 1 + proved
    assert db.scalars(select(Message).filter_by(client_id="client-1")).one() is sent


def _own_words(to: Identity) -> set[str]:
    return {"ほかの人"} if to.address == TARO else {"在庫"}


def test_that_there_was_more_before_is_said(
    db: Session, box: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "MOST", 2)
    head, agent = chat(db), make.agent(db)
    make.reply(db, agent, head, "ございます")
    assert "省略" not in transcripts.send_transcript(db, agent, head, "client-1").text
    make.reply(db, agent, head, "お取り置きします")
    told = transcripts.send_transcript(db, agent, head, "client-2").text
    assert told.startswith("これより前のやり取りは省略しています。")
    assert "在庫はありますか" not in told
