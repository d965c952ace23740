"""A customer of LINE proves which customer of the shop they are: asked, signed in, told by the shop, told by LINE.

Cast: Hana, who writes on LINE; kt-1, her account at the shop, known by the chat of the site; a stranger; 田中 an agent.
"""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from sqlalchemy import func, select

from app import clock, inbox, intake, linking
from app.db import as_of, now, reading, transaction
from app.family import conversation_of, family_ids
from app.models import (
    AccountLink,
    Agent,
    Channel,
    Conversation,
    CustomerLink,
    Event,
    Identity,
    Message,
    RawReceipt,
)
from app.models.customer import DEVICE, SIGNED
from channels import base
from tests import factories as make
from tests.api.calling import Program, program
from tests.channels.line.account import HANA, no, ok
from tests.test_line_channel import Account, event, text
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")

SECRET = "the shop's own identity secret, long enough"
LOGIN = "https://shop.example.jp/login?from=line"
STRANGER = "U" + "5" * 32
TOKEN_OF = "/v2/bot/user/{}/linkToken"


class Shop(Account):
    """The account of `tests.test_line_channel`, a chat of the site beside it, and the shop's own server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, bot: bool = False, **more: Any) -> None:
        super().__init__(monkeypatch, bot=bot)
        self.numbers = count(1)
        tokens = [ok({"linkToken": f"link-token-{number}"}) for number in range(1, 9)]
        self.script.on(TOKEN_OF.format(HANA.address), *tokens)
        with transaction() as db:
            self.chat = make.channel(db, key="shop", bot=bot, secrets={"identity_secret": SECRET})
            line = db.get_one(Channel, self.channel.id)
            line.settings = {**line.settings, "login_url": LOGIN, **more}
            self.admin = make.agent(db, "北川", role="admin")
        self.server = program(self.admin, "accounts:write")

    def asks(self) -> str:
        """The agent asks; the address that Hana got."""
        with transaction() as db:
            asked = db.scalars(select(Message).where(Message.kind == "inbound")).first()
            assert asked is not None
            agent, head = db.get_one(Agent, self.agent.id), make.thread_of(db, asked)
            linking.ask(db, agent, head, f"ask-{next(self.numbers)}-{self.agent.id}")
        self.drain()
        return self.address()

    def address(self) -> str:
        said = str(self.script.bodies("/v2/bot/message/push")[-1]["messages"][-1]["text"])
        return next(line for line in said.splitlines() if line.startswith("http"))

    def opened(self, url: str) -> str:
        """What the sign-in page of the shop is opened with."""
        answer = self.web.get(urlsplit(url).path, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        assert answer.headers["location"].startswith("https://shop.example.jp/login?")
        assert asked["from"] == ["line"]
        return asked["linkToken"][0]

    def told(self, token: str, user: str = "kt-1", expect: int = 201, **about: Any) -> dict[str, Any]:
        """The shop's server says who signed in; the answer."""
        body = {"link_token": token, "user_id": user, "chat": "shop", **about}
        answer: dict[str, Any] = self.server.call("POST", "/account-links", expect, json=body)
        return answer

    def nonce(self, user: str = "kt-1") -> str:
        """All of it up to the page of LINE."""
        return nonce_of(self.told(self.opened(self.asks()), user)["redirect_to"])

    def line_says(self, nonce: str, result: str = "ok", *, by: str = HANA.address, **more: Any) -> None:
        link = {"result": result, "nonce": nonce}
        source = {"type": "user", "userId": by}
        assert self.post(event("accountLink", link=link, source=source, **more)) == 200


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(monkeypatch)
    made.post(text("1", "注文を確認したいです"))
    return made


def nonce_of(url: str) -> str:
    parts = urlsplit(url)
    assert (parts.netloc, parts.path) == ("access.line.me", "/dialog/bot/accountLink")
    (nonce,) = parse_qs(parts.query)["nonce"]
    assert 10 <= len(nonce) <= 255
    return nonce


def kt1_wrote() -> None:
    """The customer with the account wrote in the chat of the site before."""
    with transaction() as db:
        chat = db.scalars(select(Channel).where(Channel.key == "shop")).one()
        who = base.Person("kt-1", "shop", kind="user", proof="signed", name="佐藤 花")
        make.customer_says(db, chat, "サイトから", who)


def outcomes() -> list[str]:
    with reading() as db:
        lines = select(Message).where(Message.context["what"].as_string() == "account_link")
        return [one.context["outcome"] for one in db.scalars(lines.order_by(Message.id))]


def proofs() -> dict[str, int]:
    with reading() as db:
        return {one.address: one.proof for one in db.scalars(select(Identity))}


def one_thread() -> bool:
    """Whether Hana and kt-1 are one person now."""
    with reading() as db:
        ids = [
            conversation_of(db, one.customer_id).head_id
            for one in db.scalars(select(Identity).where(Identity.address.in_((HANA.address, "kt-1"))))
        ]
        return len(ids) == 2 and len(set(ids)) == 1


def links() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(CustomerLink)) or 0


# --- the way it goes ------------------------------------------------------------------------------------


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
    browser = Browser().come_in(agent)
    assert "会員アカウントの連携をお願いする" in browser.get(f"/inbox/{head.id}").text
    assert browser.submit(f"/conversations/{head.id}/account-link").status_code == 204
    shop.drain()
    shop.line_says(nonce_of(shop.told(shop.opened(shop.address()))["redirect_to"]))
    shown = browser.get(f"/inbox/{head.id}", follow_redirects=True).text
    assert "アカウントを連携しました（会員 kt-1）" in shown
    assert "会員アカウントの連携をお願いする" not in shown


# --- what does not go -----------------------------------------------------------------------------------


def nothing_joined(*told: str) -> None:
    assert outcomes() == list(told)
    assert links() == 0
    assert proofs()[HANA.address] == DEVICE


def test_a_nonce_nobody_gave_joins_nothing_and_is_told_once(shop: Shop) -> None:
    kt1_wrote()
    shop.nonce()
    for _ in range(2):
        shop.line_says("a-nonce-that-nobody-gave")
    nothing_joined("unknown")


def test_a_nonce_that_is_over_joins_nothing(shop: Shop) -> None:
    nonce = shop.nonce()
    with transaction() as db:
        db.scalars(select(AccountLink)).one().expires_at = now() - timedelta(minutes=1)
    shop.line_says(nonce)
    nothing_joined("late")


def test_a_nonce_that_came_late_because_we_were_away_is_good(shop: Shop) -> None:
    nonce = shop.nonce()
    with transaction() as db:
        db.scalars(select(AccountLink)).one().expires_at = now() - timedelta(seconds=5)
    shop.line_says(nonce, ago=30.0)
    assert outcomes() == ["linked"]


def test_a_nonce_is_good_once(shop: Shop) -> None:
    nonce = shop.nonce()
    shop.line_says(nonce, ago=3.0)
    shop.line_says(nonce, ago=1.0)
    assert (outcomes(), links()) == (["linked", "used"], 1)


def test_a_nonce_of_another_channel_joins_nothing(shop: Shop) -> None:
    nonce = shop.nonce()
    with transaction() as db:
        line = db.get_one(Channel, shop.channel.id)
        other = make.channel(db, "line", settings=line.settings, secrets={})
        hana = base.Person(HANA.address, other.key)
        make.customer_says(db, other, "別のアカウントから", hana)
        (outcome,) = intake.accept(db, other, [base.Linked(hana, nonce, now())])
    assert outcome["excluded"] == "account link: unknown"
    nothing_joined("unknown")


def test_a_link_that_was_passed_on_joins_nobody(shop: Shop) -> None:
    shop.post(text("2", "こんにちは", source={"type": "user", "userId": STRANGER}))
    shop.line_says(shop.nonce(), by=STRANGER)
    nothing_joined("stranger")
    assert proofs()[STRANGER] == DEVICE


def test_what_line_refuses_is_told_though_line_does_not_say_who_it_was(shop: Shop) -> None:
    told = event("accountLink", link={"result": "failed", "nonce": shop.nonce()})
    del told["source"]
    assert shop.post(told) == 200
    nothing_joined("failed")


def test_who_is_known_as_somebody_else_is_not_joined_and_people_are_told(shop: Shop) -> None:
    shop.line_says(shop.nonce("kt-1"))
    shop.line_says(shop.nonce("kt-2"), ago=0.5)
    assert (outcomes(), links()) == (["linked", "contradicts"], 1)
    with reading() as db:
        second = db.scalars(select(Identity).where(Identity.address == "kt-2")).one()
        own = conversation_of(db, second.customer_id)
        assert own.head_id == own.id


def test_two_chats_of_one_customer_may_both_be_linked(shop: Shop) -> None:
    shop.line_says(shop.nonce())
    shop.post(text("2", "こんにちは", source={"type": "user", "userId": STRANGER}))
    with transaction() as db:
        phone = db.scalars(select(Identity).where(Identity.address == STRANGER)).one()
        shop.script.on(TOKEN_OF.format(STRANGER), ok({"linkToken": "their-token"}))
        url = linking.address(phone, db.get_one(Channel, shop.channel.id))
    shop.line_says(nonce_of(shop.told(shop.opened(url))["redirect_to"]), by=STRANGER)
    assert (outcomes(), links()) == (["linked", "linked"], 2)


@pytest.mark.parametrize("change", ["another", "cut", "longer", "nothing"])
def test_an_address_that_is_not_ours_opens_nothing(shop: Shop, change: str) -> None:
    path = urlsplit(shop.asks()).path
    first, rest = path.removeprefix("/link/").split(".", 1)
    changed = {
        "another": f"/link/{int(first) + 1}.{rest}",
        "cut": path[:-1],
        "longer": path + "0",
        "nothing": "/link/...",
    }[change]
    answer = shop.web.get(changed, follow_redirects=False)
    assert (answer.status_code, "shop.example.jp" in answer.text) == (404, False)
    assert TOKEN_OF.format(HANA.address) not in shop.script.paths


def test_an_address_holds_for_a_day(shop: Shop) -> None:
    with as_of(now() - timedelta(hours=24, minutes=1)), reading() as db:
        hana = db.scalars(select(Identity).where(Identity.address == HANA.address)).one()
        old = linking.address(hana, db.get_one(Channel, shop.channel.id))
    answer = shop.web.get(urlsplit(old).path, headers={"accept-language": "ja"})
    assert answer.status_code == 404
    assert "このURLは使えなくなりました" in answer.text


def test_who_opens_it_too_often_has_to_wait(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "OPENINGS", 1)
    path = urlsplit(shop.asks()).path
    answers = [shop.web.get(path, follow_redirects=False).status_code for _ in range(2)]
    assert answers == [303, 429]


def test_where_line_gives_no_token_the_customer_is_told(shop: Shop) -> None:
    shop.script.on(TOKEN_OF.format(HANA.address), no(500))
    answer = shop.web.get(urlsplit(shop.asks()).path, headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert "LINE is not working at the moment." in answer.text


def test_a_token_that_is_over_or_not_ours_is_refused(shop: Shop) -> None:
    token = shop.opened(shop.asks())
    assert shop.told("made-up", expect=409)["detail"]
    with transaction() as db:
        db.scalars(select(AccountLink)).one().expires_at = now()
    shop.told(token, expect=409)


def test_a_token_is_refused_once_line_has_said_what_came_of_it(shop: Shop) -> None:
    token = shop.opened(shop.asks())
    shop.line_says(nonce_of(shop.told(token)["redirect_to"]))
    shop.told(token, expect=409)


@pytest.mark.parametrize(
    "wrong", ["secret", "expired", "for ever", "audience", "no algorithm", "another", "junk", "empty"]
)
def test_who_cannot_sign_vouches_for_nobody(shop: Shop, wrong: str) -> None:
    claims = {"sub": "kt-1", "aud": "shop", "exp": time.time() + 600}
    signed = {
        "secret": jwt.encode(claims, "another secret, which is long enough", "HS256"),
        "expired": jwt.encode({**claims, "exp": time.time() - 600}, SECRET, "HS256"),
        "for ever": jwt.encode({**claims, "exp": time.time() + 10**9}, SECRET, "HS256"),
        "audience": jwt.encode({**claims, "aud": "line"}, SECRET, "HS256"),
        "no algorithm": jwt.encode(claims, "", "none"),
        "another": jwt.encode(claims, SECRET * 2, "HS512"),
        "junk": "x.y.z",
        "empty": "",
    }[wrong]
    told = {"link_token": shop.opened(shop.asks()), "jwt": signed}
    assert shop.web.post("/link", json=told).status_code == 403
    with reading() as db:
        assert db.scalars(select(AccountLink)).one().nonce_hash is None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"jwt": 7}', b"\xff", b"{" * 9000])
def test_junk_at_the_door_is_refused(shop: Shop, body: bytes) -> None:
    answer = shop.web.post("/link", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["sh\x00op", "sh\ud800op", "s" * 5000])
def test_a_chat_of_no_possible_name_is_none(shop: Shop, name: str) -> None:
    signed = jwt.encode({"sub": "kt-1", "aud": name, "exp": time.time() + 600}, SECRET, "HS256")
    told = {"link_token": shop.opened(shop.asks()), "jwt": signed}
    assert shop.web.post("/link", json=told).status_code == 403


def test_what_no_database_stores_of_a_customer_is_left_out(shop: Shop) -> None:
    odd: dict[str, Any] = {
        "name": "佐藤\x00 花",
        "email": "hana\x00@example.jp",
        "phone": "\x00",
        "attributes": {"r\x00": "g\x00"},
    }
    shop.line_says(nonce_of(shop.told(shop.opened(shop.asks()), **odd)["redirect_to"]))
    assert (outcomes(), one_thread()) == (["linked"], True)


def test_only_an_admins_program_with_the_scope_may_vouch(shop: Shop) -> None:
    body = {"link_token": shop.opened(shop.asks()), "user_id": "kt-1", "chat": "shop"}
    with reading() as db:
        agent = db.get_one(Agent, shop.agent.id)
    program(agent, "accounts:write").refused("POST", "/account-links", 403, json=body)
    program(shop.admin, "customers:write").refused("POST", "/account-links", 403, json=body)
    Program().refused("POST", "/account-links", 401, json=body)
    shop.server.refused("POST", "/account-links", 422, json={**body, "chat": "line"})
    shop.server.refused("POST", "/account-links", 422, json={**body, "user_id": "kt\x001"})


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
