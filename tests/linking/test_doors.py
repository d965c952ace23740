"""Who opens the address and who vouches: what is not ours, not signed or not allowed is refused."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from sqlalchemy import select

from app import linking
from app.db import as_of, now, reading, transaction
from app.models import (
    AccountLink,
    Agent,
    Channel,
    Identity,
)
from tests.api.calling import Program, program
from tests.channels.line.account import HANA, no
from tests.linking import (
    SECRET,
    TOKEN_OF,
    Shop,
    nonce_of,
    one_thread,
    outcomes,
)

pytestmark = pytest.mark.usefixtures("committed")


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
