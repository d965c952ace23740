"""What the bot did not answer well, gathered and proposed with the words agents found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, knowledge, learning
from app.db import now, reading, transaction
from app.inbox import changing
from app.knowledge import versions, words
from app.learning import gaps, proposing, showing, wording
from app.learning.masking import masked, taken_out, without_greeting
from app.models import (
    Agent,
    AnswerCorrection,
    AnswerRating,
    Channel,
    Conversation,
    Decision,
    FaqEntry,
    KnowledgeRun,
    Message,
    Proposal,
)
from app.models.decision import ANSWERED
from app.models.proposal import TAKEN
from app.proving import runs
from bots.gathering import gather, typical
from tests import factories as make
from tests.knowledge.test_versions import ENTRY

PARKING = ("駐車場はありますか", "駐車場はどこですか", "お店に駐車場はありますか？")
ANSWER = "お店の駐車場はございませんが、隣のコインパーキングを1時間無料でお使いいただけます。"


# Words alone ----------------------------------------------------------------------------------------------


def test_questions_that_ask_the_same_are_gathered_and_others_stay_apart() -> None:
    texts = [
        *PARKING,
        "ポイントはいつまで有効ですか",
        "ポイントの有効期限はいつですか",
        "犬を連れて入れますか",
    ]
    groups = [set(group.members) for group in gather(texts, "ja")]
    assert {0, 1, 2} in groups
    assert {5} in groups
    assert sorted(place for group in groups for place in group) == list(range(6))
    english = [
        "is there parking at the store",
        "Do you have parking?",
        "can i bring my dog",
        "where is parking",
    ]
    assert {0, 1, 3} <= set(gather(english, "en")[0].members)


def test_the_heaviest_group_comes_first_and_order_changes_nothing() -> None:
    texts = [*PARKING, "ポイントはいつまで有効ですか", "ポイントは有効ですか"]
    assert gather(texts, "ja", [1, 1, 1, 9, 9])[0].members[0] in (3, 4)
    turned = [{len(texts) - 1 - place for place in group.members} for group in gather(texts[::-1], "ja")]
    assert {frozenset(one) for one in turned} == {frozenset(group.members) for group in gather(texts, "ja")}
    assert gather([], "ja") == []
    assert typical(["発送は翌日です", "犬は入れません", "発送は翌日になります"], "ja")[-1] == 1


@pytest.mark.parametrize(
    ("text", "language", "names", "left", "kinds"),
    [
        ("ご注文K10529は5,500円です", "ja", (), "ご注文〔番号〕は5,500円です", {"number"}),
        ("佐藤が承ります", "ja", ("佐藤 健",), "〔お名前〕が承ります", {"name"}),
        ("田中様のお電話090-1234-5678", "ja", (), "〔お名前〕様のお電話〔電話番号〕", {"name", "phone"}),
        ("東京都渋谷区神南1-2-3です", "ja", (), "〔住所〕です", {"address"}),
        ("同様の仕様です。お客様は2026年に", "ja", (), "同様の仕様です。お客様は2026年に", set()),
        ("Write to m.rossi@mail.example", "en", (), "Write to [email]", {"email"}),
        ("Dear Marco, order 10466 is out", "en", (), "Dear [name], order [number] is out", {"name", "number"}),
        ("It costs $1200 and is 168 cm", "en", ("It",), "[name] costs $1200 and is 168 cm", {"name"}),
        ("12 Baker Street, London NW1 6XE", "en", (), "[address] [address]", {"address"}),
        ("see https://shop.example/o?key=abc now", "en", (), "see [link] now", {"link"}),
        ("メールはtaro＠example.com", "ja", (), "メールは〔メールアドレス〕", {"email"}),
        ("o'brien@mail.example, té@mail.example", "en", (), "[email], [email]", {"email"}),
        ("電話は０９０−１２３４−５６７８です", "ja", (), "電話は〔電話番号〕です", {"phone"}),
    ],
)  # fmt: skip
def test_what_is_personal_is_taken_out_and_told(
    text: str, language: str, names: tuple[str, ...], left: str, kinds: set[str]
) -> None:
    found = masked(text, language, names)
    assert (found, set(taken_out([found], language))) == (left, kinds)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("山田太郎と申します。返品したいです。", "〔お名前〕と申します。返品したいです。"),
        ("先日電話したスミスといいます。", "先日電話した〔お名前〕といいます。"),
        ("私の名前は佐藤花子です", "私の名前は〔お名前〕です"),
        ("会員番号 A-12345 の鈴木です", "会員番号 〔番号〕 の〔お名前〕です"),
        ("株式会社山田商店の倉橋です", "株式会社山田商店の〔お名前〕です"),
        ("高安と言いますが、返品したいです", "〔お名前〕と言いますが、返品したいです"),
        ("一色です。注文の件です", "〔お名前〕です。注文の件です"),
        ("鳴海です。注文の件です", "〔お名前〕です。注文の件です"),
        ("こんにちは、佐藤まりですが返品できますか", "こんにちは、〔お名前〕ですが返品できますか"),
        ("My name is Taro Yamada. Order 12345", "My name is [name]. Order [number]"),
        ("hello, my name is mia rossi and I moved", "hello, my name is [name] and I moved"),
        ("I'm John Smith, my phone is 555-123-4567", "I'm [name], my phone is [phone]"),
    ],
)
def test_who_says_their_own_name_is_not_told_on(text: str, left: str) -> None:
    assert masked(text, "en" if text.isascii() else "ja") == left


@pytest.mark.parametrize(
    "text",
    [
        *("未開封です。返品できますか", "注文の件です。", "東京ですが、送料は？", "色は黒の長袖です。"),
        *("冬物ですが洗えますか", "何と言いますか", "返品したいと申しましたが"),
        *("キャンセルと言いますと、いつまでですか", "送料無料と言いますが、本当ですか", "赤色です。"),
        *("化粧水です。肌が荒れました", "北海道です。", "冷蔵庫です。", "空気清浄機です。音がします"),
        "I'm Sorry, but it broke",
        *("商品の名前はコートです", "名前は刺繍できますか"),
        *("I am sorry.", "My name is misspelled.", "I'm looking for a coat"),
    ],
)  # fmt: skip
def test_what_they_are_there_about_is_left(text: str) -> None:
    assert masked(text, "en" if text.isascii() else "ja") == text


def test_an_answer_begins_with_the_matter_and_says_something() -> None:
    assert (
        without_greeting("山田様\nお世話になっております。北風商店の佐藤です。駐車場はございません。")
        == "駐車場はございません。"
    )
    assert without_greeting("Hello Emma, this is Emily at Kitakaze. It runs large.") == "It runs large."
    assert wording.substantial(ANSWER, "ja")
    for empty in (
        "確認いたします。少々お待ちください。",
        "はい。",
        "ご注文番号を教えていただけますでしょうか？",
        "届いた商品の品番をお知らせいただけますでしょうか。",
    ):
        assert not wording.substantial(empty, "ja")
    assert not wording.substantial("Let me check with the store, one moment please.", "en")


# A shop ----------------------------------------------------------------------------------------------------


@pytest.fixture
def house(committed: None) -> tuple[Agent, Channel]:
    with transaction() as db:
        agent, chat = make.supervisor(db, "小林 花子"), make.channel(db, bot=True)
        knowledge.save_entry(db, agent, None, ENTRY)
        versions.publish(db, agent, "")
    return agent, chat


def ask(house: tuple[Agent, Channel], text: str, who: str, answer: str = "") -> int:
    """Somebody asks the bot; an agent answers a minute later."""
    agent, chat = house
    with transaction() as db:
        message = make.customer_says(db, chat, text, who)
    if answer:
        with time_machine.travel(now() + timedelta(minutes=1), tick=False), transaction() as db:
            head = make.thread_of(db, db.get_one(Message, message.id))
            inbox.reply(db, db.get_one(Agent, agent.id), head, answer, f"{who}-answer")
    return message.id


def gathered() -> list[Proposal]:
    """What is proposed once everything was looked through."""
    with transaction() as db:
        run = runs.begin(db, None, runs.PROPOSALS, {"days": 30})
    runs.run(run.id)
    with reading() as db:
        assert db.get_one(KnowledgeRun, run.id).state == "done"
        return list(proposing.proposals(db))


def draft_of(proposal: Proposal) -> showing.Draft:
    with reading() as db:
        (found,) = showing.drafts(db, [proposal])
        return found


def test_unanswered_questions_of_several_people_become_one_proposal_with_what_an_agent_wrote(
    house: tuple[Agent, Channel],
) -> None:
    for n, text in enumerate(PARKING):
        ask(house, text, f"v{n}", f"山田様\n小林です。{ANSWER}")
    ask(house, "犬を連れて入れますか", "alone")
    ask(house, "送料はいくらですか", "answered")
    (proposal,) = gathered()
    assert (proposal.times, proposal.wordings, sum(proposal.why.values())) == (3, 3, 3)
    draft = draft_of(proposal)
    assert set(draft.questions) == set(PARKING)
    assert "小林" not in draft.answer
    assert draft.answer == ANSWER
    stored = {one.name: getattr(proposal, one.name) for one in Proposal.__table__.columns}
    assert "駐車場" not in str(stored)


def test_what_the_shop_says_is_the_same_is_gathered_as_the_same(house: tuple[Agent, Channel]) -> None:
    ask(house, "駐輪場", "one")
    ask(house, "自転車置き場", "other")
    assert gathered() == []
    with transaction() as db:
        words.save(
            db, db.get_one(Agent, house[0].id), {"same": ["駐輪場 = 自転車置き場"], "names": [], "stops": []}
        )
    (proposal,) = gathered()
    assert proposal.wordings == 2


def test_an_answer_to_the_next_question_is_not_proposed_for_the_one_before(
    house: tuple[Agent, Channel],
) -> None:
    for who in ("one", "other"):
        message = ask(house, "送料はいくらですか", who)
        with transaction() as db:
            decision = db.scalars(select(Decision).where(Decision.message_id == message)).one()
            assert decision.outcome == ANSWERED
            identity = db.get_one(Message, message).identity_id
            assert decision.reply_id
            assert identity
            told = {"message_id": decision.reply_id, "decision_id": decision.id, "identity_id": identity}
            db.add(AnswerRating(**told, helped=False))
        with time_machine.travel(now() + timedelta(seconds=30), tick=False):
            ask(house, "駐車場はありますか", who, ANSWER)
    found = {draft_of(one).title: draft_of(one).answer for one in gathered()}
    assert found == {"送料はいくらですか": "", "駐車場はありますか": ANSWER}


def test_one_persons_question_is_not_proposed_however_often_it_was_asked(
    house: tuple[Agent, Channel],
) -> None:
    for text in PARKING:
        ask(house, text, "the same")
    assert gathered() == []


def test_what_is_dismissed_or_taken_is_not_proposed_again_in_other_words(
    house: tuple[Agent, Channel],
) -> None:
    agent, _ = house
    for n, text in enumerate(PARKING[:2]):
        ask(house, text, f"v{n}", ANSWER)
    (proposal,) = gathered()
    (same,) = gathered()
    assert same.id == proposal.id
    with transaction() as db:
        proposing.dismiss(db, agent, db.get_one(Proposal, proposal.id))
    for n, text in enumerate(("駐車場はありますか？", "駐車場はどこにありますか")):
        ask(house, text, f"w{n}")
    assert gathered() == []
    with pytest.raises(proposing.Gone), transaction() as db:
        proposing.dismiss(db, agent, db.get_one(Proposal, proposal.id))
    with transaction() as db:
        proposing.reopen(db, agent, db.get_one(Proposal, proposal.id))
    (again,) = gathered()
    draft = draft_of(again)
    with transaction() as db:
        about = {**ENTRY, "title": draft.title, "questions": list(draft.questions), "answer": draft.answer}
        entry = proposing.take(db, agent, db.get_one(Proposal, again.id), about)
        assert (entry.source_key, entry.answer) == (f"proposal-{again.id}", ANSWER)
    assert gathered() == []
    with reading() as db:
        assert db.get_one(Proposal, again.id).state == TAKEN
        assert versions.unpublished(db)[0].data["title"] == draft.title


def test_what_the_draft_answers_by_now_is_not_proposed(house: tuple[Agent, Channel]) -> None:
    agent, _ = house
    for n, text in enumerate(PARKING):
        ask(house, text, f"v{n}", ANSWER)
    with transaction() as db:
        knowledge.save_entry(
            db, agent, None, {**ENTRY, "title": "駐車場", "questions": list(PARKING), "answer": ANSWER}
        )
    assert gathered() == []


def test_words_that_were_taken_back_vanish_from_proposals(house: tuple[Agent, Channel]) -> None:
    asked = [ask(house, text, f"v{n}", ANSWER) for n, text in enumerate(PARKING)]
    (proposal,) = gathered()

    def unsend(id: int) -> None:
        with transaction() as db:
            said = db.get_one(Message, id)
            changing.unsend(db, make.thread_of(db, said), said)

    unsend(asked[0])
    assert PARKING[0] not in draft_of(proposal).questions
    for id in asked[1:]:
        unsend(id)
    with reading() as db:
        assert showing.drafts(db, [proposal]) == []
    assert gathered() == []


def decided(db: Session, head: Conversation, text: str, at: datetime, **columns: Any) -> Decision:
    said = Message(conversation_id=head.id, kind="inbound", author="customer", text=text, sent_at=at)
    db.add(said)
    db.flush()
    usual = {"version": 1, "epoch": 0, "action": "answer", "outcome": "answered", "detail": {}}
    made = Decision(conversation_id=head.id, message_id=said.id, made_at=at, **usual | columns)
    db.add(made)
    db.flush()
    return made


def test_why_a_question_counts_as_badly_answered(db: Session) -> None:
    agent, entry, head = make.supervisor(db), make.faq(db), make.conversation(db)
    start = now() - timedelta(hours=5)
    at = iter(start + timedelta(minutes=n) for n in range(60))
    answered = {"entry_id": entry.id}
    decided(db, head, "満足した質問です", next(at), **answered)
    rated = decided(db, head, "役に立たない答えだった", next(at), **answered)
    corrected = decided(db, head, "直された答えだった", next(at), **answered)
    decided(db, head, "結局人を呼んだ質問", next(at), **answered)
    decided(db, head, "人と話したい", next(at), action="hand_over", outcome="handed_over", reason="asked")
    decided(
        db, head, "聞き返されて選んだ", next(at), action="ask", outcome="asked", detail={"asked": [entry.id]}
    )
    decided(db, head, "一番", next(at), **answered)
    decided(
        db,
        head,
        "聞き返されて終わった",
        next(at),
        action="ask",
        outcome="asked",
        detail={"asked": [entry.id]},
    )
    decided(
        db,
        head,
        "どれでもない",
        next(at),
        action="unknown",
        outcome="unknown",
        detail={"phrase": "none_of_these"},
    )
    decided(
        db, head, "二度目も分からない", next(at), action="hand_over", outcome="handed_over", reason="misses"
    )
    identity = db.scalars(select(Message.identity_id).where(Message.identity_id.is_not(None))).first()
    db.add(
        AnswerRating(message_id=rated.message_id, decision_id=rated.id, identity_id=identity, helped=False)
    )
    db.add(AnswerCorrection(decision_id=corrected.id, entry_id=None, agent_id=agent.id))
    db.flush()
    found = {gap.text: set(gap.why) for gap in gaps.gaps(db, start - timedelta(hours=1))}
    assert found == {
        "役に立たない答えだった": {"unhelpful"},
        "直された答えだった": {"corrected"},
        "結局人を呼んだ質問": {"person"},
        "聞き返されて終わった": {"asked"},
        "二度目も分からない": {"unknown"},
    } | {text: why for text, why in found.items() if text == "こんにちは"}


def test_the_clock_asks_for_proposals_once_a_day_and_only_where_something_was_decided(
    house: tuple[Agent, Channel],
) -> None:
    assert not learning.look_back()
    ask(house, PARKING[0], "v")
    assert learning.look_back()
    assert not learning.look_back()
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        assert not learning.look_back()
        ask(house, PARKING[1], "w")
        assert learning.look_back()
    with reading() as db:
        assert len(db.scalars(select(KnowledgeRun)).all()) == 2
        assert db.scalar(select(FaqEntry.id)) is not None
