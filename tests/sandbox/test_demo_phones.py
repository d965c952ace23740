"""The demo has accounts at LINE and Instagram where there is a sandbox; `serve` keeps a place for it."""

from __future__ import annotations

import socket

import pytest

from app import connect, vault
from app.cli.phones import Phones, reserve
from app.config import configure, settings
from app.db import now, transaction
from app.demo import shop
from app.sandbox.house import House
from app.sandbox.server import Options, platforms


def test_the_demo_has_accounts_at_line_and_instagram_where_there_is_a_sandbox(committed: None) -> None:
    kept = settings()
    configure(
        data_dir=kept.data_dir,
        redis_url=kept.redis_url,
        database_url=kept.database_url,
        secret=kept.secret,
        sandbox="http://127.0.0.1:8100",
    )
    with transaction() as db:
        shop.make(db, now())
        for key, secrets in shop.PLAYED.items():
            made = shop.channel(db, key)
            assert made is not None
            assert connect.connector(made).context.sandbox == "http://127.0.0.1:8100"
            assert made.bot_enabled
            platform = key.removeprefix("sandbox-")
            shared = {name: settings().sandbox_secret(f"{platform} {name}") for name in secrets}
            assert vault.unseal(made.secrets) == shared


def test_the_demo_has_no_such_accounts_without_a_sandbox(committed: None) -> None:
    with transaction() as db:
        shop.make(db, now())
        assert [shop.channel(db, key) for key in shop.PLAYED] == [None, None]


def test_the_phones_have_a_place_of_their_own_and_are_called_when_somebody_comes() -> None:
    first, second = (reserve(configure(host="127.0.0.1")) for _ in range(2))
    assert isinstance(first, Phones)
    assert isinstance(second, Phones)
    with first.listening, second.listening:
        assert first.address != second.address
        assert not first.called()
        with socket.create_connection(first.listening.getsockname()):
            assert first.called()
        assert f"http://127.0.0.1:{settings().port}" in first.program(settings()).command


@pytest.mark.parametrize("given", [{"host": "0.0.0.0"}, {"sandbox": "http://127.0.0.1:8100"}])
def test_there_are_no_phones_where_others_could_reach_them_or_a_sandbox_is_named(
    given: dict[str, str],
) -> None:
    assert reserve(configure(**given)) is None


def test_what_the_demo_says_of_its_accounts_is_what_the_sandbox_plays() -> None:
    house = House("http://127.0.0.1:8100")
    played = platforms(house, Options())
    told = shop.told("shop")["channels"]
    instagram = played["instagram"].settings()
    assert {name: instagram[name] for name in ("account_id", "app_id")} == told[shop.INSTAGRAM]["answers"]
    assert played["line"].settings()["channel_id"] == told[shop.LINE]["answers"]["channel_id"]
    assert {f"sandbox-{name}" for name in played} >= set(shop.PLAYED)
