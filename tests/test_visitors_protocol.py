"""The examples of the protocol's page, run: what it promises to those who write their own client holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import visitors
from app.db import now
from app.models import Channel, Visitor
from app.visitors.frames import VERBS
from app.visitors.sending import Answer
from app.visitors.trouble import Frame, Trouble
from tests import factories

PAGE = Path(visitors.__file__).parent.parent / "help" / "widget-protocol.md"
TEXT = PAGE.read_text("utf-8")


class Reader:
    """Follows the examples from the top of the page to its end, as one visitor."""

    def __init__(self, db: Session, channel: Channel) -> None:
        self.db, self.channel = db, channel
        self.visitor: Visitor | None = None
        self.known = {"$TICKET": visitors.issue_ticket(channel.key, "https://shop.example.jp", now())}
        self.known |= {"$LONG": "あ" * 10_001, "$LAST": "0", "$CODE": ""}
        self.locale = "ja"

    def send(self, frame: Frame) -> list[Frame]:
        try:
            answer = self._handle(frame)
        except Trouble as trouble:
            return [trouble.frame(self.locale, frame.get("id"))]
        self.visitor = answer.visitor
        for told in answer.frames:
            self._learn(told)
        return answer.frames

    def read(self, line: str) -> Frame:
        for name, value in self.known.items():
            line = line.replace(name, value)
        found: Frame = json.loads(line)
        return found

    def _handle(self, frame: Frame) -> Answer:
        if frame["t"] == "hello":
            self.locale = frame["locale"]
            return visitors.hello(self.db, self.channel, frame)
        assert self.visitor is not None
        return visitors.handle(self.db, self.channel, self.visitor, frame)

    def _learn(self, told: Frame) -> None:
        if "message" in told:
            self.known["$LAST"] = str(told["message"])
        if told["t"] == "code":
            self.known["$CODE"] = told["code"]


def matches(told: Any, promised: Any) -> bool:
    """Everything promised is there; `…` stands for any text, a number for any number."""
    match promised:
        case bool() | None:
            return told is promised
        case dict():
            return isinstance(told, dict) and all(
                k in told and matches(told[k], v) for k, v in promised.items()
            )
        case [] | None:
            return isinstance(told, list)
        case list():
            return isinstance(told, list) and len(told) >= len(promised) and all(map(matches, told, promised))
        case int():
            return isinstance(told, int) and not isinstance(told, bool)
        case _:
            return isinstance(told, str) and promised in (told, "…")


def test_the_examples_of_the_page_hold(db: Session) -> None:
    reader = Reader(db, factories.channel(db, key="shop"))
    answers: list[Frame] = []
    for block in re.findall(r"```frames\n(.*?)```", TEXT, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("> "):
                assert not answers, f"not on the page: {answers}"
                answers = reader.send(reader.read(line[2:]))
            else:
                told = answers.pop(0) if answers else None
                assert matches(told, reader.read(line[2:])), f"promised: {line}\nanswered: {told}"
    assert not answers


def test_every_verb_stands_on_the_page() -> None:
    missing = [verb for verb in VERBS if f'"t": "{verb}"' not in TEXT]
    assert not missing


def test_every_error_code_stands_on_the_page() -> None:
    sources = [
        *(PAGE.parent.parent / "visitors").glob("*.py"),
        *(PAGE.parent.parent / "web").glob("widget_*.py"),
    ]
    codes = {c for path in sources for c in re.findall(r'Trouble\(\s*"(\w+)"', path.read_text("utf-8"))}
    assert codes
    assert not [code for code in codes if f"`{code}`" not in TEXT]


@pytest.mark.parametrize(
    "told", ["hello", "welcome", "ack", "message", "typing", "read", "status", "ended", "error"]
)
def test_every_kind_of_frame_is_described(told: str) -> None:
    assert f'"t": "{told}"' in TEXT
