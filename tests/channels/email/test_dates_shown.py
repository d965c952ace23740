"""A sender's clock that cannot be right: the mail stands where it came in, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.email.understanding import WRONG_DATE, Came, Mailbox, events_of
from channels.events import Inbound

CAME = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def read(date: datetime | None) -> Inbound:
    said = f"Date: {date:%a, %d %b %Y %H:%M:%S} +0000\r\n" if date else ""
    head = (
        f"From: a@example.net\r\nTo: shop@example.jp\r\nMessage-ID: <1@example.net>\r\n{said}Subject: x\r\n"
    )
    (event,) = events_of(
        f"{head}\r\nこんにちは\r\n".encode(), Mailbox(("shop@example.jp",), bytes(32)), Came(at=CAME)
    )
    assert isinstance(event, Inbound)
    return event


@pytest.mark.parametrize("off", [timedelta(days=400), timedelta(hours=9), -timedelta(days=30)])
def test_a_clock_that_is_far_off_is_told_of(off: timedelta) -> None:
    event = read(CAME + off)
    assert event.sent_at == CAME
    assert event.context["problems"] == [WRONG_DATE]


@pytest.mark.parametrize("off", [timedelta(seconds=20), -timedelta(hours=3), -timedelta(days=4)])
def test_a_clock_that_may_be_right_is_not(off: timedelta) -> None:
    event = read(CAME + off)
    assert event.sent_at == min(CAME, CAME + off)
    assert "problems" not in event.context


def test_a_mail_without_a_date_stands_where_it_came_in() -> None:
    assert read(None).sent_at == CAME
