"""What goes wrong at LINE's and Meta's on demand, as the product's own connectors meet it: answers and files that come
late, webhooks too, limits of the month, tokens that have expired."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from channels import registry
from channels.base import Connector, Context
from channels.events import Attachment, Inbound, Person
from channels.guard import Client
from channels.line.connector import Line
from channels.outbound import ChannelError, Outbound
from tests.sandbox import TAKASHI, Sandbox
from tests.sandbox.conftest import Bot
from tests.sandbox.meta import PLATFORMS, Meta

BODY = b"%PDF-1.4 " + bytes(4000)
FILE = base64.b64encode(BODY).decode()
LATE, MEASURED = 0.4, 0.3  # seconds it is told to wait, and what is seen of that at least


@pytest.fixture
def line(sandbox: Sandbox, http: Client) -> Connector[Any]:
    """The product's own, talking to the sandbox; TAKASHI has written to it."""
    sandbox.says(TAKASHI, "はじめまして")
    own = sandbox.state()["settings"]
    stored = {name: own[name] for name in ("channel_id", "channel_secret", "access_token")}
    return registry.build("line", stored, http, Context("sandbox-line", sandbox=sandbox.base))


def hello() -> Outbound:
    return Outbound("m1", Person(TAKASHI), "はい")


def took(began: float) -> bool:
    return time.monotonic() - began > MEASURED


def test_line_answers_late(sandbox: Sandbox, line: Connector[Any]) -> None:
    sandbox.misbehaves({"fault": "slow", "call": "message/push", "seconds": LATE, "count": 1})
    began = time.monotonic()
    assert line.send(hello()).external_ids
    assert took(began)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("monthly_limit", {"permanent": True, "ambiguous": False}),
        ("rate_limit", {"permanent": False, "ambiguous": False}),
        ("expired_token", {"permanent": True, "everybody": True}),
    ],
)
def test_line_refuses(sandbox: Sandbox, line: Connector[Any], fault: str, wanted: dict[str, bool]) -> None:
    sandbox.misbehaves({"fault": fault, "count": 1})
    with pytest.raises(ChannelError) as error:
        line.send(hello())
    assert {name: getattr(error.value, name) for name in wanted} == wanted
    assert sandbox.accepted() == []
    assert line.send(hello()).external_ids


def test_the_two_limits_of_line_read_differently(sandbox: Sandbox, line: Connector[Any]) -> None:
    said = set()
    for fault in ("monthly_limit", "rate_limit"):
        sandbox.misbehaves({"fault": fault, "count": 1})
        with pytest.raises(ChannelError) as error:
            line.send(hello())
        said.add(error.value.sentence)
    assert len(said) == 2


def test_a_file_at_line_comes_slowly_and_whole(sandbox: Sandbox, line: Connector[Any]) -> None:
    assert isinstance(line, Line)
    message = sandbox.act(TAKASHI, "file", content=FILE, name="領収書.pdf")["message"]
    sandbox.misbehaves({"fault": "slow_media", "seconds": LATE, "count": 1})
    began = time.monotonic()
    assert line.fetch(Attachment("領収書.pdf", ref=message)) == BODY
    assert took(began)


def test_a_webhook_of_line_s_comes_late_and_the_next_one_after_it(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.misbehaves({"fault": "delay", "seconds": LATE, "count": 1})
    began = time.monotonic()
    sandbox.says(TAKASHI, "一")
    sandbox.says(TAKASHI, "二")
    assert bot.texts(2) == ["一", "二"]
    assert took(began)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_meta_answers_late_and_tells_late(meta: Meta, platform: str) -> None:
    meta.sandbox.misbehaves({"fault": "delay", "seconds": LATE, "count": 1})
    began = time.monotonic()
    meta.does(platform, "text", text="x")
    assert isinstance(meta.heard(platform, 1)[0], Inbound)
    assert took(began)
    meta.sandbox.misbehaves({"fault": "slow", "call": "messages", "seconds": LATE, "count": 1})
    began = time.monotonic()
    assert meta.connector(platform).send(Outbound("1", Person(meta.somebody(platform)), "はい")).external_ids
    assert took(began)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_at_meta_comes_slowly_and_whole(meta: Meta, platform: str) -> None:
    meta.does(platform, "image", content=FILE, type="image/png")
    event = meta.heard(platform, 1)[0]
    assert isinstance(event, Inbound)
    meta.sandbox.misbehaves({"fault": "slow_media", "seconds": LATE, "count": 1})
    began = time.monotonic()
    assert meta.connector(platform).fetch(event.attachments[0]) == BODY
    assert took(began)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_expired_token_of_meta_s_is_about_everybody(meta: Meta, platform: str) -> None:
    meta.does(platform, "text", text="x")
    meta.sandbox.misbehaves({"fault": "expired_token", "count": 1})
    with pytest.raises(ChannelError) as error:
        meta.connector(platform).send(Outbound("1", Person(meta.somebody(platform)), "はい"))
    assert (error.value.permanent, error.value.everybody) == (True, True)
