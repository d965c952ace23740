"""Tokens that are good once: two renewals never take place at the same time, and what came of one is kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta

import pytest

from app import connect, renewing, vault
from app.db import now, reading, transaction
from app.models import Channel, Setting
from channels.base import ChannelError
from tests import factories as make

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def channel() -> Channel:
    with transaction() as db:
        return make.channel(db, "api", secrets={"secret": "s" * 20, "refresh_token": "r1"})


def stored(channel: Channel) -> Mapping[str, str]:
    with reading() as db:
        return vault.unseal(db.get_one(Channel, channel.id).secrets)


def test_what_is_renewed_is_kept_beside_the_other_secrets(channel: Channel) -> None:
    told = connect.connector(channel).context.renew(
        lambda kept: {"refresh_token": kept["refresh_token"] + "+"}
    )
    assert told == stored(channel) == {"secret": "s" * 20, "refresh_token": "r1+"}


def test_ten_threads_renew_one_after_the_other(channel: Channel) -> None:
    def work(kept: Mapping[str, str]) -> Mapping[str, str]:
        return {"refresh_token": kept["refresh_token"] + "+"}

    threads = [threading.Thread(target=renewing.renew, args=(channel.id, work)) for _ in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert stored(channel)["refresh_token"] == "r1" + "+" * 10


def test_another_process_that_renews_is_left_to_it(channel: Channel) -> None:
    lease(channel, timedelta(seconds=30))
    with pytest.raises(ChannelError) as told:
        renewing.renew(channel.id, lambda kept: {"refresh_token": "mine"})
    assert (told.value.permanent, told.value.retry_after) == (False, renewing.SOON)
    assert told.value.everybody, "it is no message's fault, and costs none of them an attempt"
    assert stored(channel)["refresh_token"] == "r1"


def test_a_process_that_died_over_it_blocks_nobody_for_long(channel: Channel) -> None:
    lease(channel, -timedelta(seconds=1))
    assert renewing.renew(channel.id, lambda kept: {"refresh_token": "r2"})["refresh_token"] == "r2"


def test_a_refusal_leaves_what_is_stored_and_lets_the_next_one_ask(channel: Channel) -> None:
    def refuse(kept: Mapping[str, str]) -> Mapping[str, str]:
        raise ChannelError("No.")

    for _ in range(2):
        with pytest.raises(ChannelError, match="No"):
            renewing.renew(channel.id, refuse)
    assert stored(channel)["refresh_token"] == "r1"


def lease(channel: Channel, left: timedelta) -> None:
    with transaction() as db:
        db.add(Setting(key=f"renewing {channel.id}", value={"until": (now() + left).isoformat()}))
