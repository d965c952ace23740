"""A bot that says what it is, does not go round in circles, and leaves other programs alone."""

from __future__ import annotations

import pytest

from bots import Decision, Question, decide
from bots.earlier import Earlier, said
from bots.phrases import phrase
from tests.bots.shop import ask, book, rule, ruled_by


def again(text: str, *before: Decision | Earlier, misses: int = 0) -> Decision:
    """What the bot decides on `text` after these turns of its own."""
    earlier = tuple(said(one) if isinstance(one, Decision) else one for one in before)
    asked = earlier[-1].asked if earlier else ()
    return decide(Question(text, None, misses, asked, earlier=earlier), book())


def test_an_answer_is_not_given_twice_running_but_is_later_on() -> None:
    first = ask("送料はいくらですか")
    second = again("送料はいくらですか", first)
    assert (second.action, second.phrase, second.misses) == ("unknown", "said_already", 1)
    assert second.quick_replies == (phrase("chip_person", "ja"),)
    assert again("送料はいくらですか", first, second, misses=1).entry_id == first.entry_id
    assert again("送料はいくらですか", first, ask("返品したいのですが")).entry_id == first.entry_id


def test_of_two_questions_the_new_one_is_answered_beside_the_old_one() -> None:
    one, both = ask("返品したい"), ask("返品と送料について")
    assert again("返品と送料について", one).also == both.also != ()
    assert again("返品と送料について", both).phrase == "said_already"
    assert again("返品したい", both).phrase == "said_already"
    assert again("領収書ください", both).action == "answer"


def test_who_asks_the_same_again_and_again_gets_a_person() -> None:
    first = ask("送料はいくらですか")
    second = again("送料はいくらですか", first)
    third = again("配送料いくら", first, second, misses=1)
    assert third.entry_id == first.entry_id
    fourth = again("送料はいくらですか", first, second, third)
    assert (fourth.action, fourth.handover_reason) == ("hand_over", "misses")


def test_who_gets_nothing_new_gets_a_person() -> None:
    decision = again("送料はいくらですか", ask("送料はいくらですか"), misses=1)
    assert (decision.action, decision.handover_reason) == ("hand_over", "misses")


def test_a_rule_and_a_courtesy_are_said_twice_and_no_more() -> None:
    of = ruled_by(rule("answer", "セール", text="セールは土曜日からです。"))
    told = Earlier("answer", rule_id=1)
    once = decide(Question("セールは？", earlier=(told,)), of)
    twice = decide(Question("セールは？", earlier=(told, told)), of)
    assert (once.rule_id, twice.rule_id, twice.phrase) == (1, None, "said_already")
    hello = Earlier("answer", phrase="greeting")
    assert again("こんにちは", hello).phrase == "greeting"
    assert again("こんにちは", hello, hello).action == "silent"


def test_the_same_is_asked_back_once_until_something_was_answered() -> None:
    asked = Earlier("ask", asked=(6, 7))
    missed = Earlier("unknown", phrase="none_of_these")
    vague = "ポイントについて"
    assert ask(vague).action == "ask"
    assert set(ask(vague).asked) & {6, 7}
    assert again(vague, asked, missed).phrase == "none_of_these"
    assert again(vague, asked, Earlier("answer", entry_id=1)).action == "ask"


@pytest.mark.parametrize(
    "words",
    [
        "ボットですか？",
        "人間ですか",
        "AIですか？",
        "あなたは機械ですか",
        "Are you a bot?",
        "am I talking to a real person?",
    ],
)
def test_it_says_that_it_is_a_bot(words: str) -> None:
    decision = ask(words)
    assert (decision.action, decision.phrase) == ("answer", "i_am_a_bot")
    assert decision.quick_replies == (phrase("chip_person", decision.language),)


@pytest.mark.parametrize(
    "words",
    [
        "【自動返信】お問い合わせを受け付けました。",
        "このメッセージは自動送信されています。ご返信いただいてもお答えできません。",
        "ただいま運転中のため、後ほどご連絡します。",
        "This is an automated response. We have received your message.",
        "I'm driving right now - I'll get back to you later.",
        "Out of office: I am on leave until Monday.",
        "現在、不在にしております。戻り次第ご連絡いたします。",
        "本メールは送信専用のため、ご返信いただけません。",
        "こちらは自動返信です。ご質問は下記までお送りください。",
        "I am on leave until Monday. Please contact my colleague.",
        "Please do not reply to this email. This mailbox is not monitored.",
        "I'm driving with Focus turned on. I'll see your message when I get where I'm going.",
    ],
)
def test_what_answers_by_itself_is_left_alone(words: str) -> None:
    assert ask(words).action == "silent"


@pytest.mark.parametrize(
    "words",
    [
        "自動返信メールが届きません",
        "自動返信メールですが、まだ届いていません",
        "これは自動的に更新されますか？",
        "これは自動的に更新されるのでしょうか",
        "送信専用のアドレスに返信してしまいました",
        "現在不在にしているので、明日の再配達をお願いします",
        "現在、家を不在にしているので荷物を受け取れません",
        "ただいま旅行中で不在にしています。荷物を止めてもらえますか",
        "現在休暇中ですが営業していますか",
        "自動応答になりますか",
        "I'm on leave next week, can you deliver later?",
        "I did not get the automatic reply to my order",
        "I'm driving to your shop now, where can I park?",
        "Please don't reply to this email, call me instead",
        "このメールは送信専用ですと書いてあるので、こちらで質問します",
        "自動返信メールです、と書いてあるメールが届きました",
        "Out of office hours, can I call?",
        "I am on leave until Monday, please deliver after",
    ],
)
def test_who_asks_about_an_automatic_message_is_answered(words: str) -> None:
    assert ask(words).action != "silent"
