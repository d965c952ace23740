"""“Test now”, and what the form does not take."""

import pytest

from channels.base import ChannelError
from channels.forms import read_settings
from tests.channels.servers import Answer
from tests.channels.sms import ACCOUNT, BELOW, SENDER, TOKEN, account, bad, told

ACTIVE = told({"sid": ACCOUNT, "status": "active", "type": "Full", "friendly_name": "ひなた商店"})
OURS = "https://desk.example.jp/hooks/k1"
SERVICE = "MG" + "0" * 32


def number(url: str = OURS, sms: bool = True) -> Answer:
    own = {"phone_number": SENDER, "sms_url": url, "capabilities": {"sms": sms, "mms": True, "voice": True}}
    return told({"incoming_phone_numbers": [own]})


def trouble(*answers: Answer, **settings: object) -> ChannelError:
    with account(*answers, **settings) as (sms, _), pytest.raises(ChannelError) as error:
        sms.check()
    return error.value


def test_the_account_and_the_number_work() -> None:
    with account(ACTIVE, number(f"{OURS}#rc=3")) as (sms, server):
        assert sms.check() == "The account and the sender work. (ひなた商店)"
    assert [one.url.partition("?")[0] for one in server.seen] == [
        f"{BELOW}.json",
        f"{BELOW}/IncomingPhoneNumbers.json",
    ]
    assert server.seen[1].query == {"PhoneNumber": SENDER}


def test_a_number_whose_messages_go_elsewhere_is_told() -> None:
    error = trouble(ACTIVE, number("https://demo.twilio.com/welcome/sms/reply"))
    assert error.sentence.startswith("Messages to this sender do not come here.")
    assert error.detail == "https://demo.twilio.com/welcome/sms/reply"
    with account(ACTIVE, number(""), receives=False) as (sms, _):
        assert sms.check().startswith("The account works. Customers cannot answer this sender.")


def test_a_number_of_somebody_else_or_without_sms_is_told() -> None:
    nobody = told({"incoming_phone_numbers": []})
    assert trouble(ACTIVE, nobody).sentence == "This sender does not belong to the account at Twilio."
    assert trouble(ACTIVE, number(sms=False)).sentence == "This number cannot send SMS."


def test_a_messaging_service_is_asked_for_its_own_address() -> None:
    there = told({"sid": SERVICE, "inbound_request_url": OURS, "use_inbound_webhook_on_number": False})
    with account(ACTIVE, there, sender=SERVICE) as (sms, server):
        assert sms.check().startswith("The account and the sender work.")
    assert server.seen[1].url == f"/messaging.twilio.com/v1/Services/{SERVICE}"
    by_number = told({"sid": SERVICE, "inbound_request_url": None, "use_inbound_webhook_on_number": True})
    with account(ACTIVE, by_number, sender=SERVICE) as (sms, _):
        assert sms.check()
    away = told({"sid": SERVICE, "inbound_request_url": None, "use_inbound_webhook_on_number": False})
    assert trouble(ACTIVE, away, sender=SERVICE).sentence.startswith(
        "Messages to this sender do not come here."
    )


def test_a_name_as_sender_is_one_way_and_a_trial_says_so() -> None:
    with account(ACTIVE, sender="HINATA") as (sms, server):
        assert sms.check().startswith("The account works. Customers cannot answer this sender.")
    assert len(server.seen) == 1
    trial = told({"status": "active", "type": "Trial", "friendly_name": "My first"})
    with account(trial, number()) as (sms, _):
        assert sms.check().startswith("The account works. It is a trial:")


def test_what_is_wrong_with_the_account_is_told() -> None:
    assert trouble(bad(401, 20003, "Authenticate")).sentence == (
        "Twilio does not accept the Account SID and the Auth Token."
    )
    suspended = trouble(told({"status": "suspended"}))
    assert (suspended.sentence, suspended.permanent) == ("Twilio has suspended the account.", True)
    assert trouble(Answer(hang_up=True)).sentence == "The other side did not answer."


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"account_sid": "0a1b"}, "account_sid"),
        ({"sender": "090-1234-5678"}, "sender"),
        ({"sender": "a name that is too long"}, "sender"),
        ({"api_key": "AC1"}, "api_key"),
        ({"auth_token": ""}, "auth_token"),
    ],
)
def test_what_cannot_be_right_is_told_at_its_field(answers: dict[str, str], wrong: str) -> None:
    good = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": SENDER}
    assert read_settings("sms", good).errors == {}
    assert list(read_settings("sms", {**good, **answers}).errors) == [wrong]
