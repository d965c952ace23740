"""Past days asked again, and proposed entries, as they are used in the settings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import proving
from app.db import now, reading, transaction
from app.knowledge import versions
from app.models import Agent, Channel, FaqEntry, KnowledgeRun, LabelledQuestion, Proposal
from tests import factories
from tests.web.test_faq import ENTRY
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
REPLAY, PROPOSALS = "/settings/knowledge/replay", "/settings/knowledge/proposals"
RETURNS = {**ENTRY, "title": "返品", "questions": "返品できますか\n返品の方法は", "answer": "14日以内なら。"}


@pytest.fixture
def editor() -> Browser:
    with transaction() as db:
        agent: Agent = factories.agent(db, "小林 健", role="admin")
    return Browser().come_in(agent)


@pytest.fixture
def shop(editor: Browser) -> Channel:
    """A bot that knows what shipping costs, was asked for returns by two, and has returns in its draft."""
    editor.submit("/settings/faq", ENTRY)
    with transaction() as db:
        versions.publish_all(db)
        chat = factories.channel(db, bot=True, name="店のチャット")
        for who in ("甲", "乙"):
            factories.customer_says(db, chat, "返品できますか", who)
    return chat


def run_it() -> int:
    with reading() as db:
        (id,) = db.scalars(select(KnowledgeRun.id).where(KnowledgeRun.state == "waiting"))
    proving.run(id)
    return id


def labels() -> dict[str, int | None]:
    with reading() as db:
        return {row.text: row.entry_id for row in db.scalars(select(LabelledQuestion))}


def test_past_days_are_asked_again_and_each_change_is_accepted_corrected_and_taken_back(
    editor: Browser, shop: Channel
) -> None:
    editor.submit("/settings/faq", RETURNS)
    with reading() as db:
        entry = db.scalars(select(FaqEntry.id).where(FaqEntry.title == "返品")).one()
    day = {"first": f"{now() - timedelta(days=2):%F}", "last": f"{now() + timedelta(days=1):%F}"}
    assert editor.submit(REPLAY, {**day, "channel": str(shop.id)}).headers["location"] == REPLAY
    assert "まもなく始まります" in editor.see(REPLAY)
    run = run_it()
    page = editor.see(REPLAY)
    assert "1種類の質問のうち、1種類で対応が変わります" in page
    assert "店のチャット" in page
    assert 'data-key="a"' in page
    here = f"{REPLAY}/{run}/changes/0"
    row = editor.submit(f"{here}/verdict", {"said": "accepted"}, headers={"hx-request": "true"})
    assert "正解：返品" in row.text
    assert "data-judged" in row.text
    assert labels() == {"返品できますか": entry}
    assert "すべて確認しました" in editor.see(REPLAY)
    assert "data-judged" in editor.see(f"{REPLAY}?all=1&kind=answered")
    assert editor.submit(f"{here}/verdict/removal").status_code == 303
    assert labels() == {}
    assert ">返品</button>" in editor.see(f"{here}/choice")
    refused = editor.submit(f"{here}/verdict", {"entry": "other"})
    assert (refused.status_code, "選んでください" in refused.text) == (422, True)
    editor.submit(f"{here}/verdict", {"entry": "none"})
    assert labels() == {"返品できますか": None}
    assert editor.submit(f"{REPLAY}/{run}/changes/7/verdict", {"said": "accepted"}).status_code == 404
    editor.submit("/settings/faq", {**RETURNS, "title": "返品２"})
    assert "下書きが変わりました" in editor.see(REPLAY)


def test_days_that_cannot_be_stand_in_the_form_with_what_is_wrong(editor: Browser) -> None:
    refused = editor.submit(REPLAY, {"first": "2026-11-20", "last": "2026-11-01"})
    assert refused.status_code == 422
    assert "最初の日より前の日付です" in refused.text
    assert 'value="2026-11-20"' in refused.text


def proposed(editor: Browser) -> int:
    assert editor.submit(PROPOSALS, {"days": "30"}).headers["location"] == PROPOSALS
    run_it()
    with reading() as db:
        return db.scalars(select(Proposal.id).where(Proposal.state == "open")).one()


def test_a_proposal_is_written_taken_into_the_draft_and_leads_there(editor: Browser, shop: Channel) -> None:
    id = proposed(editor)
    assert "FAQの提案があります" in editor.see("/settings/knowledge")
    page = editor.see(PROPOSALS)
    assert "返品できますか" in page
    assert "のべ2回" in page
    empty = {"title": "返品", "questions": "返品できますか", "answer": ""}
    refused = editor.submit(f"{PROPOSALS}/{id}/entry", empty)
    assert refused.status_code == 422
    assert 'value="返品"' in refused.text
    assert editor.submit(f"{PROPOSALS}/{id}/entry", {**empty, "answer": "14日以内なら。"}).status_code == 303
    with reading() as db:
        made = db.scalars(select(FaqEntry).where(FaqEntry.title == "返品")).one()
        assert (made.answer, made.language, made.enabled) == ("14日以内なら。", "ja", True)
        assert versions.number(db) == 1
    shown = editor.see(f"/settings/faq/{made.id}")
    assert "出どころ" in shown
    assert "FAQの提案 · のべ2回" in shown
    assert "?m=" in shown.split("出どころ", 1)[1]
    assert "返品できますか" not in editor.see(PROPOSALS)
    assert f"/settings/faq/{made.id}" in editor.see(f"{PROPOSALS}?view=taken")
    editor.submit(f"{PROPOSALS}/{id}/entry", {**empty, "answer": "もう一度"})
    with reading() as db:
        assert len(db.scalars(select(FaqEntry)).all()) == 2


def test_a_proposal_is_dismissed_and_brought_back_and_widens_the_entry_that_is_right(
    editor: Browser, shop: Channel
) -> None:
    id = proposed(editor)
    editor.submit(f"{PROPOSALS}/{id}/dismissal")
    assert "返品できますか" in editor.see(f"{PROPOSALS}?view=dismissed")
    editor.submit(f"{PROPOSALS}/{id}/dismissal/removal")
    assert editor.submit(f"{PROPOSALS}/{id}/wordings", {"questions": "返品できますか"}).status_code == 404
    with transaction() as db:
        shipping = db.scalars(select(FaqEntry)).one().id
        db.get_one(Proposal, id).into_id = shipping
    assert "この言い方を「送料」に加える" in editor.see(PROPOSALS)
    editor.submit(f"{PROPOSALS}/{id}/wordings", {"questions": "返品できますか"})
    with reading() as db:
        assert db.get_one(FaqEntry, shipping).questions[-1] == "返品できますか"
        assert db.get_one(Proposal, id).state == "taken"
    assert editor.submit(f"{PROPOSALS}/{id + 1}/dismissal").status_code == 404
