"""The whole way: a customer's phone in the sandbox, `madoguchi serve`, an agent's answer, the phone again.

The product is the real one, with its own processes; everything between it and "LINE" goes over HTTP.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from app import tokens, verify
from app.bench.stack import Served, installed
from app.config import settings
from app.models import Conversation, Customer, Delivery, Message
from channels.telegram import signature
from tests import factories as make
from tests.sandbox import MISAKI, TAKASHI, Sandbox, playing
from tests.serving import until

CHANNEL, TELEGRAM, TWILIO = "sandbox-line", "sandbox-telegram", "sandbox-twilio"
STUMBLES = ("rate_limit", "error", "error_after", "drop_before", "drop_after")
PICTURE = Path(__file__).parents[2] / "static" / "docs"


class Desk:
    """The product, as a program of the agent sees it."""

    def __init__(self, served: Served, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.served = served
        self.http = httpx2.Client(
            base_url=f"{served.base}/api/v1", headers=headers, trust_env=False, timeout=20
        )

    def see(self, path: str) -> Any:
        """What the API says. Who has asked much asks on more slowly, as a program should."""
        answer = self.http.get(path).raise_for_status()
        if int(answer.headers["ratelimit-remaining"]) < 300:
            time.sleep(0.1)
        return answer.json()

    def thread(self, conversation: int) -> list[dict[str, Any]]:
        """Everything said, oldest first; no system lines."""
        items: list[dict[str, Any]] = self.see(f"/conversations/{conversation}/messages?limit=100")["items"]
        return [one for one in items if one["kind"] in ("inbound", "outbound")]

    def texts(self, conversation: int, kind: str) -> list[str]:
        """What was said by "inbound" or "outbound"."""
        return [one["text"] for one in self.thread(conversation) if one["kind"] == kind]

    def conversation(self, question: str) -> int:
        """The one in which this was asked, once it is there."""
        until(lambda: self._asked(question), f"somebody has asked {question}")
        return self._asked(question)[0]

    def _asked(self, question: str) -> list[int]:
        ids = [int(one["id"]) for one in self.see("/conversations")["items"]]
        return [id for id in ids if question in self.texts(id, "inbound")]

    def answers(self, conversation: int, text: str) -> int:
        """The agent answers; the message's id."""
        told = self.http.post(f"/conversations/{conversation}/replies", json={"text": text})
        assert told.status_code == 201, told.text
        return int(told.json()["id"])

    def name(self, conversation: int) -> str:
        """The customer's."""
        return str(self.see(f"/conversations/{conversation}")["customer_name"])

    def has_picture(self, conversation: int) -> bool:
        """Whether the customer's picture was fetched."""
        with self.served.rows() as db:
            of = select(Customer.avatar).join(Conversation, Conversation.customer_id == Customer.id)
            return bool(db.scalar(of.where(Conversation.id == conversation)))

    def states(self, conversation: int) -> list[str]:
        """How far each answer came, by the product's own rows: the API may be asked so often a minute."""
        with self.served.rows() as db:
            of = select(Delivery.state).join(Message, Message.id == Delivery.message_id)
            return list(db.scalars(of.where(Message.conversation_id == conversation).order_by(Message.id)))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Desk]]:
    """The product with channels at LINE, Telegram and Twilio that the sandbox plays, and an agent's token."""
    with playing() as sandbox:
        environment = {"MADOGUCHI_SANDBOX": sandbox.base, "MADOGUCHI_SECRET_KEY": str(settings().secret)}
        with installed(tmp_path_factory.mktemp("desk"), **environment) as served:
            sandbox.set(webhook=f"{served.base}/hooks/{CHANNEL}", within=10)
            told = {"webhook": f"{served.base}/hooks/{TELEGRAM}", "secret": _secret_of(sandbox)}
            sandbox.set("telegram", **told)
            sandbox.set("twilio", webhook=f"{served.base}/hooks/{TWILIO}")
            desk = Desk(served, _furnish(served, sandbox))
            yield sandbox, desk
            desk.http.close()
            with served.rows() as db:
                report = verify.report(db)
            assert report.clean, str(report)


def _furnish(served: Served, sandbox: Sandbox) -> str:
    """The channels and an agent; the agent's token."""
    given = sandbox.options
    secrets = {"channel_secret": given.line_secret, "access_token": given.line_token}
    account = {"account_sid": given.twilio_account, "sender": sandbox.state("twilio")["settings"]["number"]}
    with served.rows() as db:
        make.channel(db, "telegram", key=TELEGRAM, secrets={"token": given.telegram_token})
        make.channel(db, "sms", key=TWILIO, settings=account, secrets={"auth_token": given.twilio_token})
        make.channel(db, "line", key=CHANNEL, settings={"channel_id": given.line_channel}, secrets=secrets)
        return tokens.make(db, make.agent(db, "田中"), "a test", tokens.SCOPES)[1]


def _secret_of(sandbox: Sandbox) -> str:
    """What Telegram's webhooks carry: the product has the same secret key as these tests."""
    return signature.secret_of(settings().seal_key(TELEGRAM), sandbox.options.telegram_token)


@pytest.fixture
def sandbox(both: tuple[Sandbox, Desk]) -> Sandbox:
    return both[0]


@pytest.fixture
def desk(both: tuple[Sandbox, Desk]) -> Desk:
    return both[1]


def test_a_customer_on_line_and_an_agent_talk(sandbox: Sandbox, desk: Desk) -> None:
    who, question = sandbox.state()["customers"][0]["id"], "コートの在庫はありますか😀"
    sandbox.act(who, "follow")
    sandbox.says(who, question)
    conversation = desk.conversation(question)
    desk.answers(conversation, "ございます。")
    until(lambda: sandbox.accepted(who), "the answer is at LINE")
    photo = next(PICTURE.glob("*.webp")).read_bytes()
    sandbox.act(who, "image", content=base64.b64encode(photo).decode(), type="image/webp")
    sandbox.act(who, "sticker", stickerId="1988")
    until(lambda: len(desk.texts(conversation, "inbound")) == 3, "all three are there")
    said = [(bubble["by"], bubble["kind"], bubble["text"]) for bubble in sandbox.phone(who)]
    assert said[:2] == [("customer", "text", question), ("shop", "text", "ございます。")]
    assert [kind for _, kind, _ in said[2:]] == ["image", "sticker"]
    until(
        lambda: desk.see(f"/conversations/{conversation}")["customer_name"] == "佐藤 美咲",
        "LINE was asked who it is",
    )
    until(lambda: desk.states(conversation) == ["sent"], "the answer is known to be sent")
    until(lambda: _size_of_picture(desk, conversation) == len(photo), "the picture is here")


def _size_of_picture(desk: Desk, conversation: int) -> int:
    pictures = [one["attachments"] for one in desk.thread(conversation) if one["attachments"]]
    return int(pictures[0][0]["size"]) if pictures and pictures[0][0].get("size") else 0


def test_what_a_customer_takes_back_is_gone_here_too(sandbox: Sandbox, desk: Desk) -> None:
    who = "U" + "4" * 32
    id = sandbox.says(who, "カード番号は4111です")["message"]
    conversation = desk.conversation("カード番号は4111です")
    sandbox.act(who, "unsend", message=id)
    until(lambda: "4111" not in "".join(desk.texts(conversation, "inbound")), "it is gone")
    assert len(desk.texts(conversation, "inbound")) == 1


def test_what_comes_badly_is_there_once_and_in_order(sandbox: Sandbox, desk: Desk) -> None:
    sandbox.misbehaves(
        {"fault": "duplicate", "probability": 0.3, "times": 3},
        {"fault": "reorder", "probability": 0.3, "seconds": 0.3},
        {"fault": "batch", "probability": 0.2, "seconds": 0.3, "times": 3},
        {"fault": "lost_answer", "probability": 0.2},
    )
    asked = {who: [f"{who[-1]}の質問{number}" for number in range(15)] for who in (TAKASHI, MISAKI)}
    for number in range(15):
        for who, texts in asked.items():
            sandbox.says(who, texts[number])
    for texts in asked.values():
        conversation = desk.conversation(texts[0])
        until(lambda: desk.texts(conversation, "inbound") == texts, f"{texts[0]} and on", 60)  # noqa: B023
    until(lambda: not sandbox.state()["waiting"], "what was told again is told", 60)
    assert [desk.texts(desk.conversation(texts[0]), "inbound") for texts in asked.values()] == [
        *asked.values()
    ]
    struck = {entry["fault"] for entry in sandbox.record(what="fault")}
    assert struck == {"duplicate", "reorder", "batch", "lost_answer"}


def test_what_goes_badly_arrives_once_and_overtakes_nothing(sandbox: Sandbox, desk: Desk) -> None:
    who = "U" + "5" * 32
    sandbox.misbehaves()
    sandbox.says(who, "全部お返事ください")
    conversation, said = desk.conversation("全部お返事ください"), list[str]()
    for fault in STUMBLES:
        sandbox.misbehaves({"fault": fault, "call": "message/push", "count": 1})
        said += [f"{fault} 一", f"{fault} 二"]
        for text in said[-2:]:
            desk.answers(conversation, text)
        until(lambda: desk.states(conversation) == ["sent"] * len(said), f"both, {fault}", 60)  # noqa: B023
    assert sandbox.accepted(who) == said
    assert [bubble["text"] for bubble in sandbox.phone(who) if bubble["by"] == "shop"] == said
    struck = [entry["fault"] for entry in sandbox.record(what="fault", call="message/push")]
    assert struck == list(STUMBLES)


def said(sandbox: Sandbox, user: str, on: str) -> list[tuple[str, str]]:
    return [(one["by"], one["text"]) for one in sandbox.phone(user, on)]


def test_a_customer_on_telegram_and_an_agent_talk(sandbox: Sandbox, desk: Desk) -> None:
    sandbox.misbehaves()
    who, question = sandbox.state("telegram")["customers"][0]["id"], "テレグラムから失礼します"
    sandbox.act(who, "text", on="telegram", text=question)
    conversation = desk.conversation(question)
    desk.answers(conversation, "いらっしゃいませ。")
    until(lambda: desk.states(conversation) == ["sent"], "the answer is at Telegram")
    photo = next(PICTURE.glob("*.webp")).read_bytes()
    sandbox.act(
        who,
        "image",
        on="telegram",
        content=base64.b64encode(photo).decode(),
        type="image/webp",
        caption="これ",
    )
    until(lambda: _size_of_picture(desk, conversation) == len(photo), "the picture is here")
    assert desk.texts(conversation, "inbound") == [question, "これ"]
    assert said(sandbox, who, "telegram") == [
        ("customer", question),
        ("shop", "いらっしゃいませ。"),
        ("customer", "これ"),
    ]
    assert desk.name(conversation) == "佐藤 美咲"
    until(lambda: desk.has_picture(conversation), "Telegram was asked for the picture")


def test_what_telegram_may_have_taken_is_asked_about_and_not_sent_twice(sandbox: Sandbox, desk: Desk) -> None:
    who = sandbox.state("telegram")["customers"][1]["id"]
    sandbox.misbehaves()
    sandbox.act(who, "text", on="telegram", text="届きましたか")
    conversation = desk.conversation("届きましたか")
    sandbox.misbehaves({"fault": "rate_limit", "call": "sendMessage", "count": 1})
    desk.answers(conversation, "待ってから")
    until(lambda: desk.states(conversation) == ["sent"], "it is sent after a while", 60)
    sandbox.misbehaves({"fault": "drop_after", "call": "sendMessage", "count": 1})
    desk.answers(conversation, "一度だけ")
    until(lambda: desk.states(conversation) == ["sent", "unknown"], "it is not known whether it arrived", 60)
    desk.answers(conversation, "その次")
    until(lambda: desk.states(conversation)[2] == "sent", "what follows is sent", 60)
    assert [text for by, text in said(sandbox, who, "telegram") if by == "shop"] == [
        "待ってから",
        "一度だけ",
        "その次",
    ]


def test_a_customer_writes_an_sms_and_a_lost_answer_of_twilio_s_is_looked_up(
    sandbox: Sandbox, desk: Desk
) -> None:
    who, question = "+14155550142", "Do you ship to Oakland?"
    sandbox.misbehaves()
    sandbox.act(who, "text", on="twilio", text=question)
    conversation = desk.conversation(question)
    desk.answers(conversation, "We do.")
    until(lambda: desk.states(conversation) == ["delivered"], "Twilio tells that it arrived")
    sandbox.misbehaves(
        {"fault": "drop_after", "call": "Messages.json", "count": 1},
        {"fault": "reorder", "platform": "twilio", "count": 1, "seconds": 2},
    )
    desk.answers(conversation, "Within three days.")
    until(lambda: desk.states(conversation) == ["delivered", "delivered"], "it was found at Twilio", 60)
    assert said(sandbox, who, "twilio") == [
        ("customer", question),
        ("shop", "We do."),
        ("shop", "Within three days."),
    ]
    sandbox.set("twilio", fates={who: 30003})
    desk.answers(conversation, "Lost on its way")
    until(lambda: desk.states(conversation)[2] == "failed", "it is told that it did not arrive", 60)
    sandbox.set("twilio", fates={})


def test_who_opts_out_by_sms_gets_nothing_more(sandbox: Sandbox, desk: Desk) -> None:
    who = "+447700900123"
    sandbox.misbehaves()
    sandbox.act(who, "text", on="twilio", text="My order is late")
    conversation = desk.conversation("My order is late")
    sandbox.act(who, "text", on="twilio", text="STOP")
    until(lambda: len(desk.texts(conversation, "inbound")) == 2, "the agent reads it")
    before = len(sandbox.accepted(who))
    told = desk.http.post(f"/conversations/{conversation}/replies", json={"text": "One moment"})
    assert told.status_code == 422, told.text
    assert "この方法での連絡を希望していません" in told.text
    assert (desk.states(conversation), len(sandbox.accepted(who))) == ([], before)
