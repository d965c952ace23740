"""Templates in the composer, and through the API: listed, filled in, sent although the time to answer is over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import deliver, inbox
from app.db import now, reading, transaction
from app.models import Agent, Channel, Conversation, Delivery, Message
from channels import base
from tests import factories
from tests.connectors import Ruled, fails, installed_as
from tests.web.visiting import Browser

REMINDER = base.Template(
    "pickup_ready",
    "ja",
    "{{1}}様、お問い合わせ番号{{2}}の品が{{3}}に届きました。",
    ("1", "2", "3"),
    {"1": "山田", "2": "1001", "3": "青山店"},
)
PICTURE = base.Template(
    "sale",
    "en_US",
    "Hello {{name}}!",
    ("header.image", "name"),
    labels={"header.image": "Address of the picture"},
)
DRAFT = base.Template("unfinished", "ja", "まだです", approved=False)
VALUES = {"1": "花子", "2": "1042", "3": "渋谷店"}
READ = "花子様、お問い合わせ番号1042の品が渋谷店に届きました。"


@pytest.fixture
def platform(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Ruled]]:
    day = timedelta(days=1)
    with installed_as(Ruled, monkeypatch, reply_window=day, max_attachment_bytes=10**6) as kind:
        kind.offers = staticmethod(lambda: [REMINDER, PICTURE, DRAFT])
        yield kind


@pytest.fixture
def channel(platform: type[Ruled]) -> Channel:
    with transaction() as db:
        return factories.channel(db, "post", name="Platform")


@pytest.fixture
def agent(platform: type[Ruled]) -> Agent:
    with transaction() as db:
        return factories.agent(db, "田中", locale="en")


@pytest.fixture
def thread(channel: Channel) -> Conversation:
    with transaction() as db:
        late = now() - timedelta(days=2)
        return factories.conversation(db, channel, "届きましたか", base.Person("u1", name="花子"), at=late)


def send(browser: Browser, thread: Conversation, **form: Any) -> Any:
    values = {f"value.{name}": value for name, value in VALUES.items()}
    told = {"client_id": "client-0001", "template": "pickup_ready", "language": "ja", **values, **form}
    return browser.submit(f"/conversations/{thread.id}/replies", told)


def the_answer() -> Message:
    with reading() as db:
        return db.scalars(select(Message).where(Message.kind == "outbound")).one()


def test_the_approved_ones_are_listed(agent: Agent, thread: Conversation) -> None:
    listed = Browser().come_in(agent).see(f"/conversations/{thread.id}/templates")
    assert "お問い合わせ番号{{2}}" in listed
    assert "unfinished" not in listed
    assert listed.index("pickup_ready") < listed.index("sale")


def test_the_platform_is_asked_once_in_a_while_and_again_after_its_settings_changed(
    platform: type[Ruled], agent: Agent, channel: Channel, thread: Conversation
) -> None:
    asked: list[base.Template] = []

    def tell() -> list[base.Template]:
        asked.append(REMINDER)
        return [REMINDER]

    platform.offers = staticmethod(tell)
    browser = Browser().come_in(agent)
    for _ in range(3):
        browser.see(f"/conversations/{thread.id}/templates")
    assert len(asked) == 1
    with transaction() as db:
        db.get_one(Channel, channel.id).settings = {"account": "another"}
    browser.see(f"/conversations/{thread.id}/templates")
    assert len(asked) == 2


def test_a_platform_that_cannot_tell_says_why(
    platform: type[Ruled], agent: Agent, thread: Conversation
) -> None:
    def refuse() -> list[base.Template]:
        raise base.ChannelError("It did not work.")

    platform.offers = staticmethod(refuse)
    answer = (
        Browser()
        .come_in(agent)
        .get(f"/conversations/{thread.id}/templates", headers={"x-requested-with": "fetch"})
    )
    assert (answer.status_code, answer.text) == (422, "It did not work.")


def test_what_we_know_is_filled_in(agent: Agent, thread: Conversation) -> None:
    page = Browser().come_in(agent).see(f"/conversations/{thread.id}/templates?name=pickup_ready&language=ja")
    with reading() as db:
        number = db.get_one(Message, db.get_one(Conversation, thread.id).last_message_id).case_id
    assert number is not None
    assert 'data-variable="1" value="花子"' in page
    assert 'data-variable="3" value=""' in page
    assert "for example 青山店" in page
    assert '様、お問い合わせ番号<mark data-place="2"></mark>' in page


def test_a_template_is_sent_although_the_time_to_answer_is_over(
    platform: type[Ruled], agent: Agent, channel: Channel, thread: Conversation
) -> None:
    browser = Browser().come_in(agent)
    refused = browser.submit(
        f"/conversations/{thread.id}/replies",
        {"text": "はい", "client_id": "client-0000"},
        headers={"x-requested-with": "fetch"},
    )
    assert refused.status_code == 422
    assert "only approved templates" in refused.text
    shown = send(browser, thread)
    assert shown.status_code == 200, shown.text
    assert READ in shown.text
    assert "Template “pickup_ready”" in shown.text
    assert the_answer().text == READ
    deliver.drain(channel.id)
    (sent,) = platform.sent
    assert sent.template == base.FilledTemplate("pickup_ready", "ja", VALUES)
    assert sent.text == READ


def test_the_same_template_sent_twice_is_one_though_it_is_gone_by_then(
    platform: type[Ruled], agent: Agent, channel: Channel, thread: Conversation
) -> None:
    browser = Browser().come_in(agent)
    assert send(browser, thread).status_code == 200
    platform.offers = staticmethod(lambda: [])
    with transaction() as db:
        db.get_one(Channel, channel.id).settings = {"account": "another"}
    again = send(browser, thread)
    assert again.status_code == 200
    assert READ in again.text
    assert the_answer().text == READ


def test_what_failed_is_sent_again_as_the_same_template(
    platform: type[Ruled], agent: Agent, channel: Channel, thread: Conversation
) -> None:
    browser = Browser().come_in(agent)
    assert send(browser, thread).status_code == 200
    platform.answer = staticmethod(fails(permanent=True))
    deliver.drain(channel.id)
    with reading() as db:
        assert db.scalars(select(Delivery.state)).all() == ["failed"]
    platform.answer = staticmethod(lambda out: base.Sent(("p1",)))
    assert browser.submit(f"/messages/{the_answer().id}/retry").status_code == 200
    deliver.drain(channel.id)
    assert [one.template for one in platform.sent] == [base.FilledTemplate("pickup_ready", "ja", VALUES)] * 2


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"value.2": " \n "}, "needs a value for “{{2}}”"),
        ({"template": "unfinished"}, "not there any more"),
        ({"template": "pickup_ready", "language": "en"}, "not there any more"),
        ({"template": "sale", "language": "en_US"}, "needs a value for “Address of the picture”"),
        ({"channel_id": "999999"}, "cannot be reached this way"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_sentence(
    agent: Agent, thread: Conversation, form: dict[str, str], sentence: str
) -> None:
    refused = send(Browser().come_in(agent), thread, **form)
    assert refused.status_code == 422
    assert sentence in refused.text
    with reading() as db:
        assert db.scalar(select(Message).where(Message.kind == "outbound")) is None


def test_a_way_without_templates_takes_none(agent: Agent) -> None:
    with transaction() as db:
        thread = factories.conversation(db, factories.channel(db))
    refused = send(Browser().come_in(agent), thread)
    assert refused.status_code == 422
    assert "no templates this way" in refused.text
    assert "data-approved-name" not in Browser().come_in(agent).see(f"/conversations/{thread.id}/templates")


def test_who_may_not_see_the_thread_sees_none_of_its_templates(agent: Agent, thread: Conversation) -> None:
    with transaction() as db:
        sato = factories.agent(db)
        team = factories.team(db, sato)
        db.get_one(Conversation, thread.id).team_id = team.id
        db.get_one(Conversation, thread.id).assignee_id = sato.id
    browser = Browser().come_in(agent)
    assert browser.get(f"/conversations/{thread.id}/templates").status_code == 404
    assert browser.get(f"/conversations/{thread.id}/templates?name=sale&language=en_US").status_code == 404
    assert send(browser, thread).status_code == 404


def test_a_closed_way_says_what_still_works(agent: Agent, channel: Channel, thread: Conversation) -> None:
    page = Browser().come_in(agent).see(f"/inbox/{thread.id}")
    assert re.search(r'class="box" data-kind="reply" data-closed', page)
    assert "Platform takes only templates now" in page
    assert "data-take-way" not in page


def test_where_another_way_is_open_it_is_offered(
    agent: Agent, channel: Channel, thread: Conversation
) -> None:
    with transaction() as db:
        site = factories.channel(db, name="Site")
        said = factories.customer_says(db, site, "別件です", at=now() - timedelta(days=9))
        one, other = (
            factories.customer_of(db, factories.thread_of(db, said)),
            db.get_one(Conversation, thread.id),
        )
        inbox.link(db, one, factories.customer_of(db, other), evidence={})
    page = Browser().come_in(agent).see(f"/inbox/{thread.id}")
    assert "Platform takes no answer now" in page
    assert not re.search(r'class="box" data-kind="reply" data-closed', page)
    assert re.search(rf'data-take-way="{site.id}">.*?Answer by Site', page)


def test_how_the_ways_reach_them_is_drawn_anew(agent: Agent, channel: Channel, thread: Conversation) -> None:
    browser = Browser().come_in(agent)
    closes = re.compile(r'data-closes="([^"]+)"')
    before = closes.findall(browser.see(f"/conversations/{thread.id}/reaches"))
    with transaction() as db:
        factories.customer_says(db, channel, "まだですか", base.Person("u1"))
    after = closes.findall(browser.see(f"/conversations/{thread.id}/reaches"))
    assert [datetime.fromisoformat(one) > now() for one in (*before, *after)] == [False, True]
