"""From a channel's row to its connector: who calls the real platform, and who the sandbox."""

from collections.abc import Iterator

import pytest

from app import connect
from app.config import configure, settings
from app.models import Channel
from channels import guard
from tests.channels.servers import serving


@pytest.fixture
def sandbox() -> Iterator[str]:
    """The address of something that plays the platforms, made known to the product."""
    now = settings()
    with serving() as server:
        url = server.url.removesuffix("/in")
        configure(
            data_dir=now.data_dir, database_url=now.database_url, redis_url=now.redis_url, secret=now.secret,
            sandbox=url,
        )  # fmt: skip
        connect.http.cache_clear()
        yield url
    connect.http.cache_clear()


def channel(key: str) -> Channel:
    return Channel(kind="api", name="API", key=key, settings={}, secrets=b"")


def test_a_channel_of_the_sandbox_calls_it_and_every_other_one_the_platform(sandbox: str) -> None:
    asked = "https://api.line.me/v2/bot/info"
    assert (
        connect.connector(channel("sandbox-line")).context.at(asked) == f"{sandbox}/api.line.me/v2/bot/info"
    )
    assert connect.connector(channel("k1")).context.at(asked) == asked


def test_the_sandbox_is_the_only_private_place_that_may_be_called(sandbox: str) -> None:
    played = connect.http_of(channel("sandbox-line"))
    with serving() as inside:
        assert played.post(f"{sandbox}/api.line.me/").status_code == 200
        with pytest.raises(guard.Forbidden):
            played.post(inside.url)


def test_a_real_channel_does_not_reach_the_sandbox(sandbox: str) -> None:
    context = connect.connector(channel("k1")).context
    assert (context.sandbox, context.is_secure(f"{sandbox}/a.jpg")) == ("", False)
    for client in (connect.http(), connect.connector(channel("k1")).http):
        with pytest.raises(guard.Forbidden):
            client.post(f"{sandbox}/api.line.me/")


def test_without_a_sandbox_its_channels_call_the_platform() -> None:
    asked = "https://api.line.me/v2/bot/info"
    assert connect.connector(channel("sandbox-line")).context.at(asked) == asked
