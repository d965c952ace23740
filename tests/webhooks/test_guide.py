"""What the guide tells a receiver to do is right."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from app import i18n, webhooks
from app.api.told import ToldEvent
from app.web.manual import FOLDER
from app.webhooks import sending, signing


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_check_of_the_guide_takes_ours_and_refuses_others(language: str) -> None:
    text = (FOLDER / language / "webhooks.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.S)
    names: dict[str, Any] = {}
    exec(example, names)
    old, new, body = signing.new_key(), signing.new_key(), '{"text": "送料"}'.encode()

    def headers(stamp: float) -> dict[str, str]:
        return {
            name.lower(): value
            for name, value in signing.headers([new, old], "evt_1", int(stamp), body).items()
        }

    sent = headers(time.time())
    assert names["check"](sent, body, old)
    assert names["check"](sent, body, new)
    assert not names["check"](sent, body + b" ", new)
    assert not names["check"](sent, body, signing.new_key())
    assert not names["check"](headers(time.time() - 400), body, new)


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_event_of_the_guide_has_the_fields_of_an_event(language: str) -> None:
    text = (FOLDER / language / "webhooks.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.S)
    shown = json.loads(example)
    assert set(shown) == set(ToldEvent.__struct_fields__)
    assert shown["kind"] in webhooks.KINDS


def test_the_times_of_the_guide_hold() -> None:
    text = (FOLDER / "en" / "webhooks.md").read_text("utf-8")
    assert sending.FIRST_WAIT == 5
    assert sending.LONGEST_WAIT == 6 * 3600
    assert sending.PATIENCE.days == 3
    assert sending.KEPT.days == 30
    for said in ("after 5 seconds", "up to six hours", "for three days", "for 30 days", "within 15 seconds"):
        assert said in text
