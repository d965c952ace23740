"""The way it goes: asked, signed in, told by the shop, told by LINE."""

from __future__ import annotations

import time
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import select

from app import clock, inbox, linking
from app.db import now, reading, transaction
from app.family import conversation_of, family_ids
from app.models import (
    AccountLink,
    Agent,
    Channel,
    Conversation,
    CustomerLink,
    Draft,
    Event,
    Identity,
    Message,
    RawReceipt,
)
from app.models.customer import SIGNED
from tests import factories as make
from tests.channels.line.account import HANA
from tests.linking import (
    SECRET,
    Shop,
    kt1_wrote,
    links,
    nonce_of,
    one_thread,
    outcomes,
    proofs,
)
from tests.test_line_channel import event, text
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def test_a_customer_who_signs_in_at_the_shop_is_that_customer_here(shop: Shop) -> None:
    kt1_wrote()
    shop.line_says(shop.nonce())
    assert one_thread()
    assert proofs() == {HANA.address: SIGNED, "kt-1": SIGNED}
    with reading() as db:
        said = db.scalars(select(Message).where(Message.text == "注文を確認したいです")).one()
        head = make.thread_of(db, said)
        together = select(Message.text).where(Message.conversation_id.in_(family_ids(db, head)))
        assert {"サイトから", "注文を確認したいです"} <= set(db.scalars(together))
        (told,) = db.scalars(select(Event).where(Event.kind == "account_link"))
        assert (told.data["outcome"], told.data["account"]) == ("linked", "kt-1")
        assert db.scalars(select(CustomerLink)).one().evidence["proof"] == "signed"
    assert outcomes() == ["linked"]


def test_what_the_customer_gets_leads_to_the_shop_and_stands_in_the_thread(shop: Shop) -> None:
    address = shop.asks()
    (pushed,) = shop.script.bodies("/v2/bot/message/push")
    assert "連携" in pushed["messages"][0]["text"]
    with reading() as db:
        asked = db.scalars(select(Message).where(Message.kind == "outbound")).one()
        assert asked.links == [{"label": "ログインして連携する（24時間以内）", "url": address}]
        assert (asked.author, asked.agent_id) == ("agent", shop.agent.id)
    assert shop.script.paths == ["/v2/bot/message/push"]  # the token of LINE is had when it is opened
    assert [shop.opened(address), shop.opened(address)] == ["link-token-1", "link-token-2"]


def test_neither_token_nor_nonce_is_stored(shop: Shop) -> None:
    nonce = shop.nonce()
    with reading() as db:
        row = db.scalars(select(AccountLink)).one()
        kept = (row.token_hash, row.nonce_hash)
    assert kept == (linking.digest("link-token-1"), linking.digest(nonce))


def test_the_shop_may_say_it_again_and_the_last_nonce_counts(shop: Shop) -> None:
    token = shop.opened(shop.asks())
    first, second = (nonce_of(shop.told(token, user)["redirect_to"]) for user in ("kt-2", "kt-1"))
    shop.line_says(first)
    assert (outcomes(), links()) == (["unknown"], 0)
    shop.line_says(second)
    assert one_thread()


def test_the_same_request_of_the_shop_is_answered_the_same(shop: Shop) -> None:
    body = {"link_token": shop.opened(shop.asks()), "user_id": "kt-1", "chat": "shop"}
    key = shop.server.key()
    one, two = (
        shop.server.call("POST", "/account-links", 201, json=body, headers=key)["redirect_to"]
        for _ in range(2)
    )
    assert one == two
    shop.line_says(nonce_of(two))
    assert one_thread()


@pytest.mark.parametrize("form", [True, False])
def test_a_shop_without_a_token_of_ours_signs_as_for_its_chat(shop: Shop, form: bool) -> None:
    claims = {"sub": "kt-1", "aud": "shop", "exp": time.time() + 600, "name": "佐藤 花"}
    told = {"link_token": shop.opened(shop.asks()), "jwt": jwt.encode(claims, SECRET, "HS256")}
    if form:
        answer = shop.web.post(
            "/link", data=told, follow_redirects=False, headers={"origin": "https://shop.example.jp"}
        )
        assert answer.status_code == 303
        url = answer.headers["location"]
    else:
        url = shop.web.post("/link", json=told).json()["redirect_to"]
    shop.line_says(nonce_of(url))
    assert one_thread()
    with reading() as db:
        account = db.scalars(select(Identity).where(Identity.address == "kt-1")).one()
        assert (account.kind, account.scope, account.display) == ("user", "shop", "佐藤 花")


def test_whoever_asks_in_the_words_of_the_shop_is_sent_there_by_the_bot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(monkeypatch, bot=True, link_words=["会員連携"])
    shop.post(text("1", " 会員 連携 "))
    shop.drain()
    (said,) = shop.script.bodies("/v2/bot/message/reply")
    url = said["messages"][0]["text"].splitlines()[-1]
    shop.line_says(nonce_of(shop.told(shop.opened(url))["redirect_to"]))
    assert one_thread()
    with reading() as db:
        assert {one.owner for one in db.scalars(select(Conversation))} == {"bot"}


def test_what_line_says_twice_is_one(shop: Shop) -> None:
    link = {"result": "ok", "nonce": shop.nonce()}
    told = event("accountLink", link=link)
    again = {**told, "deliveryContext": {"isRedelivery": True}}
    assert [shop.post(told), shop.post(again), shop.post(told, again)] == [200, 200, 200]
    assert (outcomes(), links()) == (["linked"], 1)


def test_an_agent_asks_by_the_panel(shop: Shop) -> None:
    with reading() as db:
        head = db.scalars(select(Conversation)).one()
        agent = db.get_one(Agent, shop.agent.id)
    with transaction() as db:
        inbox.save_draft(db, agent, head, "書きかけ", kind="note", channel_id=None, version=0)
    browser = Browser().come_in(agent)
    assert "会員アカウントの連携をお願いする" in browser.get(f"/inbox/{head.id}").text
    assert browser.submit(f"/conversations/{head.id}/account-link").status_code == 204
    with reading() as db:
        assert db.get_one(Draft, (agent.id, head.id)).text == "書きかけ"
    shop.drain()
    shop.line_says(nonce_of(shop.told(shop.opened(shop.address()))["redirect_to"]))
    shown = browser.get(f"/inbox/{head.id}", follow_redirects=True).text
    assert "アカウントを連携しました（会員 kt-1）" in shown
    assert "会員アカウントの連携をお願いする" not in shown


def test_without_a_page_to_sign_in_at_nobody_is_asked(shop: Shop) -> None:
    with transaction() as db:
        line = db.get_one(Channel, shop.channel.id)
        line.settings = {name: value for name, value in line.settings.items() if name != "login_url"}
    with transaction() as db:
        head = db.scalars(select(Conversation)).one()
        with pytest.raises(inbox.Refused):
            linking.ask(db, db.get_one(Agent, shop.agent.id), head, "ask-it-now")


def test_what_is_over_for_days_is_forgotten(shop: Shop) -> None:
    shop.line_says(shop.nonce(), ago=3.0)
    fresh = shop.nonce()
    clock.tidy()
    with transaction() as db:
        old, _ = db.scalars(select(AccountLink).order_by(AccountLink.id))
        old.expires_at = now() - timedelta(days=3)
    clock.tidy()
    with reading() as db:
        assert [one.nonce_hash for one in db.scalars(select(AccountLink))] == [linking.digest(fresh)]


def test_what_an_account_is_called_is_no_markup_in_the_thread(shop: Shop) -> None:
    shop.line_says(shop.nonce("<img src=x onerror=alert(1)>"))
    with reading() as db:
        head = conversation_of(
            db, db.scalars(select(Identity).where(Identity.kind == "user")).one().customer_id
        )
        viewer = db.get_one(Agent, shop.admin.id)
    thread = Browser().come_in(viewer).see(f"/inbox/{head.head_id}")
    assert "&lt;img src=x onerror=alert(1)&gt;" in thread
    assert "<img src=x onerror" not in thread


def test_what_came_of_it_is_in_the_books(shop: Shop) -> None:
    shop.line_says(shop.nonce())
    with reading() as db:
        newest = db.scalars(select(RawReceipt).order_by(RawReceipt.id.desc())).first()
        assert newest is not None
        assert (newest.state, newest.outcome[0]["excluded"]) == ("parsed", "account link: linked")
