"""The demo has a LINE account that the sandbox plays, where there is a sandbox; `serve` keeps a place for it."""

from __future__ import annotations

import socket

import pytest

from app import connect, vault
from app.cli.phones import Phones, reserve
from app.config import configure, settings
from app.db import now, transaction
from app.demo import shop


def test_the_demo_has_a_line_account_where_there_is_a_sandbox(committed: None) -> None:
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
        line = shop.channel(db, shop.LINE)
        assert line is not None
        assert connect.connector(line).context.sandbox == "http://127.0.0.1:8100"
        assert line.bot_enabled
        assert vault.unseal(line.secrets) == {
            name: settings().sandbox_secret(f"line {name}") for name in ("channel_secret", "access_token")
        }


def test_the_demo_has_no_line_account_without_a_sandbox(committed: None) -> None:
    with transaction() as db:
        shop.make(db, now())
        assert shop.channel(db, shop.LINE) is None


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
