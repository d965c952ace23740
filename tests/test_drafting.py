"""Drafts of answers by a model: an endpoint that behaves, and one that does not; the plain entry is always there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from sqlalchemy import select

from app import drafting, inbox
from app.config import configure, settings
from app.db import reading, transaction
from app.drafting import asking
from app.models import Agent, Conversation, Customer, Event, Message, Setting
from tests import factories
from tests.web.visiting import Browser
from tests.webhooks.receiver import Receiver, dribble, receiving

pytestmark = pytest.mark.usefixtures("committed")

ENTRY = "返品は到着後14日以内に承ります。送料はお客様のご負担です。"
QUESTION = (
    "佐々木真理です。注文番号KT-552134のコートを返品したいです。連絡は090-1234-5678まで。返品できますか"
)
DRAFT = "コートの返品は、到着後14日以内でしたら承ります。返品の送料はお客様のご負担となります。"


def completion(text: str) -> Callable[[Any], Callable[[BaseHTTPRequestHandler], None]]:
    return says(200, json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}))


def says(status: int, body: str) -> Callable[[Any], Callable[[BaseHTTPRequestHandler], None]]:
    told = body.encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(told)))
        handler.end_headers()
        handler.wfile.write(told)

    return lambda heard: answer


@pytest.fixture
def model(committed: None) -> Iterator[Receiver]:
    """An endpoint on this machine, which this installation may call, and nothing else there."""
    with receiving() as made:
        made.answer = completion(DRAFT)
        one = settings()
        configure(
            data_dir=one.data_dir,
            redis_url=one.redis_url,
            database_url=one.database_url,
            secret="a secret for the tests only, 0123",
            drafting_local=f"127.0.0.1:{made.server.server_port}",
        )
        yield made


def arranged(url: str, seconds: int = 5) -> tuple[Agent, int, int]:
    """A customer waits for a person, an entry fits; who answers, the thread, the entry."""
    with transaction() as db:
        agent = factories.agent(db, role="admin", locale="en")
        entry = factories.faq(db, ENTRY, ["返品できますか"], title="返品").id
        wanted = drafting.Manner(True, url, "small-model", seconds)
        drafting.change(db, agent, wanted, new_key="key-of-the-house")
        channel = factories.channel(db)
        said = factories.customer_says(db, channel, QUESTION)
        thread = factories.thread_of(db, said)
        db.get_one(Customer, thread.customer_id).name = "佐々木 真理"
        inbox.take_over(db, agent, thread)
        return agent, thread.id, entry


def ask(browser: Browser, thread: int, entry: int) -> str:
    answer = browser.submit(f"/conversations/{thread}/drafting", {"entry": str(entry), "place": "1"})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def kinds() -> list[str]:
    with reading() as db:
        return [one for one in db.scalars(select(Event.kind).order_by(Event.id)) if "drafted" in one]


def test_a_draft_is_marked_made_from_the_entry_alone_and_nothing_personal_leaves_the_house(
    model: Receiver,
) -> None:
    agent, thread, entry = arranged(model.url)
    browser = Browser().come_in(agent)
    drawn = ask(browser, thread, entry)
    assert f'data-insert="{DRAFT}"' in drawn
    assert "Drafted by a model" in drawn
    (heard,) = model.heard
    assert heard.headers["authorization"] == "Bearer key-of-the-house"
    sent = heard.told
    assert (sent["model"], sent["stream"]) == ("small-model", False)
    material = sent["messages"][-1]["content"]
    assert ENTRY in material
    assert "返品したい" in material
    for personal in ("佐々木", "真理", "552134", "1234-5678"):
        assert personal not in json.dumps(sent, ensure_ascii=False)
    assert kinds() == ["audit.answer_drafted"]
    trail = browser.see("/settings/audit")
    assert f"A model drafted an answer from FAQ entry no. {entry}" in trail


def test_who_is_not_on_record_and_says_their_name_is_not_told_to_the_model(model: Receiver) -> None:
    wanted = drafting.Manner(True, model.url, "small-model", 5)
    asking.draft(wanted, ENTRY, "佐々木真理と申します。taro＠example.comまで。返品できますか", "ja")
    (heard,) = model.heard
    material = heard.told["messages"][-1]["content"]
    assert "返品できますか" in material
    assert not any(personal in material for personal in ("佐々木", "真理", "taro"))


def test_what_is_sent_of_a_draft_is_marked_for_colleagues_on_every_device(model: Receiver) -> None:
    agent, thread, entry = arranged(model.url)
    browser = Browser().come_in(agent)
    assert f'data-drafted="{entry}"' in ask(browser, thread, entry)
    kept = {"text": DRAFT, "kind": "reply", "version": "0", "drafted": str(entry)}
    assert browser.submit(f"/conversations/{thread}/draft", kept).status_code == 200
    assert f'data-drafted="{entry}"' in browser.see(f"/inbox/{thread}")
    assert "Began as an AI draft" not in browser.see(f"/inbox/{thread}")
    reply = {"text": f"{DRAFT}よろしくお願いします。", "client_id": "drafted-1", "drafted": str(entry)}
    assert "Began as an AI draft" in browser.submit(f"/conversations/{thread}/replies", reply).text
    own = {"text": "ほかにございますか。", "client_id": "of-my-own"}
    assert "Began as" not in browser.submit(f"/conversations/{thread}/replies", own).text
    with transaction() as db:
        colleague = factories.agent(db, role="admin", locale="ja")
        sent = db.scalars(select(Message).where(Message.client_id == "drafted-1")).one()
        assert "下書き" not in sent.text
    page = Browser().come_in(colleague).see(f"/inbox/{thread}")
    assert page.count("AIの下書きから作成") == 1
    assert f"FAQ {entry}番をもとに" in page
    assert "data-drafted" not in page


def test_where_the_plain_entry_stands_in_nothing_is_marked(model: Receiver) -> None:
    model.answer = says(500, "{}")
    agent, thread, entry = arranged(model.url)
    assert "data-drafted" not in ask(Browser().come_in(agent), thread, entry)


MISBEHAVING = {
    "invents a price": (completion("返品は14日以内に承ります。手数料は300円です。"), "neither the entry nor"),
    "nonsense": (completion("富士山の標高は高く、登山客が景色を満喫しました。"), "hardly about the entry"),
    "fails": (says(500, "{}"), "did not answer with success"),
    "refuses the key": (says(401, "{}"), "does not accept the key"),
    "is no completion": (says(200, '{"choices": []}'), "no chat completion"),
    "is no JSON": (says(200, "<html>"), "no chat completion"),
    "redirects": (says(302, ""), "redirect"),
}


@pytest.mark.parametrize("how", MISBEHAVING)
def test_an_endpoint_that_misbehaves_leaves_the_plain_entry_and_says_why(model: Receiver, how: str) -> None:
    answer, why = MISBEHAVING[how]
    model.answer = answer
    agent, thread, entry = arranged(model.url)
    drawn = ask(Browser().come_in(agent), thread, entry)
    assert f'data-insert="{ENTRY}"' in drawn
    assert why in drawn
    assert "Drafted by" not in drawn
    assert kinds() == ["audit.answer_not_drafted"]
    with reading() as db:
        health = drafting.health(db)
        assert health is not None
        assert bool(health.error) == (how not in ("invents a price", "nonsense"))


def test_a_slow_endpoint_is_given_up_and_holds_no_transaction(
    model: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = threading.Event()

    def slow(heard: Any) -> Callable[[BaseHTTPRequestHandler], None]:
        with transaction() as db:  # nobody else is writing
            db.add(Setting(key="seen meanwhile", value={}))
        wrote.set()
        return dribble

    model.answer = slow
    monkeypatch.setattr("app.drafting.keeping.SECONDS", (1,))
    agent, thread, entry = arranged(model.url, 1)
    drawn = ask(Browser().come_in(agent), thread, entry)
    assert wrote.is_set()
    assert "no answer in time" in drawn
    assert f'data-insert="{ENTRY}"' in drawn


def test_an_address_in_our_own_network_is_not_called_unless_it_is_named(model: Receiver) -> None:
    agent, thread, entry = arranged(model.url)
    one = settings()
    configure(
        data_dir=one.data_dir, redis_url=one.redis_url, database_url=one.database_url, secret=one.secret
    )
    drawn = ask(Browser().come_in(agent), thread, entry)
    assert "private network" in drawn
    assert not model.heard


def test_too_many_at_once_are_turned_away(model: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_turns", threading.BoundedSemaphore(1))
    with asking._turns:
        made = drafting.draft(drafting.Manner(True, url=model.url, model="m"), ENTRY, QUESTION, "ja")
    assert (made.text, made.error, made.failed) == ("", asking.BUSY, True)
    assert not model.heard


def test_it_is_off_until_an_admin_turns_it_on_and_its_key_is_never_shown(model: Receiver) -> None:
    with transaction() as db:
        admin, supervisor = (
            factories.agent(db, role="admin", locale="en"),
            factories.agent(db, role="supervisor"),
        )
        factories.faq(db, ENTRY, ["返品できますか"], title="返品")
        said = factories.customer_says(db, factories.channel(db), "返品できますか")
        thread = factories.thread_of(db, said)
        inbox.take_over(db, admin, thread)
        number = thread.id
    browser = Browser().come_in(admin)
    assert "drafting" not in browser.see(f"/conversations/{number}/suggested")
    assert browser.submit(f"/conversations/{number}/drafting", {"entry": "1"}).status_code == 404
    assert Browser().come_in(supervisor).get("/settings/drafting").status_code == 403
    refused = browser.submit(
        "/settings/drafting", {"on": "1", "url": "ftp://x", "model": "", "seconds": "20"}
    )
    assert refused.status_code == 422
    assert "Write an address like" in refused.text
    form = {"on": "1", "url": model.url, "model": "small", "seconds": "20", "key": "key-of-the-house"}
    assert browser.submit("/settings/drafting", form).status_code == 303
    assert f'hx-post="/conversations/{number}/drafting"' in browser.see(f"/conversations/{number}/suggested")
    page = browser.see("/settings/drafting")
    assert "key-of-the-house" not in page
    assert "stored; leave empty to keep it" in page
    model.answer = completion("8,000円のお買い上げでしたら、5,000円以上ですので送料無料になります。")
    with transaction() as db:
        db.get_one(Agent, admin.id).locale = "ja"
    tried = Browser().come_in(admin)
    tried.see("/settings/drafting")
    assert "使える下書きが" in tried.submit("/settings/drafting/test").text
    elsewhere = {**form, "key": "", "url": "https://elsewhere.example/v1"}
    assert browser.submit("/settings/drafting", elsewhere).status_code == 303
    with reading() as db:
        assert drafting.manner(db).key == ""
        assert db.scalars(select(Conversation.id)).all() == [number]
