"""When the bot calls a person, and when it only looks like it should."""

from __future__ import annotations

import pytest

from tests.bots.shop import ask, title


@pytest.mark.parametrize(
    "text",
    [
        "人と話したい",
        "オペレーター",
        "ｵﾍﾟﾚｰﾀｰお願いします",
        "担当者に代わってください",
        "担当の方とお話しできますか",
        "店員さんと話せますか？",
        "スタッフを呼んで",
        "有人対応",
        "有人チャットにしてください",
        "ボットじゃなくて人がいい",
        "すみません、担当者につないでいただけますか",
        "human",
        "Agent please!",
        "talk to a human",
        "I want to speak to an agent",
        "Can I talk to someone?",
        "connect me to a representative",
        "real person please",
        "Is there someone who can help me?",
        "i don’t want a bot, i want a human",
    ],
)
def test_who_asks_for_a_person_gets_one(text: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.handover_reason) == ("hand_over", "asked")
    assert decision.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("担当者の名前は何ですか", "担当者について"),
        ("travel agent fees?", "Travel agent fees"),
        ("How much are travel agent fees?", "Travel agent fees"),
    ],
)
def test_a_question_about_staff_is_answered(text: str, expected: str) -> None:
    assert title(ask(text).entry_id) == expected


@pytest.mark.parametrize(
    "text",
    [
        "スタッフは英語を話せますか",
        "人気の商品は？",
        "友人に連絡したい",
        "二人で使えますか",
        "Do your staff speak English?",
        "is the cleaning agent safe",
        "What is the agent's name?",
        "a jacket for one person",
    ],
)
def test_a_mention_of_people_is_no_wish_for_one(text: str) -> None:
    assert ask(text).action != "hand_over"


@pytest.mark.parametrize(
    "text",
    [
        "オペレーターじゃなくていい",
        "オペレーターは要りません",
        "担当者と話したくないです",
        "I don't need a human",
        "I do not want to talk to an agent",
    ],
)
def test_who_declines_a_person_stays_with_the_bot(text: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.phrase, decision.misses) == ("answer", "go_ahead", 0)


@pytest.mark.parametrize(
    "text",
    [
        "ふざけるな",
        "いい加減にしてください",
        "This is unacceptable",
        "your service sucks",
    ],
)
def test_anger_is_met_by_a_person(text: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.handover_reason) == ("hand_over", "anger")


COMPLAINTS = """
ひどい|対応がひどすぎる|がっかりしました|対応が悪い|不愉快です|二度と買いません|もう二度と利用しません|納得できません|話が違う|ありえない|金返して
無視しないでください|いつまで待たせるんですか|失礼な店員がいた|イライラする|使えないボット|死ね|バカ
I want to complain|I'm very disappointed|never buying again|terrible|awful|unbelievable|I'm not happy
you people are incompetent|shame on you|stupid bot
"""


@pytest.mark.parametrize("text", COMPLAINTS.strip().replace("\n", "|").split("|"))
def test_who_complains_in_ordinary_words_gets_a_person(text: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.handover_reason) == ("hand_over", "anger")


def test_what_the_faq_answers_is_answered_also_to_who_complains() -> None:
    assert title(ask("ひどい。返品したいのですが").entry_id) == "返品・交換"


@pytest.mark.parametrize(
    "text",
    [
        "ひどい汚れは落ちますか",
        "バカンス",
        "ありえないくらい可愛い",
        "terrible weather",
        "不快な臭いがします",
        "二度と表示しない方法は",
        "お金を返してもらえますか",
        "代金を返してくれますか",
        "代金返せますか",
    ],
)
def test_words_of_complaint_about_something_else_call_nobody(text: str) -> None:
    assert ask(text).action != "hand_over"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("これは詐欺です", "complaint"),
        ("責任者を出せ", "complaint"),
        ("訴えるぞ", "legal"),
        ("消費者センターに連絡します", "legal"),
        ("弁護士に相談します", "legal"),
        ("使ったらけがをしました", "safety"),
        ("商品で火傷しました", "safety"),
        ("食べたらアレルギーが出ました", "safety"),
        ("This is a scam", "complaint"),
        ("I want to speak to a manager", "complaint"),
        ("I will sue you", "legal"),
        ("my lawyer will contact you", "legal"),
        ("my son got injured", "safety"),
    ],
)
def test_risk_is_escalated_by_its_type_quoting_the_words(text: str, kind: str) -> None:
    decision = ask(text)
    assert (decision.action, decision.escalation_type) == ("escalate", kind)
    assert decision.handover_reason == "risk"
    assert decision.escalation_reason
    assert decision.escalation_reason in text.casefold()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("アレルギー表示はどこで見られますか", "アレルギー表示"),
        ("how do i set a fraud alert on my card", "Fraud alerts"),
    ],
)
def test_a_word_of_risk_in_a_question_the_faq_answers_is_answered(text: str, expected: str) -> None:
    assert title(ask(text).entry_id) == expected


@pytest.mark.parametrize(
    "text",
    ["最悪の場合送料はいくらですか", "合法的に楽しみたい", "pursue an issue", "does it hurt my credit score"],
)
def test_words_that_only_contain_one_of_risk_or_anger_alarm_nobody(text: str) -> None:
    assert ask(text).action not in ("hand_over", "escalate")


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요",
        "请问可以退货吗",
        "我想退貨",
        "สวัสดี",
        "Здравствуйте",
        "مرحبا",
        "Hola, ¿dónde está mi pedido?",
        "Bonjour, où est ma commande ?",
    ],
)
def test_a_language_the_bot_does_not_speak_goes_to_a_person(text: str) -> None:
    decision = ask(text, misses=0)
    assert (decision.action, decision.handover_reason) == ("hand_over", "language")
    assert decision.language in ("ja", "en")


@pytest.mark.parametrize("text", ["送料無料", "返品条件", "営業時間"])
def test_kanji_alone_is_japanese(text: str) -> None:
    assert ask(text).handover_reason is None


def test_a_person_who_writes_in_another_language_is_spoken_to_in_that_of_their_browser() -> None:
    assert ask("안녕하세요", language="ja-JP").language == "ja"
    assert ask("안녕하세요", language="ko").language == "en"
