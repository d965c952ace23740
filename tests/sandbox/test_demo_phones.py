"""The demo has accounts at LINE, Instagram and Telegram where there is a sandbox; `serve` keeps a place for it."""

from __future__ import annotations

import socket

import pytest

from app import connect, vault
from app.cli import sandbox as cli
from app.cli.phones import Phones, reserve
from app.config import configure, settings
from app.db import now, transaction
from app.demo import shop
from app.played import CONNECTED
from app.sandbox.house import House
from app.sandbox.server import Options, platforms
from channels.base import Request
from channels.telegram import signature


def with_a_sandbox() -> None:
    """These settings, and a sandbox."""
    kept = settings()
    configure(
        data_dir=kept.data_dir,
        redis_url=kept.redis_url,
        database_url=kept.database_url,
        secret=kept.secret,
        sandbox="http://127.0.0.1:8100",
    )


def test_the_demo_has_accounts_where_there_is_a_sandbox(committed: None) -> None:
    with_a_sandbox()
    with transaction() as db:
        shop.make(db, now())
        for key, secrets in shop.PLAYED.items():
            made = shop.channel(db, key)
            assert made is not None
            assert connect.connector(made).context.sandbox == "http://127.0.0.1:8100"
            assert made.bot_enabled
            platform = key.removeprefix("sandbox-")
            own = settings().sandbox_secret
            shared = {name: begin + own(f"{platform} {name}") for name, begin in secrets.items()}
            assert vault.unseal(made.secrets) == shared


def test_the_demo_has_no_such_accounts_without_a_sandbox(committed: None) -> None:
    with transaction() as db:
        shop.make(db, now())
        assert [shop.channel(db, key) for key in shop.PLAYED] == [None] * len(shop.PLAYED)


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
        assert first.pages["Telegram"] == f"{first.address}/phone/telegram"


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
    assert {f"sandbox-{name}" for name in played} | {shop.SYSTEM} >= set(shop.PLAYED)
    assert {f"sandbox-{name}" for name in CONNECTED} | {shop.SYSTEM} == set(shop.PLAYED)
    assert {name: played[name].label for name in CONNECTED} == CONNECTED


def test_the_demo_s_sandbox_and_its_telegram_channel_know_the_same_bot(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_sandbox()
    given = list[Options]()

    def run(options: Options, listening: socket.socket) -> None:
        given.append(options)
        listening.close()

    monkeypatch.setattr(cli, "run", run)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cli.sandbox.callback(  # type: ignore[misc]
            host="",
            port=8100,
            fd=listening.detach(),
            own=True,
            webhook="http://127.0.0.1:8000",
            seed=None,
            keep=1,
        )
    with transaction() as db:
        shop.make(db, now())
        made = connect.connector(shop.channel(db, shop.TELEGRAM))  # type: ignore[arg-type]
    (options,) = given
    assert made.settings.token == options.telegram_token
    told = Request("POST", "", {signature.HEADER.lower(): options.telegram_secret})
    made.verify(told)
