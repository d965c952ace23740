"""One person on three channels: LINE, Instagram and the chat of the site are three threads until the code that the
chat shows is sent on the others; then they are one, and each way is answered from it.

The product is the real one, with its own processes; LINE and Instagram are played by the sandbox.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import tokens, verify
from app.bench.stack import Served, installed
from app.config import settings
from app.models import Channel
from app.sandbox.server import META_APP
from tests import factories as make
from tests.sandbox import MISAKI, Sandbox, playing
from tests.sandbox.test_end_to_end import Desk
from tests.serving import until

LINE, INSTAGRAM, SITE = "sandbox-line", "sandbox-instagram", "shop"
META = ("instagram", "messenger", "whatsapp")
FACES = ("instagram", "messenger")  # WhatsApp shows a business nobody's picture
Frame = dict[str, Any]


class Chat:
    """A browser on the site, by long polling."""

    def __init__(self, served: Served) -> None:
        self.http = httpx2.Client(base_url=f"{served.base}/widget/{SITE}", trust_env=False, timeout=20)
        self.token: str | None = None
        ticket = self.http.get("/config").raise_for_status().json()["ticket"]
        hello = self.frames({"t": "hello", "v": 1, "ticket": ticket, "locale": "ja"})
        self.token = hello[0]["token"]

    def frames(self, frame: Frame) -> list[Frame]:
        """One frame to the chat; what it answers."""
        answer = self.http.post("/frames", json={"token": self.token, "frames": [frame]})
        told: list[Frame] = answer.raise_for_status().json()["frames"]
        return told

    def says(self, text: str) -> None:
        """The visitor writes."""
        self.frames({"t": "send", "id": text, "text": text})

    def code(self) -> str:
        """A code to go on elsewhere by."""
        return next(str(one["code"]) for one in self.frames({"t": "code"}) if one["t"] == "code")

    def texts(self) -> list[str]:
        """What a newly opened window shows."""
        ticket = self.http.get("/config").json()["ticket"]
        hello = self.frames({"t": "hello", "v": 1, "ticket": ticket, "locale": "ja", "token": self.token})
        return [one["text"] for one in hello[0]["messages"]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Desk]]:
    """The product with the three channels, and an agent's token."""
    with playing() as sandbox:
        environment = {"MADOGUCHI_SANDBOX": sandbox.base, "MADOGUCHI_SECRET_KEY": str(settings().secret)}
        with installed(tmp_path_factory.mktemp("desk"), **environment) as served:
            sandbox.set(webhook=f"{served.base}/hooks/{LINE}", within=10)
            for platform in META:
                sandbox.set(platform, webhook=f"{served.base}/hooks/sandbox-{platform}", within=10)
            desk = Desk(served, _furnish(served, sandbox))
            yield sandbox, desk
            desk.http.close()
            with served.rows() as db:
                report = verify.report(db)
            assert report.clean, str(report)


def _furnish(served: Served, sandbox: Sandbox) -> str:
    given = sandbox.options
    line = {"channel_secret": given.line_secret, "access_token": given.line_token}
    with served.rows() as db:
        make.channel(db, "line", key=LINE, settings={"channel_id": given.line_channel}, secrets=line)
        for platform in META:
            _furnish_meta(db, sandbox, platform)
        make.channel(db, key=SITE)
        return tokens.make(db, make.agent(db, "田中"), "a test", tokens.SCOPES)[1]


def _furnish_meta(db: Session, sandbox: Sandbox, platform: str) -> None:
    own = sandbox.state(platform)["settings"]
    secrets = {name: own[name] for name in ("app_secret", "access_token")}
    id = {"instagram": "account_id", "messenger": "page_id", "whatsapp": "phone_number_id"}[platform]
    told = {id: own["account_id"], "app_id": META_APP}
    if platform == "whatsapp":
        told["waba_id"] = own["business_id"]
    secrets["verify_token"] = "a word of ours"
    make.channel(db, platform, key=f"sandbox-{platform}", settings=told, secrets=secrets)


def channel_ids(desk: Desk) -> dict[str, int]:
    with desk.served.rows() as db:
        return {one.key: one.id for one in db.scalars(select(Channel))}


def said(sandbox: Sandbox, user: str, on: str) -> list[tuple[str, str]]:
    return [(one["by"], one["text"]) for one in sandbox.phone(user, on)]


@pytest.mark.parametrize("platform", META)
def test_a_customer_there_and_an_agent_talk(world: tuple[Sandbox, Desk], platform: str) -> None:
    sandbox, desk = world
    who, question = sandbox.state(platform)["customers"][1]["id"], f"{platform}から、在庫はありますか😀"
    sandbox.act(who, "text", on=platform, text=question)
    conversation = desk.conversation(question)
    desk.answers(conversation, "ございます。")
    until(lambda: desk.states(conversation)[0] in ("sent", "delivered"), "the answer is known to be sent")
    assert said(sandbox, who, platform) == [("customer", question), ("shop", "ございます。")]
    until(lambda: desk.states(conversation) == ["read"], "that it was seen is known")
    about = f"/conversations/{conversation}"
    until(lambda: desk.see(about)["customer_name"] == "鈴木 一郎", "it is known who it is")
    until(
        lambda: desk.has_picture(conversation) == (platform in FACES),
        "their picture is here where there is one",
    )
    assert sandbox.record(what="refused", platform=platform) == []


def test_three_threads_become_one_by_a_code_and_each_way_is_answered(
    world: tuple[Sandbox, Desk], request: pytest.FixtureRequest
) -> None:
    sandbox, desk = world
    who = sandbox.state("instagram")["customers"][0]["id"]
    sandbox.says(MISAKI, "LINEから失礼します")
    sandbox.act(who, "text", on="instagram", text="インスタからも失礼します")
    chat = Chat(desk.served)
    request.addfinalizer(chat.http.close)
    chat.says("サイトからも失礼します")
    asked = ("LINEから失礼します", "インスタからも失礼します", "サイトからも失礼します")
    assert len({desk.conversation(question) for question in asked}) == 3

    # A browser has one code at a time: the next one ends the one before.
    sandbox.says(MISAKI, chat.code())
    until(lambda: one_thread(desk, asked[::2]), "LINE and the chat are one", every=0.2)
    sandbox.act(who, "text", on="instagram", text=chat.code())
    until(lambda: one_thread(desk, asked), "all three are one", every=0.2)
    conversation = desk.conversation(asked[0])

    ids = channel_ids(desk)
    for key, text in (
        (LINE, "LINEへのお返事"),
        (INSTAGRAM, "インスタへのお返事"),
        (SITE, "サイトへのお返事"),
    ):
        told = {"text": text, "channel_id": ids[key]}
        answer = desk.http.post(f"/conversations/{conversation}/replies", json=told)
        assert answer.status_code == 201, answer.text
    until(lambda: "LINEへのお返事" in sandbox.accepted(MISAKI), "it is at LINE")
    until(lambda: "インスタへのお返事" in sandbox.accepted(who), "it is at Instagram")
    until(lambda: "サイトへのお返事" in chat.texts(), "it is in the chat")
    sandbox.settle("instagram")

    on_line = [text for by, text in said(sandbox, MISAKI, "line") if by == "shop"]
    on_instagram = [text for by, text in said(sandbox, who, "instagram") if by == "shop"]
    assert on_line.count("LINEへのお返事") == 1
    assert on_instagram.count("インスタへのお返事") == 1
    assert not {"インスタへのお返事", "サイトへのお返事"} & set(on_line)
    assert not {"LINEへのお返事", "サイトへのお返事"} & set(on_instagram)
    assert chat.texts().count("サイトへのお返事") == 1
    answers = [text for text in desk.texts(conversation, "outbound") if text.endswith("へのお返事")]
    assert answers == ["LINEへのお返事", "インスタへのお返事", "サイトへのお返事"]


def one_thread(desk: Desk, asked: tuple[str, ...]) -> bool:
    heads = [int(one["id"]) for one in desk.see("/conversations")["items"]]
    return any(set(asked) <= set(desk.texts(id, "inbound")) for id in heads)


def test_what_comes_badly_from_instagram_is_there_once_and_in_order(world: tuple[Sandbox, Desk]) -> None:
    sandbox, desk = world
    sandbox.misbehaves(
        {"fault": "duplicate", "platform": "instagram", "probability": 0.3, "times": 3},
        {"fault": "reorder", "platform": "instagram", "probability": 0.3, "seconds": 0.3},
        {"fault": "batch", "platform": "instagram", "probability": 0.2, "seconds": 0.3, "times": 3},
        {"fault": "lost_answer", "platform": "instagram", "probability": 0.2},
    )
    asked = [f"質問その{number}" for number in range(15)]
    for text in asked:
        sandbox.act("5" * 16, "text", on="instagram", text=text)
    conversation = desk.conversation(asked[0])
    until(lambda: desk.texts(conversation, "inbound") == asked, "all of them, in order", 60)
    sandbox.settle("instagram")
    assert desk.texts(conversation, "inbound") == asked
    struck = {entry["fault"] for entry in sandbox.record(what="fault", platform="instagram")}
    assert struck == {"duplicate", "reorder", "batch", "lost_answer"}
    sandbox.misbehaves()


def test_an_answer_whose_fate_is_unknown_is_not_sent_twice(world: tuple[Sandbox, Desk]) -> None:
    sandbox, desk = world
    who = "6" * 16
    sandbox.act(who, "text", on="instagram", text="届きますか")
    conversation = desk.conversation("届きますか")
    sandbox.misbehaves({"fault": "drop_after", "platform": "instagram", "call": "messages", "count": 1})
    desk.answers(conversation, "届いたはずです")
    until(lambda: sandbox.accepted(who) == ["届いたはずです"], "Instagram has it")
    sandbox.misbehaves()
    desk.answers(conversation, "これは二つ目です")
    until(lambda: len(sandbox.accepted(who)) == 2, "the next one is there too", 60)
    assert sandbox.accepted(who) == ["届いたはずです", "これは二つ目です"]
    assert [text for by, text in said(sandbox, who, "instagram") if by == "shop"] == sandbox.accepted(who)


def test_a_picture_of_the_agents_is_fetched_by_instagram_and_stands_on_the_phone(
    world: tuple[Sandbox, Desk],
) -> None:
    sandbox, desk = world
    who = "7" * 16
    sandbox.act(who, "text", on="instagram", text="写真はありますか")
    conversation = desk.conversation("写真はありますか")
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "#28518f").save(picture, "PNG")
    files = {"file": ("coat.png", picture.getvalue())}
    kept = desk.http.post("/attachments", files=files).raise_for_status().json()
    told = {"text": "こちらです", "attachment_ids": [kept["id"]]}
    answer = desk.http.post(f"/conversations/{conversation}/replies", json=told)
    assert answer.status_code == 201, answer.text
    until(lambda: desk.states(conversation)[-1:] in (["sent"], ["read"]), "it is sent")
    shown = [one for one in sandbox.phone(who, "instagram") if one["by"] == "shop"]
    assert [(one["kind"], one["text"]) for one in shown] == [("text", "こちらです"), ("image", "")]
    query = {"user": who, "message": shown[1]["id"]}
    body = sandbox.http.get("/phone/instagram/media", params=query).content
    assert Image.open(io.BytesIO(body)).size == (60, 40)
