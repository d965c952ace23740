"""Raw receipts: what was not taken in stays in sight, inert, and can be read again without anything twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from app import intake, receipts, verify
from app.db import reading, transaction
from app.models import Agent, Channel, Event, Message, RawReceipt
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

LIST = "/settings/receipts"
EVIL = b"<script>alert(1)</script>\x00\xff"


@pytest.fixture
def osamu() -> Agent:
    with transaction() as db:
        return factories.agent(db, "北川 修", role="admin")


@pytest.fixture
def browser(osamu: Agent) -> Browser:
    return Browser().come_in(osamu)


@pytest.fixture
def channel() -> Channel:
    with transaction() as db:
        return factories.channel(db, "api", key="desk", name="注文システム")


def kept(channel: Channel, state: str, body: bytes = b"{", **columns: Any) -> RawReceipt:
    with transaction() as db:
        made = RawReceipt(channel_id=channel.id, url="/hooks/desk", body=body, state=state, **columns)
        db.add(made)
        return made


def a_message(id: str) -> bytes:
    event = {
        "type": "message",
        "id": id,
        "from": {"id": "C-1", "name": "山田 花子"},
        "text": "在庫はありますか",
    }
    return json.dumps({"events": [event]}).encode()


def messages() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(Message)) or 0


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_admins_see_what_was_received(role: str, channel: Channel) -> None:
    receipt = kept(channel, "failed", a_message("m-1"))
    with transaction() as db:
        person = factories.agent(db, role=role)
    browser = Browser().come_in(person)
    for path in (LIST, f"{LIST}/{receipt.id}", f"{LIST}/{receipt.id}/original"):
        assert browser.get(path).status_code == 403
    for path in (f"{LIST}/reading", f"{LIST}/{receipt.id}/reading"):
        assert browser.submit(path).status_code == 403
    assert messages() == 0


def test_what_failed_and_what_was_refused_stays_in_sight_with_its_reason(
    browser: Browser, channel: Channel
) -> None:
    kept(channel, "failed", error="KeyError: 'text'")
    kept(channel, "refused", error="no signature fits the body")
    kept(channel, "parsed", outcome=[{"event": "inbound", "message": 1, "new": True}])
    page = browser.see(LIST)
    assert page.count('class="cover"') == 2
    assert "KeyError: &#39;text&#39;" in page
    assert "署名が本文と一致しません" in page
    assert browser.see(f"{LIST}?view=failed").count('class="cover"') == 1
    assert browser.see(f"{LIST}?view=refused").count('class="cover"') == 1
    assert browser.see(f"{LIST}?view=all").count('class="cover"') == 3
    assert browser.see(f"{LIST}?channel={channel.id + 1}").count('class="cover"') == 0
    assert browser.get(f"{LIST}?view=nonsense").status_code == 404


def test_exclusions_to_wonder_about_are_listed_and_routine_ones_are_not(
    browser: Browser, channel: Channel
) -> None:
    kept(channel, "parsed", outcome=[{"event": "typing", "excluded": "typing"}])
    kept(channel, "parsed", outcome=[{"event": "ignored", "excluded": "the body is not JSON"}])
    kept(channel, "parsed", outcome=[{"event": "inbound", "message": 7, "excluded": "seen before"}])
    page = browser.see(f"{LIST}?view=left_out")
    assert page.count('class="cover"') == 2
    assert "受信済み（重複）" in page


def test_what_was_left_out_is_found_behind_much_that_was_not(channel: Channel) -> None:
    wanted = kept(channel, "parsed", outcome=[{"event": "ignored", "excluded": "?"}])
    with transaction() as db:
        db.add_all(
            RawReceipt(channel_id=channel.id, state="parsed", outcome=[]) for _ in range(receipts.SCANNED + 5)
        )
    with reading() as db:
        first = receipts.page(db, "left_out")
        assert list(first.rows) == []
        assert [one.id for one in receipts.page(db, "left_out", after=first.after).rows] == [wanted.id]


def test_pages_follow_each_other_without_a_gap(channel: Channel) -> None:
    with transaction() as db:
        db.add_all(
            RawReceipt(channel_id=channel.id, state=("failed", "refused")[n % 3 == 0]) for n in range(100)
        )
    seen: list[int] = []
    after: int | None = None
    for _ in range(3):
        with reading() as db:
            found = receipts.page(db, "trouble", after=after)
        seen += [one.id for one in found.rows]
        after = found.after
    assert after is None
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 100


def test_the_original_is_a_download_that_no_browser_opens(browser: Browser, channel: Channel) -> None:
    receipt = kept(channel, "refused", EVIL)
    response = browser.get(f"{LIST}/{receipt.id}/original")
    assert response.content == EVIL
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment;")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]


def test_what_is_shown_of_it_is_inert(browser: Browser, channel: Channel) -> None:
    receipt = kept(
        channel,
        "failed",
        EVIL * 2000,
        error="<b>broken</b>",
        headers={"x-evil": "</pre><script>alert(2)</script>"},
    )
    page = browser.see(f"{LIST}/{receipt.id}") + browser.see(LIST)
    assert "<script>alert" not in page
    assert "<b>broken" not in page
    assert "\x00" not in page
    assert len(page) < 250_000


def test_reading_again_brings_the_message_in_once(browser: Browser, channel: Channel, osamu: Agent) -> None:
    receipt = kept(channel, "failed", a_message("m-1"), error="OperationalError: disk I/O error")
    here = f"{LIST}/{receipt.id}"
    assert browser.submit(f"{here}/reading").status_code == 303
    assert messages() == 1
    page = browser.see(here)
    assert "取り込み済み" in page
    assert "/inbox/" in page
    assert f"{here}/reading" not in page
    browser.submit(f"{here}/reading")
    assert messages() == 1
    with reading() as db:
        events = db.scalars(select(Event).where(Event.kind == "audit.receipt_read")).all()
    assert [one.agent_id for one in events] == [osamu.id, osamu.id]


def test_what_was_refused_is_never_read(browser: Browser, channel: Channel) -> None:
    receipt = kept(channel, "refused", a_message("m-1"))
    assert f"{LIST}/{receipt.id}/reading" not in browser.see(f"{LIST}/{receipt.id}")
    assert browser.submit(f"{LIST}/{receipt.id}/reading").status_code == 303
    assert messages() == 0
    with reading() as db:
        assert db.get_one(RawReceipt, receipt.id).state == "refused"


def test_all_that_failed_is_read_at_once_of_one_channel_if_wanted(browser: Browser, channel: Channel) -> None:
    with transaction() as db:
        other = factories.channel(db, "api", key="other")
    for n in range(3):
        kept(channel, "failed", a_message(f"m-{n}"))
    kept(other, "failed", a_message("m-9"))
    assert browser.submit(f"{LIST}/reading", {"channel": str(channel.id)}).status_code == 303
    assert messages() == 3
    browser.submit(f"{LIST}/reading", {"channel": ""})
    assert messages() == 4


@pytest.mark.parametrize("path", ["999", "x", "9" * 40, "9" * 18, "0"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"{LIST}/{path}").status_code == 404
    assert browser.get(f"{LIST}/{path}/original").status_code == 404
    assert browser.submit(f"{LIST}/{path}/reading").status_code == 404
    assert browser.get(f"{LIST}?after={path}&channel={path}").status_code == 200


MAIL = (
    b"From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <yamada@example.jp>\r\nTo: shop@example.jp\r\nSubject: size\r\n"
    b"Message-ID: <1@example.jp>\r\nDate: Mon, 6 Jan 2025 10:00:00 +0900\r\n\r\nDo you have it in M?\r\n"
)


@pytest.fixture
def mailbox() -> Channel:
    with transaction() as db:
        return factories.channel(db, "email", key="mail", settings={"address": "shop@example.jp"})


def test_a_mail_says_who_wrote_it_about_what_and_is_downloaded_as_one(
    browser: Browser, mailbox: Channel
) -> None:
    receipt = kept(mailbox, "failed", MAIL, method="MAIL", error="ValueError: a bug")
    page = browser.get(f"{LIST}/{receipt.id}").text
    assert "山田 &lt;yamada@example.jp&gt;" in page
    assert "size" in page
    answer = browser.get(f"{LIST}/{receipt.id}/original")
    assert answer.content == MAIL
    assert answer.headers["content-type"] == "message/rfc822"
    assert f'filename="receipt-{receipt.id}.eml"' in answer.headers["content-disposition"]
    browser.submit(f"{LIST}/{receipt.id}/reading")
    with reading() as db:
        assert db.get_one(RawReceipt, receipt.id).state == "parsed"
        assert db.scalars(select(Message).where(Message.external_id.is_not(None))).one().subject == "size"


def test_what_nobody_understood_may_be_read_again_after_a_fix(
    browser: Browser, mailbox: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = kept(mailbox, "new", MAIL, method="MAIL")

    def broken(raw: bytes) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("channels.email.reading.read", broken)
        intake.read_receipt(receipt.id)
        page = browser.get(f"{LIST}/{receipt.id}")
        assert "yamada@example.jp" in page.text
        assert f"{LIST}/{receipt.id}/reading" in page.text
        browser.submit(f"{LIST}/{receipt.id}/reading")
        assert messages() == 1
    browser.submit(f"{LIST}/{receipt.id}/reading")
    with reading() as db:
        told = db.scalars(select(Message).where(Message.external_id.is_not(None))).one()
        assert (told.text, told.lacking) == ("Do you have it in M?", False)
        report = verify.report(db)
    assert report.clean, str(report)


@pytest.mark.parametrize(
    ("locale", "words", "other"),
    [
        ("ja", "ほかのアカウント宛て: U99", "署名がありません"),
        ("en", "meant for another account: U99", "the signature is missing"),
    ],
)
def test_why_something_was_left_out_or_refused_is_told_in_the_admins_language(
    locale: str, words: str, other: str, channel: Channel
) -> None:
    with transaction() as db:
        admin = factories.agent(db, role="admin", locale=locale)
    left_out = [{"event": "Ignored", "excluded": "meant for another account: U99"}]
    receipt = kept(channel, "parsed", outcome=left_out)
    kept(channel, "refused", error="the signature is missing")
    browser = Browser().come_in(admin)
    assert words in browser.see(f"{LIST}/{receipt.id}")
    assert other in browser.see(LIST)
    assert other in browser.see(f"/settings/channels/{channel.id}")
