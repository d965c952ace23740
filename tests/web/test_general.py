"""The workplace: what the shop is called and when it is open, as an admin types it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from app import general, hours
from app.bot import situations
from app.db import reading, transaction
from app.models import Agent, Event, Setting
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

HERE = "/settings/general"
SATURDAY = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)  # 14:00 in Tokyo; the Monday after is a holiday
WEEK: dict[str, Any] = {
    "always": "week", "zone": "Asia/Tokyo", "holidays": "closed", "holiday_hours": "", "days": "",
    "mon": "9:00-12:00, 13時〜18時", "tue": "9-18", "wed": "9-18", "thu": "9-18", "fri": "9-18",
    "sat": "休み", "sun": "",
}  # fmt: skip


@pytest.fixture
def osamu() -> Agent:
    with transaction() as db:
        return factories.agent(db, "北川 修", role="admin")


@pytest.fixture
def browser(osamu: Agent) -> Browser:
    return Browser().come_in(osamu)


def stored(key: str) -> Any:
    with reading() as db:
        found = db.get(Setting, key)
        return found.value if found else None


def kinds() -> list[str]:
    with reading() as db:
        return list(
            db.scalars(select(Event.kind).where(Event.kind.like("audit.%_changed")).order_by(Event.id))
        )


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_admins_come_near(role: str) -> None:
    with transaction() as db:
        person = factories.agent(db, role=role)
    browser = Browser().come_in(person)
    assert browser.get(HERE).status_code == 403
    for path in ("shop", "hours", "hours/preview"):
        assert browser.submit(f"{HERE}/{path}", WEEK | {"name": "x", "undo": "5"}).status_code == 403
    assert stored("shop") is None
    assert stored("hours") is None


def test_the_shop_gets_a_name(browser: Browser) -> None:
    assert browser.submit(f"{HERE}/shop", {"name": " 北風\n洋品店 ", "undo": "10"}).status_code == 303
    assert stored("shop") == {"name": "北風 洋品店"}
    assert stored("general") == {"undo_seconds": 10}
    assert "北風 洋品店" in browser.see(HERE)
    browser.submit(f"{HERE}/shop", {"name": "北風 洋品店", "undo": "10"})
    assert kinds() == ["audit.shop_changed"]


@pytest.mark.parametrize(
    ("name", "undo"), [("", "5"), ("長" * 81, "5"), ("北風", "7"), ("北風", ""), ("北風", "x")]
)
def test_a_name_and_a_possible_time_are_needed(browser: Browser, name: str, undo: str) -> None:
    response = browser.submit(f"{HERE}/shop", {"name": name, "undo": undo})
    assert response.status_code == 422
    assert name in response.text
    assert stored("shop") is None


def test_what_else_a_setting_holds_is_kept(browser: Browser) -> None:
    with transaction() as db:
        db.add(Setting(key="general", value={"undo_seconds": 5, "other": 1}))
    browser.submit(f"{HERE}/shop", {"name": "北風", "undo": "0"})
    assert stored("general") == {"undo_seconds": 0, "other": 1}


def test_hours_are_typed_as_people_write_them(browser: Browser) -> None:
    form = WEEK | {
        "days": "12/29〜1/3 休み\n2026-11-24 10-12",
        "holidays": "own",
        "holiday_hours": "10時〜15時",
    }
    assert browser.submit(f"{HERE}/hours", form).status_code == 303
    kept = stored("hours")
    assert kept["week"]["mon"] == [["09:00", "12:00"], ["13:00", "18:00"]]
    assert kept["week"]["sat"] == kept["week"]["sun"] == []
    assert kept["public_holidays"] == [["10:00", "15:00"]]
    assert kept["days"] == {"2026-11-24": [["10:00", "12:00"]]}
    assert sorted(kept["yearly"]) == ["01-01", "01-02", "01-03", "12-29", "12-30", "12-31"]
    page = browser.see(HERE)
    assert "09:00–12:00, 13:00–18:00" in page
    assert "12-29 ~ 12-31 休業" in page
    assert kinds() == ["audit.hours_changed"]


def test_what_the_page_shows_is_accepted_unchanged(browser: Browser) -> None:
    browser.submit(
        f"{HERE}/hours", WEEK | {"days": "12/29〜1/3", "holidays": "own", "holiday_hours": "10-15"}
    )
    before = stored("hours")
    with reading() as db:
        wanted, _ = general.opening_hours(db)
    again = WEEK | {
        "days": "01-01 ~ 01-03 休業\n12-29 ~ 12-31 休業",
        "holidays": "own",
        "holiday_hours": "10:00–15:00",
    }
    assert browser.submit(f"{HERE}/hours", again).status_code == 303
    assert stored("hours") == before == hours.to_setting(wanted)
    assert kinds() == ["audit.hours_changed"]


def test_a_shop_that_is_always_open_needs_no_week(browser: Browser) -> None:
    assert browser.submit(f"{HERE}/hours", WEEK | {"always": "always", "mon": "nonsense"}).status_code == 303
    assert "week" not in stored("hours")
    with reading() as db:
        assert situations.is_open(db)


@pytest.mark.parametrize(
    ("field", "value"),
    [("mon", "9-"), ("sun", "25:00-26:00"), ("holiday_hours", "soon"), ("days", "12-31\nwhen it snows"),
     ("zone", "Mars/Olympus"), ("zone", "")],
)  # fmt: skip
def test_what_is_at_fault_is_said_and_what_was_typed_is_kept(
    browser: Browser, field: str, value: str
) -> None:
    form = WEEK | {"holidays": "own", "holiday_hours": "10-15", "tue": "8時〜17時", field: value}
    response = browser.submit(f"{HERE}/hours", form)
    assert response.status_code == 422
    assert "8時〜17時" in response.text
    assert "problem" in response.text
    assert field == "zone" or value in response.text
    assert stored("hours") is None
    if field == "days":
        assert "2行目" in response.text


def test_the_preview_says_what_that_means_now(browser: Browser) -> None:
    with time_machine.travel(SATURDAY, tick=False):
        said = browser.submit(f"{HERE}/hours/preview", WEEK).text
        assert "11月24日（火） 09:00 から営業します。" in said  # Monday is 勤労感謝の日
        assert "勤労感謝の日" in said
        said = browser.submit(f"{HERE}/hours/preview", WEEK | {"holidays": "open"}).text
        assert "11月23日（月） 09:00 から営業します。" in said
        said = browser.submit(f"{HERE}/hours/preview", WEEK | {"sat": "10-19"}).text
        assert "終了は 今日 19:00 です。" in said
        said = browser.submit(f"{HERE}/hours/preview", WEEK | dict.fromkeys(hours.WEEKDAYS, "")).text
        assert "今後1年間、営業する日がありません。" in said
        said = browser.submit(f"{HERE}/hours/preview", WEEK | {"mon": "9-"}).text
        assert "読み取れない入力があります。" in said
    assert stored("hours") is None


def test_hours_stored_in_a_broken_form_are_said_and_can_be_repaired(browser: Browser) -> None:
    with transaction() as db:
        db.add(Setting(key="hours", value={"timezone": "Asia/Tokyo", "week": {"mon": [["9", "x"]]}}))
    assert 'class="notice bad"' in browser.see(HERE)
    assert browser.submit(f"{HERE}/hours", WEEK).status_code == 303
    assert stored("hours")["week"]["tue"] == [["09:00", "18:00"]]


def test_when_answers_are_mailed_to_who_left_is_chosen(browser: Browser) -> None:
    browser.submit(f"{HERE}/shop", {"name": "北風", "undo": "5", "mail_after": "10"})
    assert stored("general") == {"undo_seconds": 5, "mail_after_minutes": 10}
    browser.submit(f"{HERE}/shop", {"name": "北風", "undo": "5", "mail_after": "never"})
    assert stored("general") == {"undo_seconds": 5, "mail_after_minutes": -1}
    assert '<option value="never" selected' in browser.get(HERE).text
    refused = browser.submit(f"{HERE}/shop", {"name": "北風", "undo": "5", "mail_after": "7"})
    assert refused.status_code == 422
    assert stored("general") == {"undo_seconds": 5, "mail_after_minutes": -1}
