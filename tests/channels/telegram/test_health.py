"""“Test now”: the webhook is registered, and what Telegram says of it is told."""

from dataclasses import replace

import pytest

from channels.base import ChannelError
from channels.telegram import events
from channels.telegram.signature import secret_of
from tests.channels.telegram import TOKEN, bad, bot, called, good

ME = good({"id": 7204518631, "is_bot": True, "first_name": "ひなた商店", "username": "hinata_shop_bot"})
NONE = good({"url": "", "has_custom_certificate": False, "pending_update_count": 0})
OURS = "https://desk.example.jp/hooks/k1"


def test_the_webhook_is_registered_with_its_secret() -> None:
    with bot(ME, NONE, good()) as (telegram, server):
        assert (
            telegram.check() == "The bot is ready, and Telegram calls the webhook address. (@hinata_shop_bot)"
        )
    (_, _, (name, parameters)) = called(server)
    assert name == "setWebhook"
    assert parameters["url"] == OURS
    assert parameters["secret_token"] == secret_of(bytes(32), TOKEN)
    assert parameters["allowed_updates"] == list(events.ASKED_FOR)
    assert "drop_pending_updates" not in parameters


def test_what_telegram_could_not_deliver_is_told_in_its_words() -> None:
    info = {
        "url": OURS,
        "pending_update_count": 3,
        "last_error_date": 1795255000,
        "last_error_message": "Wrong response from the webhook: 502 Bad Gateway",
    }
    with bot(ME, good(info), good()) as (telegram, _), pytest.raises(ChannelError) as told:
        telegram.check()
    assert told.value.sentence == "Telegram could not deliver messages here. It tries again by itself."
    assert "502 Bad Gateway" in told.value.detail
    with bot(ME, good({**info, "pending_update_count": 0}), good()) as (telegram, _):
        assert telegram.check()  # it is over
    with bot(ME, good({**info, "url": "https://elsewhere.example/hook"}), good()) as (telegram, _):
        assert telegram.check()  # it was another program's


def test_fetching_takes_the_webhook_away_and_keeps_what_waits() -> None:
    with bot(ME, good(), delivery="polling") as (telegram, server):
        assert telegram.check() == "The bot is ready, and its messages are fetched. (@hinata_shop_bot)"
    assert called(server)[1] == ("deleteWebhook", {"drop_pending_updates": False})


def test_a_token_that_is_wrong_or_revoked_is_told() -> None:
    with bot(bad(401, "Unauthorized")) as (telegram, _), pytest.raises(ChannelError) as told:
        telegram.check()
    assert told.value.sentence == "Telegram does not accept the bot's token. Check the channel's settings."


def test_an_address_telegram_does_not_call_is_told() -> None:
    refused = bad(400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    with bot(ME, NONE, refused) as (telegram, _), pytest.raises(ChannelError) as told:
        telegram.check()
    assert told.value.sentence == "Telegram does not take this installation's address for the webhook."
    assert "8443" in told.value.detail


def test_without_https_the_webhook_is_not_even_asked_for() -> None:
    with bot(ME) as (telegram, server):
        telegram.context = replace(telegram.context, public_url="http://localhost:8000", sandbox="")
        with pytest.raises(ChannelError) as told:
            telegram.check()
    assert told.value.sentence.startswith("Telegram only calls addresses that begin with https://.")
    assert server.seen == []
