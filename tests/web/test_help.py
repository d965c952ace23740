"""The help centre: what is published, for anybody, found, kept by caches, and rated by readers."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image
from sqlalchemy import select

from app import general, knowledge
from app.db import as_of, reading, transaction
from app.general import HelpCentre
from app.helpcentre import votes
from app.knowledge import flows, pages, pictures, versions
from app.models import Agent, FaqEntry
from app.web import help
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")
BASE = "http://127.0.0.1:8000"  # what an installation is reached at where nothing is said
NOON = datetime(2026, 12, 24, 3, tzinfo=UTC)  # 12:00 in Tokyo


class House:
    """A shop whose FAQ has one entry of each sort."""

    def __init__(self) -> None:
        with transaction() as db:
            general.change_shop(db, factories.agent(db, "管理 者", role="admin"), "北風洋品店", 5)
            self.editor: Agent = factories.supervisor(db)
            self.returns = self.write(
                db, "返品", "14日以内に承ります。<b>", questions=["返品したい"], tags=["返品・交換"]
            )
            self.english = self.write(
                db, "Returns", "Within 14 days.", questions=["Can I return this?"], language="en",
                translation_of=self.returns,
            )  # fmt: skip
            self.sale = self.write(
                db, "年末セール", "12月25日まで2割引です。", questions=["セールはいつまで"],
                valid_from="2026-12-01", valid_until="2026-12-25", follow_ups=[self.returns],
            )  # fmt: skip
            self.members = self.write(db, "会員の割引", "5%です。", questions=["会員割引"], signed_in=True)
            self.line = self.write(
                db, "LINEの友だち", "300円引きです。", questions=["友だち特典"], kinds=["line"]
            )
            self.hidden = self.write(db, "社内向け", "秘密の回答", questions=["社内"], listed=False)
            self.off = self.write(db, "準備中", "まだです", questions=["準備"], enabled=False)
            versions.publish_all(db)
            self.write(db, "下書き", "未公開の回答", questions=["下書き"])

    def write(self, db: Any, title: str, answer: str, **more: Any) -> int:
        told = {"title": title, "answer": answer, **more}
        return knowledge.save_entry(db, self.editor, None, told).id


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def reader() -> Browser:
    return Browser()


def links(html: str) -> set[str]:
    return {unquote(one) for one in re.findall(r'href="(/help/[^"]+)"', html)}


def test_anybody_reads_what_is_published_in_force_and_for_everybody(house: House, reader: Browser) -> None:
    with as_of(NOON):
        html = reader.see("/help/ja")
        assert "北風洋品店" in html
        assert f"/help/ja/{house.returns}-返品" in links(html)
        assert f"/help/ja/{house.sale}-年末セール" in links(html)
        assert f"/help/en/{house.english}-returns" in links(reader.see("/help/en"))
        for id in (house.members, house.line, house.hidden, house.off):
            assert f"/{id}-" not in html
            assert reader.get(f"/help/ja/{id}").status_code == 404
    assert "下書き" not in html
    assert "set-cookie" not in reader.get("/help/ja").headers


def test_a_campaign_is_there_on_its_days_by_the_clock_of_the_shop(house: House, reader: Browser) -> None:
    path = f"/help/ja/{house.sale}-年末セール"
    for at, status in (
        (datetime(2026, 11, 30, 14, 59, tzinfo=UTC), 404),
        (datetime(2026, 11, 30, 15, tzinfo=UTC), 200),
        (datetime(2026, 12, 25, 14, 59, tzinfo=UTC), 200),
        (datetime(2026, 12, 25, 15, tzinfo=UTC), 404),
    ):
        with as_of(at):
            assert reader.get(path).status_code == status, at


def test_an_entry_has_one_address_says_its_twin_and_is_read_by_machines(
    house: House, reader: Browser
) -> None:
    moved = reader.get(f"/help/ja/{house.returns}-old-title")
    assert (moved.status_code, unquote(moved.headers["location"])) == (301, f"/help/ja/{house.returns}-返品")
    html = reader.see(moved.headers["location"])
    assert f'hreflang="en" href="{BASE}/help/en/{house.english}-returns"' in html
    assert f'rel="canonical" href="{BASE}{moved.headers["location"]}"' in html
    (found,) = pages.items_of(html)  # our own import reads it, as a search engine does
    assert (found.questions, found.answer) == (("返品したい",), "14日以内に承ります。<b>")
    assert "<b>" not in html.split("</head>")[1].split('class="answer"')[1].split("</div>")[0]
    with as_of(NOON):
        assert f"/help/ja/{house.returns}-返品" in links(reader.see(f"/help/ja/{house.sale}-年末セール"))


def test_words_are_found_in_japanese_and_what_is_not_there_is_said(house: House, reader: Browser) -> None:
    for typed in ("返品", "返品 14日", "返品・交換"):
        assert f"/help/ja/{house.returns}-返品" in links(reader.see("/help/ja", params={"q": typed})), typed
    nothing = reader.see("/help/ja", params={"q": "宇宙旅行<script>"})
    assert "当てはまる回答は見つかりませんでした" in nothing
    assert "<script>" not in nothing.split("<body")[1]
    assert 'content="noindex"' in nothing


def test_who_searches_without_end_is_told_to_wait(
    house: House, reader: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help, "SEARCHES", 1)
    assert reader.get("/help/ja?q=返品").status_code == 200
    refused = reader.get("/help/ja?q=返品", headers={"accept-language": "ja"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert "少し待って" in refused.text


def test_caches_keep_a_page_until_something_changes(house: House, reader: Browser) -> None:
    with as_of(NOON):
        first = reader.get("/help/ja")
        assert "public" in first.headers["cache-control"]
        tag, since = first.headers["etag"], first.headers["last-modified"]
        assert reader.get("/help/ja", headers={"if-none-match": tag}).status_code == 304
        assert reader.get("/help/ja", headers={"if-modified-since": since}).status_code == 304
        other = {"if-none-match": '"x"', "if-modified-since": since}
        assert reader.get("/help/ja", headers=other).status_code == 200  # the tag decides
        odd = {"if-modified-since": f"Mon, 01 Jan 2024 00:00:00 +{'9' * 20}"}
        assert reader.get("/help/ja", headers=odd).status_code == 200
    with as_of(datetime(2026, 12, 26, 3, tzinfo=UTC)):  # the campaign is over: nobody published anything
        assert reader.get("/help/ja", headers={"if-none-match": tag}).status_code == 200
        assert reader.get("/help/ja", headers={"if-modified-since": since}).status_code == 200


def test_search_engines_are_led_to_it_and_nowhere_else(house: House, reader: Browser) -> None:
    with as_of(NOON):
        assert f"Sitemap: {BASE}/help/sitemap.xml" in reader.see("/robots.txt")
        listed = unquote(reader.see("/help/sitemap.xml"))
    assert f"<loc>{BASE}/help/ja/{house.returns}-返品</loc>" in listed
    assert listed.count("<url>") == len(set(re.findall("<loc>(.*?)</loc>", listed))) == 5
    assert "秘密" not in listed


def test_a_closed_help_centre_is_not_there(house: House, reader: Browser) -> None:
    with transaction() as db:
        general.change_help_centre(db, house.editor, HelpCentre(on=False))
    for path in ("/help", "/help/ja", f"/help/ja/{house.returns}", "/help/sitemap.xml"):
        assert reader.get(path).status_code == 404
    assert "Allow" not in reader.see("/robots.txt")


def test_a_chat_that_is_switched_off_is_promised_on_no_page(house: House, reader: Browser) -> None:
    with transaction() as db:
        chat = factories.channel(db, kind="webchat", key="shop")
        general.change_help_centre(db, house.editor, HelpCentre(chat=chat.key))
    assert 'data-channel="shop"' in reader.see("/help/ja")
    with transaction() as db:
        db.merge(chat).enabled = False
    assert 'data-channel="shop"' not in reader.see("/help/ja")


def test_the_address_of_the_manual_still_leads_there(reader: Browser) -> None:
    assert reader.get("/help/inbox").headers["location"] == "/manual/inbox"
    assert reader.get("/help/widget-protocol").headers["location"] == "/manual/widget-protocol"


def test_a_readers_word_counts_once_and_the_editor_sees_it(house: House, reader: Browser) -> None:
    path = f"/help/ja/{house.returns}-返品/rating"
    for said, told in (("yes", "said=yes"), ("no", "said=counted")):
        answer = reader.post(path, data={"helped": said})
        assert (answer.status_code, told in answer.headers["location"]) == (303, True)
    other = reader.post(path, data={"helped": "no"}, headers={"user-agent": "another"})
    assert "said=no" in other.headers["location"]
    assert (
        reader.post(path, data={"helped": "yes"}, headers={"origin": "https://evil.example"}).status_code
        == 404
    )
    with reading() as db:
        assert votes.of(db, house.returns) == votes.Votes(1, 1)
    editor = Browser().come_in(house.editor)
    assert "50%" in editor.see(f"/settings/faq/{house.returns}")


def test_a_flood_from_one_network_stops_counting(house: House, reader: Browser) -> None:
    for n in range(votes.FLOOD + 5):
        reader.post(
            f"/help/ja/{house.returns}/rating", data={"helped": "yes"}, headers={"user-agent": f"b{n}"}
        )
    with reading() as db:
        assert votes.of(db, house.returns).helped == votes.FLOOD


def test_a_picture_is_public_with_its_entry_alone(house: House, reader: Browser) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(drawn, "PNG")
    editor = Browser().come_in(house.editor)
    editor.see(f"/settings/faq/{house.returns}")
    form = {"csrf": editor.csrf, "image_text": "返品の箱"}
    sent = {"file": ("box.png", drawn.getvalue(), "image/png")}
    assert editor.post(f"/settings/faq/{house.returns}/picture", data=form, files=sent).status_code == 303
    with transaction() as db:
        id = db.get_one(FaqEntry, house.returns).image_id
        assert reader.get(f"/help/pictures/{id}").status_code == 404  # only the draft has it
        versions.publish_all(db)
    assert reader.get(f"/help/pictures/{id}").headers["content-type"] in ("image/png", "image/webp")
    assert 'alt="返品の箱"' in reader.see(f"/help/ja/{house.returns}-返品")
    with reading() as db:
        assert pictures.find(db, id) is not None
        assert pictures.find(db, 0) is None


def test_while_it_is_typed_a_chat_suggests_what_its_bot_would_say(house: House, reader: Browser) -> None:
    with transaction() as db:
        key = factories.channel(db, kind="webchat", key="shop").key

    def ask(text: str) -> Any:
        return reader.post(f"/widget/{key}/suggestions", content=json.dumps({"text": text, "locale": "en"}))

    (found,) = ask("返品").json()["entries"]
    assert (found["title"], unquote(found["url"])) == (
        "返品",
        f"{BASE}/help/ja/{house.returns}-返品",
    )
    assert ask("会員割引").json()["entries"] == []  # who types is not signed in
    assert ask("友だち特典").json()["entries"] == []  # for LINE alone
    assert ask("社内").json()["entries"][0]["url"] == ""  # the bot says it, the help centre does not
    assert ask("return").headers["access-control-allow-origin"] == "*"
    for bad in (b"{", b"[]", b'{"text": "' + b"x" * 5000 + b'"}'):
        assert reader.post(f"/widget/{key}/suggestions", content=bad).status_code in (400, 413)
    assert reader.post("/widget/nothing/suggestions", content=b'{"text": "x"}').status_code == 404


def test_who_reads_a_suggested_answer_says_once_whether_it_helped(house: House, reader: Browser) -> None:
    with transaction() as db:
        key = factories.channel(db, kind="webchat", key="shop").key
        line_only = db.scalars(select(FaqEntry.id).where(FaqEntry.title == "LINEの友だち")).one()
        steps = [{"name": "day", "label": "日にち", "ask": "いつですか。", "kind": "date"}]
        told = {
            "name": "来店予約",
            "language": "ja",
            "questions": ["来店を予約したい"],
            "steps": steps,
            "ending": {"text": "承りました。"},
        }
        form = flows.save_flow(db, house.editor, None, told).id
        versions.publish_all(db)

    def rate(entry: object, helped: object, key: str = key) -> int:
        told = json.dumps({"entry": entry, "helped": helped})
        return int(reader.post(f"/widget/{key}/suggestions/rating", content=told).status_code)

    assert [rate(house.returns, True), rate(house.returns, False)] == [204, 204]
    with reading() as db:
        assert votes.of(db, house.returns) == votes.Votes(1, 0)
    assert [rate("1", True), rate(True, True), rate(house.returns, 1)] == [400, 400, 400]
    assert [rate(line_only, True), rate(999, True), rate(house.returns, True, "nothing")] == [404, 404, 404]
    assert rate(-form, True) == 404
