""" "Wrong answer?" beside what the bot said, and beside a try: one press makes a test question."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import drafting, inbox
from app.db import reading, transaction
from app.models import AnswerCorrection, Channel, Conversation, Decision, FaqEntry, LabelledQuestion
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def labelled() -> list[tuple[str, int | None, str]]:
    with reading() as db:
        return [(one.text, one.entry_id, one.origin) for one in db.scalars(select(LabelledQuestion))]


def answered() -> tuple[int, int, int, Browser, Browser]:
    """A wrong answer: its message, the right entry, the thread; an agent who sees it, and one who does not."""
    with transaction() as db:
        agent, outsider = factories.agent(db), factories.agent(db)
        right = factories.faq(db, "14日以内です", ["返品の期限"], title="返品の期限").id
        factories.faq(db, "550円です", ["返品の送料はいくらですか"], title="返品の送料")
        mine = factories.team(db, agent)
        channel = factories.channel(db, bot=True)
        said = factories.customer_says(db, channel, "返品の送料はいくらですか")
        thread = factories.thread_of(db, said)
        thread.team_id = mine.id
        reply = db.scalars(select(Decision.reply_id)).one()
        assert reply
    return reply, right, thread.id, Browser().come_in(agent), Browser().come_in(outsider)


def test_a_wrong_answer_in_a_thread_is_corrected_with_one_press() -> None:
    reply, right, thread, agent, _ = answered()
    assert f'hx-get="/messages/{reply}/correction"' in agent.see(f"/inbox/{thread}")
    form = agent.see(f"/messages/{reply}/correction")
    assert "返品の期限" in form
    kept = agent.submit(f"/messages/{reply}/correction", {"entry": str(right)})
    assert "テスト質問に追加しました。正解：返品の期限" in kept.text
    assert labelled() == [("返品の送料はいくらですか", right, "thread")]
    agent.submit(f"/messages/{reply}/correction", {"entry": "other", "other": str(right)})
    agent.submit(f"/messages/{reply}/correction", {"entry": "none"})
    assert labelled() == [("返品の送料はいくらですか", None, "thread")]
    with reading() as db:
        assert db.scalars(select(AnswerCorrection.entry_id)).one() is None
    assert "訂正済み" in agent.see(f"/inbox/{thread}")


def test_entries_are_found_by_title_and_by_what_they_answer() -> None:
    reply, right, _, agent, outsider = answered()
    button = f'name="entry" value="{right}"'
    assert button in agent.see(f"/messages/{reply}/correction?q=期限")
    assert button in agent.see(f"/messages/{reply}/correction?q=返品はいつまでですか")
    assert button not in agent.see(f"/messages/{reply}/correction?q=駐車場")
    assert outsider.get(f"/messages/{reply}/correction?q=期限").status_code == 404


def test_enter_chooses_nothing_where_no_entry_was_found() -> None:
    """A browser presses the first button of a form, and where that is disabled nothing (HTML, 4.10.21.2)."""
    reply, _, _, agent, _ = answered()
    with transaction() as db:
        boss = factories.supervisor(db)
    editor = Browser().come_in(boss)
    tried = editor.submit("/settings/bot/preview", {"try": "ぬるぽ"}).text
    for page in (
        agent.see(f"/messages/{reply}/correction?q=ぬるぽ"),
        editor.see("/settings/knowledge/questions/tried?q=ぬるぽ"),
        tried[tried.index('hx-post="/settings/knowledge/questions/tried"') :],
    ):
        assert page[page.index("<button") :].startswith("<button disabled hidden>")
    found = agent.see(f"/messages/{reply}/correction")
    assert found[found.index("<button") :].startswith('<button class="btn small" name="entry"')


def test_why_is_told_to_who_asks_and_sees_the_thread() -> None:
    reply, _, thread, agent, outsider = answered()
    page = agent.see(f"/inbox/{thread}")
    assert f'hx-get="/messages/{reply}/why"' in page
    assert "検討した項目" not in page
    told = agent.see(f"/messages/{reply}/why")
    assert "返品の送料はいくらですか" in told
    assert "<meter" in told
    assert outsider.get(f"/messages/{reply}/why").status_code == 404


def test_answers_are_suggested_once_a_person_has_the_thread() -> None:
    _, _, thread, agent, outsider = answered()
    place = f"/conversations/{thread}/suggested"
    assert f'hx-get="{place}"' in agent.see(f"/inbox/{thread}")
    assert "data-insert" not in agent.see(place)
    with transaction() as db:
        head = db.get_one(Conversation, thread)
        inbox.hand_over(db, head, "asked")
        factories.customer_says(
            db, db.get_one(Channel, head.last_channel_id or 0), "返品の送料は？", "visitor-1"
        )
    assert 'data-insert="550円です"' in agent.see(place)
    assert outsider.get(place).status_code == 404


def test_entries_out_of_their_days_are_neither_suggested_nor_drafted_from() -> None:
    _, _, thread, agent, _ = answered()
    asked = "返品の送料はいくらですか"
    with transaction() as db:
        ended = factories.faq(db, "夏は無料でした", [asked], title="夏の送料", valid_until="2020-08-31").id
        factories.faq(db, "冬は無料です", [asked], title="冬の送料", valid_from="9999-12-01")
        head = db.get_one(Conversation, thread)
        inbox.hand_over(db, head, "asked")
        channel = db.get_one(Channel, head.last_channel_id or 0)
        factories.customer_says(db, channel, asked, "visitor-1")
        drafting.change(db, factories.agent(db), drafting.Manner(True, "http://127.0.0.1:9/v1", "small", 5))
    offered = agent.see(f"/conversations/{thread}/suggested")
    assert 'data-insert="550円です"' in offered
    assert "無料" not in offered
    assert agent.submit(f"/conversations/{thread}/drafting", {"entry": str(ended)}).status_code == 404


def test_what_is_not_chosen_or_gone_is_told() -> None:
    reply, _, _, agent, _ = answered()
    for entry, sentence in (("", "選んでください"), ("999", "削除されています")):
        answer = agent.submit(f"/messages/{reply}/correction", {"entry": entry})
        assert answer.status_code == 422
        assert sentence in answer.text
    assert labelled() == []


def test_who_does_not_see_the_thread_corrects_nothing_in_it() -> None:
    reply, right, thread, _, outsider = answered()
    if outsider.get(f"/inbox/{thread}").status_code == 200:
        pytest.fail("the outsider sees the thread")
    assert outsider.get(f"/messages/{reply}/correction").status_code == 404
    assert outsider.submit(f"/messages/{reply}/correction", {"entry": str(right)}).status_code == 404
    assert labelled() == []


def test_who_names_an_entry_of_another_language_is_told_that_it_cannot_be_found() -> None:
    with transaction() as db:
        boss, entry = factories.supervisor(db), factories.faq(db).id
    editor = Browser().come_in(boss)
    told = "別の言語で書かれた"
    same = editor.submit("/settings/knowledge/questions/tried", {"text": "送料は", "entry": str(entry)})
    assert told not in same.text
    english = {"text": "How much is shipping?", "entry": str(entry)}
    other = editor.submit("/settings/knowledge/questions/tried", english)
    assert told in other.text
    assert "tried/wording" not in other.text
    listed = editor.see("/settings/knowledge/questions")
    assert listed.count(told) == 1


def test_a_try_is_corrected_too() -> None:
    with transaction() as db:
        boss, agent = factories.supervisor(db), factories.agent(db)
        entry = factories.faq(db).id
    editor = Browser().come_in(boss)
    tried = editor.submit("/settings/bot/preview", {"try": "送料はいくらですか"})
    assert 'hx-post="/settings/knowledge/questions/tried"' in tried.text
    kept = editor.submit("/settings/knowledge/questions/tried", {"text": "送料は", "entry": str(entry)})
    assert "テスト質問に追加しました" in kept.text
    assert labelled() == [("送料は", entry, "tried")]
    refused = editor.submit("/settings/knowledge/questions/tried", {"text": "送料は", "entry": ""})
    assert refused.status_code == 422
    assert f'value="{entry}"' in editor.see("/settings/knowledge/questions/tried?q=送料")
    assert "value=" not in editor.see("/settings/knowledge/questions/tried?q=駐車場")
    other = Browser().come_in(agent)
    assert "questions/tried" not in other.submit("/settings/bot/preview", {"try": "送料はいくらですか"}).text
    assert other.submit("/settings/knowledge/questions/tried", {"text": "x"}).status_code == 403


def test_a_conversation_that_is_tried_tells_why_and_what_was_tried_becomes_a_wording() -> None:
    with transaction() as db:
        boss = factories.supervisor(db)
        factories.faq(db, "550円です", ["返品の送料はいくらですか"], title="返品の送料")
        right = factories.faq(db, "14日以内です", ["返品の期限"], title="返品の期限").id
    editor = Browser().come_in(boss)
    words = "返品の送料はいくらですか"
    shown = editor.submit("/settings/bot/trial", {"try": words}).text
    assert "返品の送料 ·" in shown
    assert "<meter" in shown
    assert 'hx-post="/settings/knowledge/questions/tried"' in shown
    kept = editor.submit(
        "/settings/knowledge/questions/tried", {"text": "いつまで返せる？", "entry": str(right)}
    )
    assert 'hx-post="/settings/knowledge/questions/tried/wording"' in kept.text
    asked = {"text": "いつまで返せる？", "entry": str(right)}
    assert "追加しました" in editor.submit("/settings/knowledge/questions/tried/wording", asked).text
    with reading() as db:
        assert db.get_one(FaqEntry, right).questions == ["返品の期限", "いつまで返せる？"]
    again = editor.submit("/settings/knowledge/questions/tried", asked)
    assert "questions/tried/wording" not in again.text
    told = editor.submit("/settings/bot/trial", {"try": "いつまで返せる？"}).text
    assert "正解：返品の期限" in told
    gone = editor.submit("/settings/knowledge/questions/tried/wording", asked | {"entry": "999"})
    assert gone.status_code == 422
