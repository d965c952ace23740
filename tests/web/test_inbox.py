"""The inbox over HTTP: what stands in the list, what an open conversation shows, and what an outsider never sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from app import formats, inbox
from app.db import now, reading, transaction
from app.models import Agent, Conversation, Draft, ReadMark
from tests import factories
from tests.connectors import installed
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@dataclass(frozen=True)
class Cast:
    """Tanaka has the conversation, Sato is a colleague of another team, Kobayashi oversees."""

    tanaka: Agent
    sato: Agent
    kobayashi: Agent
    open: Conversation
    closed: Conversation  # belongs to Tanaka's team: not for Sato


@pytest.fixture
def cast() -> Cast:
    with transaction() as db:
        tanaka, sato = factories.agent(db, "田中 翔"), factories.agent(db, "佐藤 恵", locale="en")
        team = factories.team(db, tanaka)
        kobayashi = factories.supervisor(db, "小林 健")
        site = factories.channel(db, name="ウェブチャット")
        one = factories.conversation(db, site, "在庫はありますか", "visitor-a")
        two = factories.conversation(db, site, "返金してください", "visitor-b")
        inbox.assign(db, kobayashi, one, tanaka)
        inbox.assign(db, kobayashi, two, None, team, keep_team=False)
        return Cast(tanaka, sato, kobayashi, one, two)


def ids(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="row-(\d+)"', html)]


def test_each_view_shows_its_own(cast: Cast) -> None:
    browser = Browser().come_in(cast.tanaka)
    assert ids(browser.see("/inbox?view=mine")) == [cast.open.id]
    assert ids(browser.see("/inbox?view=teams")) == [cast.closed.id]
    assert sorted(ids(browser.see("/inbox?view=open"))) == sorted([cast.open.id, cast.closed.id])
    assert ids(browser.see("/inbox?view=resolved")) == []


def test_an_unknown_view_or_cursor_is_the_usual_beginning(cast: Cast) -> None:
    browser = Browser().come_in(cast.tanaka)
    for asked in ("view=nothing", "sort=nothing", "after=nonsense", "after=%00", "after=2026-11-11|x"):
        assert browser.get(f"/inbox/rows?{asked}").status_code == 200


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "2026-11-11T00:00:00|" + "9" * 40,
        "0001-01-01T00:00:00+23:00|1",
        "9999-12-31T23:59:59-23:00|1",
        "|",
        "\x00",
    ],
)
def test_a_cursor_of_ones_own_making_does_no_harm(cast: Cast, cursor: str) -> None:
    browser = Browser().come_in(cast.tanaka)
    for path in (
        "/inbox/rows?view=mine&after={}", f"/conversations/{cast.open.id}/messages?before={{}}",
        f"/conversations/{cast.open.id}/messages?after={{}}", f"/conversations/{cast.open.id}/changes?after={{}}",
        f"/inbox/{cast.open.id}?m={{}}", "/search?q=a&after={}", "/escalations?open={}",
    ):  # fmt: skip
        assert browser.get(path.format(quote(cursor))).status_code in (200, 404), path


@pytest.mark.parametrize("id", ["0", "-1", "9" * 18, "9" * 40, "x", "1.5", "%00"])
def test_a_number_nobody_has_is_not_found(cast: Cast, id: str) -> None:
    browser = Browser().come_in(cast.tanaka)
    for path in ("/inbox/{}", "/inbox/{}/pane", "/conversations/{}/header", "/settings/faq/{}"):
        assert browser.get(path.format(id)).status_code == 404, path


def test_a_list_is_read_on_by_its_cursor() -> None:
    with transaction() as db:
        agent, site = factories.supervisor(db), factories.channel(db)
        for _ in range(45):
            factories.conversation(db, site)
    browser = Browser().come_in(agent)
    first = browser.see("/inbox/rows?view=open")
    following = re.search(r'hx-get="([^"]+)"[^>]*intersect', first)
    assert following is not None
    second = browser.see(following[1].replace("&amp;", "&"))
    assert (len(ids(first)), len(ids(second))) == (40, 5)
    assert not set(ids(first)) & set(ids(second))
    assert "<ul" not in second


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/inbox/{}"), ("GET", "/inbox/{}/pane"), ("GET", "/conversations/{}/messages"),
     ("GET", "/conversations/{}/changes"), ("GET", "/conversations/{}/header"), ("GET", "/conversations/{}/panel"),
     ("GET", "/conversations/{}/lock"), ("POST", "/conversations/{}/lock"), ("POST", "/conversations/{}/read"),
     ("POST", "/conversations/{}/draft"), ("POST", "/conversations/{}/replies"), ("POST", "/conversations/{}/notes"),
     ("POST", "/conversations/{}/assignment"), ("DELETE", "/conversations/{}/assignment"),
     ("POST", "/conversations/{}/handover"), ("DELETE", "/conversations/{}/handover"),
     ("POST", "/conversations/{}/closure"), ("DELETE", "/conversations/{}/closure"),
     ("POST", "/conversations/{}/snooze"), ("DELETE", "/conversations/{}/snooze"),
     ("POST", "/conversations/{}/escalation"), ("POST", "/conversations/{}/labels"),
     ("POST", "/conversations/{}/customer"), ("POST", "/conversations/{}/attachments")],
)  # fmt: skip
def test_what_an_outsider_may_not_see_does_not_exist_for_them(cast: Cast, method: str, path: str) -> None:
    browser = Browser().come_in(cast.sato)
    form = {
        "text": "こんにちは", "client_id": "client-000001", "type": "other", "reason": "知りたい",
        "agent_id": str(cast.sato.id), "label_id": "1", "until": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    sent: dict[str, Any] = (
        {"data": form, "headers": {"x-csrf-token": browser.csrf}} if method == "POST" else {}
    )
    if path.endswith("attachments"):
        sent |= {"files": {"file": ("a.txt", b"abc")}}
    headers: dict[str, Any] = {"headers": {"x-csrf-token": browser.csrf}} if method == "DELETE" else {}
    answer = browser.request(method, path.format(cast.closed.id), **sent, **headers)
    assert answer.status_code == 404
    assert browser.request(method, path.format(999_999), **sent, **headers).status_code == 404
    with reading() as db:
        assert db.get_one(Conversation, cast.closed.id).last_event_id == cast.closed.last_event_id


def test_an_open_conversation_shows_what_was_said_and_who_the_customer_is(cast: Cast) -> None:
    html = Browser().come_in(cast.tanaka).see(f"/inbox/{cast.open.id}")
    for words in (
        "在庫はありますか",
        "ウェブチャット",
        "小林 健が田中 翔に割り当てました",
        "ケース #",
        'role="log"',
    ):
        assert words in html, words
    assert f'data-conversation="{cast.open.id}"' in html


def test_what_a_customer_writes_never_becomes_markup(cast: Cast) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }}"
    with transaction() as db:
        one = factories.conversation(db, None, evil)
        factories.customer_of(db, one).name = evil
    html = Browser().come_in(cast.kobayashi).see(f"/inbox/{one.id}")
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "{{ 7*7 }}" in html


def test_a_long_note_is_kept_whole_and_no_colleagues_words_are_overwritten(cast: Cast) -> None:
    long = "あ" * 6000
    with transaction() as db:
        known = factories.customer_of(db, db.get_one(Conversation, cast.open.id))
        inbox.edit_customer(db, cast.kobayashi, known, inbox.Profile(note=long))
    browser, path = Browser().come_in(cast.tanaka), f"/conversations/{cast.open.id}/customer"
    shown = browser.see(f"/inbox/{cast.open.id}")
    seen = re.findall(r'name="seen" value="(\w+)"', shown)
    assert "maxlength" not in shown.partition('id="customer-note"')[2].partition(">")[0]

    answer = browser.submit(path, {"note": f"{long}\r\n羊毛は苦手", "seen": seen[0]})
    (now_seen,) = re.findall(r'name="seen" value="(\w+)"', answer.text)
    refused = browser.submit(path, {"note": f"{long}\r\n別の話", "seen": seen[0]})
    assert refused.status_code == 409
    assert "先に変更しました" in refused.text
    assert browser.submit(path, {"note": "あ" * 10_001, "seen": now_seen}).status_code == 422
    with reading() as db:
        assert factories.customer_of(db, cast.open).note == f"{long}\n羊毛は苦手"
    assert browser.submit(path, {"note": "次の話", "seen": now_seen}).status_code == 200


def test_each_reads_it_in_their_own_language(cast: Cast) -> None:
    html = Browser().come_in(cast.sato).see(f"/inbox/{cast.open.id}")
    assert "Send and resolve" in html
    assert "送信して解決" not in html


@pytest.mark.parametrize(
    ("machine", "key"),
    [("Windows NT 10.0", "Ctrl"), ("X11; Linux", "Ctrl"), ("Macintosh", "⌘"), ("iPad", "⌘")],
)
def test_the_keys_named_are_those_of_ones_own_machine(cast: Cast, machine: str, key: str) -> None:
    headers = {"user-agent": f"Mozilla/5.0 ({machine})"}
    html = Browser(headers=headers).come_in(cast.tanaka).see(f"/inbox/{cast.open.id}")
    assert set(re.findall(r"<kbd>(⌘|Ctrl)↵?</kbd>", html)) == {key}


def test_reading_it_clears_the_count_for_oneself_alone(cast: Cast) -> None:
    browser = Browser().come_in(cast.tanaka)
    assert 'class="row unread"' in browser.see("/inbox?view=mine")
    answer = browser.post(f"/conversations/{cast.open.id}/read", headers={"x-csrf-token": browser.csrf})
    assert answer.status_code == 204
    assert 'class="row unread"' not in browser.see("/inbox?view=mine")
    assert 'class="row unread"' in Browser().come_in(cast.kobayashi).see("/inbox?view=open")
    with reading() as db:
        assert db.get(ReadMark, (cast.open.id, cast.kobayashi.id)) is None


def test_a_draft_is_kept_and_an_older_one_does_not_replace_it(cast: Cast) -> None:
    browser = Browser().come_in(cast.tanaka)
    draft = {"text": "まもなく", "kind": "reply", "version": "0"}
    first = browser.submit(f"/conversations/{cast.open.id}/draft", draft)
    assert first.json() == {"version": 1}
    late = browser.submit(f"/conversations/{cast.open.id}/draft", {**draft, "text": "古い"})
    assert late.status_code == 409
    html = browser.see(f"/inbox/{cast.open.id}")
    assert "まもなく</textarea>" in html
    with reading() as db:
        assert db.get_one(Draft, (cast.tanaka.id, cast.open.id)).text == "まもなく"


def test_older_messages_come_by_pages_with_their_markers(cast: Cast) -> None:
    with transaction() as db:
        head = db.get_one(Conversation, cast.open.id)
        for n in range(60):
            factories.reply(db, cast.tanaka, head, f"返信{n}")
    browser = Browser().come_in(cast.tanaka)
    html = browser.see(f"/inbox/{cast.open.id}")
    assert "返信59" in html
    assert "在庫はありますか</div>" not in html
    older = re.search(r'data-older="([^"]+)"', html)
    assert older is not None
    page = browser.see(older[1].replace("&amp;", "&"))
    assert "在庫はありますか" in page
    assert "返信59" not in page
    assert page.count("<article") + html.count("<article") - 2 == 62  # two are the composer's models


def test_a_link_to_a_message_opens_the_page_around_it(cast: Cast) -> None:
    with transaction() as db:
        head = db.get_one(Conversation, cast.open.id)
        messages = [factories.reply(db, cast.tanaka, head, f"返信{n}").id for n in range(60)]
    browser = Browser().come_in(cast.tanaka)
    html = browser.see(f"/inbox/{cast.open.id}?m={messages[5]}")
    assert "返信5</div>" in html
    assert "返信59</div>" not in html
    newer = re.search(r'data-newer="([^"]+)"', html)
    assert newer is not None
    assert "返信59</div>" in browser.see(newer[1].replace("&amp;", "&"))


def test_helpers_name_canned_replies_and_people(cast: Cast) -> None:
    told = Browser().come_in(cast.tanaka).get("/inbox/helpers").json()
    assert {"田中 翔", "佐藤 恵", "小林 健"} == {one["name"] for one in told["people"]}


def test_counts_are_those_of_the_viewer(cast: Cast) -> None:
    mine = Browser().come_in(cast.tanaka).get("/inbox/counts").json()
    assert (mine["mine"], mine["teams"], mine["escalations"]) == (1, 1, 0)
    assert Browser().come_in(cast.sato).get("/inbox/counts").json()["teams"] == 0


def test_how_many_messages_the_platform_still_takes_stands_beside_the_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch, reply_window=timedelta(hours=48), window_messages=2, max_length=10):
        with transaction() as db:
            tanaka = factories.agent(db, "田中 翔", locale="en")
            post = factories.channel(db, "post", name="プラットフォーム")
            thread = factories.conversation(db, post, "まだですか", "u1")
        browser = Browser().come_in(tanaka)
        form = {"text": "あ" * 25, "client_id": "client-of-a-test", "channel_id": str(post.id)}
        refused = browser.submit(f"/conversations/{thread.id}/replies", form)
        assert (refused.status_code, "goes as 3 messages" in refused.text) == (422, True)
        assert "2 of 2 left" in browser.see(f"/inbox/{thread.id}")
        browser.submit(f"/conversations/{thread.id}/replies", {**form, "text": "あ" * 15})
        shown = browser.see(f"/conversations/{thread.id}/reaches")
        assert 'data-left="0"' in shown
        assert "All 2 messages are sent" in shown
        assert "data-closed>" in browser.see(f"/inbox/{thread.id}")
        refused = browser.submit(f"/conversations/{thread.id}/replies", {**form, "client_id": "another-one"})
        assert "until the customer writes again are sent" in refused.text


def test_how_long_the_platform_takes_an_answer_counts_down_in_the_list_and_beside_the_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with installed(monkeypatch, reply_window=timedelta(hours=24), push=True):
        with transaction() as db:
            tanaka = factories.agent(db, "田中 翔")
            post = factories.channel(db, "post", name="プラットフォーム")
            said = {"at": now() - timedelta(hours=20)}
            soon = factories.conversation(db, post, "まだですか", "u1", **said)
            late = factories.conversation(db, post, "もういいです", "u2", at=now() - timedelta(hours=25))
        browser = Browser().come_in(tanaka)
        page = browser.see("/inbox?view=open")
        assert ids(page) == [soon.id, late.id]
        assert re.findall(r'class="due closing xs( over)?"', page) == ["", " over"]
        until = re.findall(r'closing xs.*?<time datetime="([^"]+)"[^>]*data-tick="left"', page)
        assert until[0] == formats.iso(said["at"] + timedelta(hours=24))
        assert 'class="due closing"' in browser.see(f"/inbox/{soon.id}")
        assert 'class="due closing over"' in browser.see(f"/inbox/{late.id}")
        form = {"text": "遅れてすみません", "client_id": "client-of-a-test", "channel_id": str(post.id)}
        refused = browser.submit(f"/conversations/{late.id}/replies", form)
        assert refused.status_code == 422
        assert "別の方法を選んでください" in refused.text
