"""Browsers of visitors for tests, and what a shop's server says of who is signed in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from sqlalchemy.orm import Session

from app import visitors
from app.db import now
from app.models import (
    Channel,
    Conversation,
    Visitor,
)
from app.visitors import sessions
from app.visitors.sending import Answer
from app.visitors.trouble import Frame, Trouble

SECRET = "the shop's own identity secret, long enough"


class Guest:
    """One browser: remembers its token and says hello with it."""

    def __init__(self, db: Session, channel: Channel, **hello: Any) -> None:
        self.db, self.channel, self.token = db, channel, ""
        self.frames: list[Frame] = []
        self.hello(**hello)

    def hello(self, **fields: Any) -> Frame:
        ticket = visitors.issue_ticket(self.channel.key, "https://shop.example.jp", now())
        frame = {"t": "hello", "v": 1, "ticket": ticket, "locale": "ja", **fields}
        if self.token:
            frame["token"] = self.token
        return self._take(visitors.hello(self.db, self.channel, frame))

    def say(self, kind: str, **fields: Any) -> Frame:
        """One frame; the first frame of the answer, or {}."""
        return self._take(visitors.handle(self.db, self.channel, self.visitor, {"t": kind, **fields}))

    def send(self, text: str, id: str = "m1", **fields: Any) -> Frame:
        return self.say("send", id=id, text=text, **fields)

    def texts(self) -> list[str]:
        """What a newly opened window of this browser shows."""
        return [message["text"] for message in self.hello()["messages"]]

    def _take(self, answer: Answer) -> Frame:
        self.frames = answer.frames
        if answer.visitor is not None:
            self.visitor = answer.visitor
        first = self.frames[0] if self.frames else {}
        self.token = first.get("token", self.token)
        return first


def proof(user: str, **claims: Any) -> Mapping[str, Any]:
    told = {"sub": user, "aud": "shop", "exp": int(time.time()) + 600, **claims}
    return {"jwt": jwt.encode(told, SECRET, "HS256")}


def code_of(trouble: pytest.ExceptionInfo[Trouble]) -> str:
    return trouble.value.code


def thread(db: Session, visitor: Visitor) -> Conversation:
    found = sessions.head(db, visitor)
    assert found is not None
    return found
