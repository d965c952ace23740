"""What is said in a thread: stored once, in order, by whoever may say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import inbox, queries, search, verify
from app.db import now
from app.inbox import Refused
from app.inbox.receiving import CUT
from app.inbox.summary import recount
from app.models import Attachment, Case, Conversation, Decision, Delivery, Event, Message, ReadMark
from channels import base
from tests import factories as make

HOUR = timedelta(hours=1)


def texts(db: Session, head: Conversation) -> list[str]:
    return [one.text for one in queries.thread_page(db, head).messages if one.kind != "system"]


def test_a_replayed_message_is_stored_once(db: Session) -> None:
    channel = make.channel(db)
    first = make.customer_says(db, channel, "注文したい", id="x1")
    again = make.customer_says(db, channel, "注文したい", id="x1")
    assert first is again
    assert make.thread_of(db, first).inbound_count == 1


def test_the_same_words_twice_are_two_messages(db: Session) -> None:
    channel = make.channel(db)
    assert make.customer_says(db, channel, "はい") is not make.customer_says(db, channel, "はい")


def test_two_devices_of_a_customer_may_number_their_messages_alike(db: Session) -> None:
    channel, person = make.channel(db), base.Person("u1", proof="signed")
    make.customer_says(db, channel, "電話から", person, id="phone:1", client_id="1")
    said = make.customer_says(db, channel, "家から", person, id="home:1", client_id="1")
    assert texts(db, make.thread_of(db, said)) == ["電話から", "家から"]


def test_a_sender_says_nothing_that_is_ours_to_say(db: Session) -> None:
    told = {"url": "https://x.example", "files": 5, "what": "resolved", "visitor_gone": True}
    said = make.customer_says(db, make.channel(db), context=told)
    assert said.context == {"url": "https://x.example"}


def test_the_thread_is_in_the_order_of_the_providers_time(db: Session) -> None:
    channel, at = make.channel(db, "api"), now() - HOUR
    make.customer_says(db, channel, "二", at=at + timedelta(minutes=2))
    said = make.customer_says(db, channel, "一", at=at)
    make.customer_says(db, channel, "三", at=at + timedelta(minutes=3))
    assert texts(db, make.thread_of(db, said)) == ["一", "二", "三"]


def test_a_live_senders_messages_stay_in_the_order_they_came_whatever_their_clock_says(db: Session) -> None:
    channel, at = make.channel(db), now()
    for n, word in enumerate("いろは"):
        said = make.customer_says(db, channel, word, at=at - n * HOUR)
    assert texts(db, make.thread_of(db, said)) == ["い", "ろ", "は"]


def test_messages_of_the_same_moment_stay_in_the_order_they_came(db: Session) -> None:
    channel, at = make.channel(db), now()
    for word in "いろは":
        said = make.customer_says(db, channel, word, at=at)
    assert texts(db, make.thread_of(db, said)) == ["い", "ろ", "は"]


def test_a_late_message_takes_its_place_and_does_not_become_the_last_words(db: Session) -> None:
    channel = make.channel(db, "api")
    head = make.thread_of(db, make.customer_says(db, channel, "新しい"))
    make.customer_says(db, channel, "古い", at=now() - HOUR)
    assert (head.last_preview, head.inbound_count) == ("新しい", 2)


def test_a_message_from_the_future_counts_as_from_now(db: Session) -> None:
    said = make.customer_says(db, make.channel(db), at=datetime(2190, 1, 1, tzinfo=UTC))
    assert said.sent_at <= now()


def test_a_reply_is_stored_with_its_delivery_and_nobody_waits_any_more(db: Session) -> None:
    head, agent = make.conversation(db, make.channel(db, "api")), make.agent(db)
    said = make.reply(db, agent, head)
    delivery = db.scalars(select(Delivery).filter_by(message_id=said.id)).one()
    assert (delivery.state, delivery.channel_id) == ("queued", said.channel_id)
    db.refresh(head)
    assert (head.waiting_since, head.owner, head.assignee_id) == (None, "human", agent.id)
    assert db.get_one(Case, said.case_id).first_response_at == said.sent_at


def test_a_reply_by_the_threads_own_socket_is_sent_at_once(db: Session) -> None:
    said = make.reply(db, make.agent(db), make.conversation(db))
    assert db.scalars(select(Delivery).filter_by(message_id=said.id)).one().state == "sent"


def test_the_same_sending_again_is_the_same_reply(db: Session) -> None:
    head, agent = make.conversation(db), make.agent(db)
    first = make.reply(db, agent, head, "はい", "c1")
    assert make.reply(db, agent, head, "はい", "c1") is first
    assert db.scalar(select(func.count(Delivery.id))) == 1


def test_the_same_sending_is_known_after_the_customer_changed_the_way(db: Session) -> None:
    web, api, agent = make.channel(db), make.channel(db, "api"), make.agent(db)
    one, other = make.conversation(db, web, sender="a"), make.conversation(db, api, sender="b")
    inbox.link(db, make.customer_of(db, other), make.customer_of(db, one), evidence={})
    first = make.reply(db, agent, one, "はい", "c1")
    make.customer_says(
        db, web if first.channel_id == api.id else api, sender="a" if first.channel_id == api.id else "b"
    )
    assert make.reply(db, agent, one, "はい", "c1") is first


def test_the_same_sending_is_known_while_another_holds_the_lock(db: Session) -> None:
    head, agent, other = make.conversation(db), make.agent(db), make.agent(db)
    first = make.reply(db, agent, head, "はい", "c1")
    inbox.claim_lock(db, other, head)
    assert make.reply(db, agent, head, "はい", "c1") is first


@pytest.mark.parametrize("text", ["", " \n　", "\x00\x07"])
def test_an_empty_reply_is_refused(db: Session, text: str) -> None:
    with pytest.raises(Refused, match="empty"):
        make.reply(db, make.agent(db), make.conversation(db), text)


def test_a_reply_of_a_million_characters_is_refused(db: Session) -> None:
    with pytest.raises(Refused, match="20000"):
        make.reply(db, make.agent(db), make.conversation(db), "あ" * 1_000_000)


def test_a_message_of_a_million_characters_is_cut_and_kept(db: Session) -> None:
    said = make.customer_says(db, make.channel(db), "あ" * 1_000_000)
    assert len(said.text) == 20_000


def test_a_customer_without_a_way_back_cannot_be_answered(db: Session) -> None:
    channel = make.channel(db)
    head = make.conversation(db, channel)
    channel.enabled = False
    with pytest.raises(Refused, match="cannot be reached"):
        make.reply(db, make.agent(db), head)


def test_a_reply_goes_the_way_the_customer_used_last(db: Session) -> None:
    web, api = make.channel(db), make.channel(db, "api", settings={"callback_url": "https://x.example"})
    one, other = make.conversation(db, web, sender="a"), make.conversation(db, api, sender="b")
    inbox.link(db, make.customer_of(db, other), make.customer_of(db, one), evidence={})
    make.customer_says(db, api, sender="b")
    assert make.reply(db, make.agent(db), one).channel_id == api.id
    make.customer_says(db, web, sender="a")
    assert make.reply(db, make.agent(db), one).channel_id == web.id


def test_the_list_shows_what_an_agent_formatted_without_its_marks(db: Session) -> None:
    channel = make.channel(db, "email")
    head = make.thread_of(db, make.customer_says(db, channel, "**至急**", "taro@example.jp"))
    assert head.last_preview == "**至急**"  # a customer's words are theirs
    make.reply(db, make.agent(db), head, "**至急**です", html="<p><strong>至急</strong>です</p>")
    assert head.last_preview == "至急です"


def test_a_note_is_seen_by_us_alone_and_changes_no_row_of_the_list(db: Session) -> None:
    head, agent = make.conversation(db, text="質問です"), make.agent(db)
    note = inbox.note(db, agent, head, "常連さん", "n1")
    assert inbox.note(db, agent, head, "常連さん", "n1") is note
    assert (note.kind, head.last_preview) == ("note", "質問です")
    assert head.waiting_since is not None
    assert not db.scalars(select(Delivery)).all()


def test_an_edit_changes_the_words_and_an_older_one_does_not(db: Session) -> None:
    said = make.customer_says(db, make.channel(db), "青い服")
    head = make.thread_of(db, said)
    said.html = "<b>青い服</b>"
    inbox.edit(db, head, said, "赤い服", now())
    assert said.html == ""
    inbox.edit(db, head, said, "黒い服", now() - HOUR)
    assert (said.text, head.last_preview) == ("赤い服", "赤い服")


def test_an_edit_that_is_too_long_says_so_until_a_shorter_one(db: Session) -> None:
    said = make.customer_says(db, make.channel(db), "青い服", context={"product": "P-1"})
    head = make.thread_of(db, said)
    inbox.edit(db, head, said, "あ" * 20_001, now())
    assert (len(said.text), said.context.get("notice")) == (20_000, CUT)
    inbox.edit(db, head, said, "赤い服", now() + HOUR)
    assert (said.text, said.context) == ("赤い服", {"product": "P-1"})


def test_what_was_taken_back_is_forgotten_everywhere(db: Session) -> None:
    channel, boss = make.channel(db, bot=True), make.supervisor(db)
    said = make.customer_says(db, channel, "カード番号は4242", context={"url": "https://x.example"})
    head = make.thread_of(db, said)
    db.add(Attachment(message_id=said.id, name="a", content_type="text/plain", size=1, sha256="0", key="k"))
    inbox.unsend(db, head, said)
    inbox.unsend(db, head, said)
    inbox.edit(db, head, said, "4242", now())
    db.flush()
    assert (said.text, said.context, head.last_preview.count("4242")) == ("", {}, 0)
    assert not search.search(db, boss, "4242").hits
    assert "4242" not in str(db.scalars(select(Decision.detail)).all())
    assert db.scalars(select(Attachment)).one().message_id is None
    assert len(db.scalars(select(Event).filter_by(kind="message.removed")).all()) == 1


def test_what_failed_is_sent_again_when_an_agent_says_so(db: Session) -> None:
    head, agent = make.conversation(db, make.channel(db, "api")), make.agent(db)
    said = make.reply(db, agent, head)
    delivery = db.scalars(select(Delivery)).one()
    with pytest.raises(Refused):
        inbox.retry(db, agent, head, said)
    delivery.state, delivery.attempts = "unknown", 3
    inbox.retry(db, agent, head, said)
    assert (delivery.state, delivery.attempts) == ("queued", 0)


def test_a_file_is_sent_with_one_message_only(db: Session) -> None:
    head, agent = make.conversation(db, make.channel(db, "api")), make.agent(db)
    file = Attachment(agent_id=agent.id, name="a", content_type="text/plain", size=1, sha256="0", key="k")
    db.add(file)
    db.flush()
    make.reply(db, agent, head, attachments=[file])
    with pytest.raises(Refused, match="sent already"):
        make.reply(db, agent, head, attachments=[file])


def test_customers_do_not_choose_the_ids_of_the_page(db: Session) -> None:
    first = make.customer_says(db, make.channel(db))
    cuckoo = make.customer_says(db, make.channel(db), client_id=str(first.id))
    assert cuckoo.dom_id != first.dom_id


def test_every_message_of_a_hundred_is_in_one_conversation(db: Session) -> None:
    channel = make.channel(db)
    for n in range(100):
        make.customer_says(db, channel, str(n), id=str(n % 50))
    assert db.scalar(select(func.count(Message.id))) == 50
    assert db.scalar(select(func.count(Conversation.id))) == 1


def counted_anew(db: Session, head: Conversation) -> Conversation:
    """The thread as its rows tell it; the books must add up before that."""
    db.flush()
    found = verify.report(db)
    assert found.clean, str(found)
    head = db.get_one(Conversation, head.id)
    recount(db, head)
    return head


def test_what_the_writer_of_an_answer_has_not_seen_is_neither_answered_nor_read(db: Session) -> None:
    head, agent = make.conversation(db, text="いつ届きますか"), make.agent(db)
    inbox.mark_read(db, agent, head)
    seen = head.last_event_id
    more = make.says_more(db, head, "やっぱりキャンセルしてください")
    make.says_more(db, head, "お願いします")
    inbox.note(db, agent, head, "常連さん", "n1")
    make.reply(db, agent, head, "明日発送します", seen=seen)
    assert (head.waiting_since, queries.unread(db, agent, [head])[head.id]) == (more.sent_at, 2)
    assert (db.get_one(ReadMark, (head.id, agent.id)).message_id or more.id) < more.id
    after, other = counted_anew(db, head), make.agent(db)
    assert after.waiting_since == more.sent_at
    make.reply(db, other, after, "承知しました", seen=after.last_event_id)
    assert queries.unread(db, other, [after]) == {after.id: 0}
    assert counted_anew(db, after).waiting_since is None
    make.reply(db, agent, head, "遅れて届いた返事", seen=seen)  # another has answered them since
    assert counted_anew(db, head).waiting_since is None


def test_who_has_read_it_meanwhile_keeps_it_read_and_what_was_taken_back_waits_for_nobody(
    db: Session,
) -> None:
    head, agent = make.conversation(db), make.agent(db)
    seen = head.last_event_id
    more = make.says_more(db, head, "間違えました")
    inbox.unsend(db, head, more)
    inbox.mark_read(db, agent, head)
    make.reply(db, agent, head, seen=seen)
    assert (head.waiting_since, queries.unread(db, agent, [head])[head.id]) == (None, 0)
    assert counted_anew(db, head).waiting_since is None


def test_the_products_own_question_answers_nobody(db: Session) -> None:
    channel = make.channel(db)
    head = make.conversation(db, channel, "返品したい")
    inbox.take_over(db, make.agent(db), head)
    since, identity = head.waiting_since, make.identity_of(db, head)
    said = inbox.bot_reply(db, head, identity, channel, None, "ご本人ですか")
    assert said is not None
    assert (head.waiting_since, counted_anew(db, head).waiting_since) == (since, since)
    assert since is not None
