"""The help on the API is so: its shell walk is walked, its two programs are run, its example of a problem is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import Empty, Queue

import pytest
from sqlalchemy import select, update

from app import connect, deliver, i18n
from app.config import configure, settings
from app.db import reading, transaction
from app.models import Agent, Attachment, Channel, Conversation, Message, Visitor
from app.visitors.trouble import Trouble
from app.web import widget_desk
from app.web.manual import FOLDER
from tests import factories
from tests.api.calling import program, token_of
from tests.serving import clean_environment, free_port, until
from tests.web.shop import House

pytestmark = pytest.mark.usefixtures("committed")
SECRET = factories.SECRETS["api"]["secret"]


@pytest.fixture
def house() -> Iterator[House]:
    """The application on a port, which may call this machine."""
    now = settings()
    configure(
        data_dir=now.data_dir, database_url=now.database_url, redis_url=now.redis_url, secret=now.secret,
        allow_private=True,
    )  # fmt: skip
    connect.http.cache_clear()
    made = House()
    yield made
    made.stop()
    connect.http.cache_clear()


def shell(language: str) -> str:
    page = (FOLDER / language / "api.md").read_text("utf-8")
    (script,) = re.findall(r"```bash\n(.*?)```", page, re.S)
    return str(script)


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_walk_through_the_api_is_walked(language: str, house: House) -> None:
    assert shutil.which("curl"), "The example needs curl: install it."
    with transaction() as db:
        sato = factories.agent(db, "佐藤")
        thread = factories.conversation(db, text="本日は営業していますか？")
    script = shell(language).replace("https://desk.example.jp", house.base)
    script = script.replace("mdg_the-token-you-made", token_of(sato))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr + done.stdout
    with reading() as db:
        kinds = [one.kind for one in db.scalars(select(Message).order_by(Message.id)) if one.kind != "system"]
        assert kinds == ["inbound", "outbound", "note"]  # sent twice, said once
        assert db.scalars(select(Attachment.message_id)).one() is not None
        assert db.get_one(Conversation, thread.id).status == "resolved"


@pytest.mark.parametrize("language", i18n.LOCALES)
def test_the_example_of_a_problem_is_what_one_gets(language: str) -> None:
    with transaction() as db:
        sato, thread = factories.agent(db), factories.conversation(db)
    page = (FOLDER / language / "api.md").read_text("utf-8")
    (told,) = re.findall(r"```json\n(.*?)```", page, re.S)
    caller = program(sato)
    caller.headers["accept-language"] = language
    problem = caller.refused("POST", f"/conversations/{thread.id}/replies", 422, json={"text": 1})
    assert problem == json.loads(told)


@contextmanager
def running(name: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Queue[str]]]:
    """An example as somebody would start it, and the lines it says."""
    said: Queue[str] = Queue()
    with subprocess.Popen(
        [sys.executable, str(FOLDER / "examples" / name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(PYTHONIOENCODING="utf-8", **environment),
    ) as program:

        def listen() -> None:
            for line in program.stdout or ():
                said.put(line.strip())

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield program, said
        finally:
            program.kill()
            listener.join()


def type_in(program: subprocess.Popen[str], line: str) -> None:
    assert program.stdin is not None
    program.stdin.write(line + "\n")
    program.stdin.flush()


def heard(said: Queue[str]) -> str:
    try:
        return said.get(timeout=20)
    except Empty:
        raise AssertionError("the program says nothing") from None


def message(text: str) -> Message | None:
    with reading() as db:
        return db.scalars(select(Message).where(Message.text == text)).one_or_none()


def answer(by: Agent, to: Message, text: str) -> None:
    with transaction() as db:
        factories.reply(db, by, factories.thread_of(db, db.get_one(Message, to.id)), text)


def wait_for(text: str) -> Message:
    until(lambda: message(text) is not None, f"{text!r} has arrived")
    found = message(text)
    assert found is not None
    return found


def test_the_channel_of_ones_own_says_and_hears(house: House) -> None:
    port = free_port()
    with transaction() as db:
        sato = factories.agent(db, "佐藤")
        channel = factories.channel(
            db, "api", key="own", settings={"callback_url": f"http://127.0.0.1:{port}"}
        )
    with running("own_channel.py", DESK=f"{house.base}/hooks/own", SECRET=SECRET, PORT=str(port)) as (
        own,
        said,
    ):
        type_in(own, "在庫は？")
        answer(sato, wait_for("在庫は？"), "ございます。")
        deliver.drain(channel.id)
        assert heard(said) == "佐藤: ございます。"


def test_the_channel_of_ones_own_waits_for_a_desk_that_is_away(house: House) -> None:
    with transaction() as db:
        factories.channel(db, "api", key="own")
    environment = {"DESK": f"{house.base}/hooks/own", "SECRET": SECRET, "PORT": str(free_port())}
    house.stop()
    with running("own_channel.py", **environment) as (own, _):
        type_in(own, "在庫は？")
        type_in(own, "コートです")
        assert own.poll() is None
        house.start()
        wait_for("コートです")
    assert wait_for("在庫は？").id < wait_for("コートです").id


def test_the_chat_of_ones_own_says_and_hears_and_lives_through_a_restart(house: House) -> None:
    with transaction() as db:
        sato = factories.agent(db, "佐藤")
        chat: Channel = factories.channel(db, key="chat")
    with running("own_chat.py", HOST=house.base, KEY=chat.key) as (own, said):
        type_in(own, "在庫は？")
        type_in(own, "コートです")
        wait_for("在庫は？")
        coat = wait_for("コートです")
        answer(sato, coat, "ございます。")
        assert heard(said) == "佐藤: ございます。"
        house.stop()
        type_in(own, "取り置けますか？")
        more = [f"{n}着目もございます。" for n in range(40)]  # more than are told at once
        with transaction() as db:
            for text in more:
                factories.reply(db, db.merge(sato), factories.thread_of(db, db.merge(coat)), text)
        house.start()
        answer(sato, wait_for("取り置けますか？"), "はい。")
        assert [heard(said) for _ in range(41)] == [f"佐藤: {text}" for text in [*more, "はい。"]]


def test_the_chat_of_ones_own_keeps_what_is_not_taken_yet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        chat: Channel = factories.channel(db, key="chat")
    refusals = iter(["あとで。"])

    def limit(_desk: object, _chosen: object) -> None:
        for sentence in refusals:
            raise Trouble("rate", sentence, retry_after=0.1)

    monkeypatch.setattr(widget_desk, "_limit_messages", limit)
    with running("own_chat.py", HOST=house.base, KEY=chat.key) as (own, said):
        type_in(own, "在庫は？")
        assert heard(said) == "! あとで。"
        type_in(own, "コートです")
        wait_for("コートです")
    assert message("在庫は？") is not None


def test_the_examples_are_as_short_as_is_said() -> None:
    for one in (FOLDER / "examples").glob("own_*.py"):
        above, *code = one.read_text("utf-8").split("\n\n")[2:]
        assert above.startswith("import")
        assert sum(len(part.strip().splitlines()) for part in code) <= 40, one.name


def test_the_chat_of_ones_own_ends_where_the_session_is_over(house: House) -> None:
    with transaction() as db:
        chat: Channel = factories.channel(db, key="chat")
    with running("own_chat.py", HOST=house.base, KEY=chat.key) as (own, said):
        type_in(own, "在庫は？")
        wait_for("在庫は？")
        with transaction() as db:
            db.execute(update(Visitor).values(revoked_at=datetime.now(UTC)))
        type_in(own, "コートです")
        assert heard(said).startswith("! ")
        assert own.wait(20) == 1
