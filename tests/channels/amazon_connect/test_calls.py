"""Calls of Amazon Connect: at least once, in any order, legs of one call by their first contact."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from channels import registry
from channels.amazon_connect.connector import AmazonConnect
from channels.base import BadSignature, Call, Ignored, Request
from channels.forms import read_settings
from tests.channels.cases import CONTEXT, HTTP, payloads

KEY = "a-key-for-the-contact-centre"
FIRST = "11111111-2222-3333-4444-555555555501"


def connect(**settings: Any) -> AmazonConnect:
    made = registry.build("amazon_connect", {"secret": KEY, **settings}, HTTP, CONTEXT)
    assert isinstance(made, AmazonConnect)
    return made


def captured(name: str) -> Request:
    (sample,) = [one for one in payloads("amazon_connect") if one.name == name]
    return sample.request


def parse(document: Any) -> list[Any]:
    return connect().parse(Request("POST", "", body=json.dumps(document).encode()))


def test_another_key_or_none_is_refused() -> None:
    good = captured("initiated")
    connect().verify(good)
    for key in ("", "another-key-0000000", KEY + " ", KEY[:-1], "鍵"):
        with pytest.raises(BadSignature):
            connect().verify(replace(good, headers={"x-madoguchi-key": key}))
    with pytest.raises(BadSignature):
        connect(secret="").verify(replace(good, headers={"x-madoguchi-key": ""}))


def test_a_transfer_is_a_leg_of_the_same_call() -> None:
    names = (
        "initiated",
        "connected_to_agent",
        "transferred",
        "disconnected",
        "record",
        "record_of_a_transfer",
    )
    told = [event for name in names for event in connect().parse(captured(name))]
    assert {one.external_id for one in told if isinstance(one, Call)} == {FIRST}
    assert len({one.leg for one in told if isinstance(one, Call)}) == 2


def test_what_comes_again_says_the_same_and_the_newest_record_is_known_by_its_time() -> None:
    assert connect().parse(captured("record")) == connect().parse(captured("record"))
    (old,), (new,) = connect().parse(captured("record")), connect().parse(captured("record_told_anew"))
    assert isinstance(old, Call)
    assert isinstance(new, Call)
    assert old.at is not None
    assert new.at is not None
    assert old.at < new.at
    assert (old.disposition, new.disposition) == ("返品", "交換")


def test_where_outcome_and_note_stand_is_a_setting() -> None:
    document = json.loads(captured("record").body)
    document["Attributes"] = {"結果": "完了", "disposition": "?", "memo": "x"}
    request = Request("POST", "", body=json.dumps(document).encode())
    (call,) = connect(disposition="結果", memo="").parse(request)
    assert isinstance(call, Call)
    assert (call.disposition, call.text) == ("完了", "")


def test_a_list_is_told_one_by_one_and_a_bad_one_costs_the_others_nothing() -> None:
    record = json.loads(captured("record").body)
    told = parse(
        [record, 5, None, {"detail-type": "x"}, {**record, "ContactId": "c2", "Agent": "x", "Queue": 5}]
    )
    assert [isinstance(one, Call) for one in told] == [True, False, False, False, True]
    assert all(one.reason for one in told if isinstance(one, Ignored))


@pytest.mark.parametrize("data", ["!!", "", "bm90IGpzb24=", "W1tbW1tb"])
def test_an_envelope_of_kinesis_with_anything_else_in_it_becomes_nothing(data: str) -> None:
    (event,) = parse([{"eventSource": "aws:kinesis", "data": data}])
    assert isinstance(event, Ignored)


def test_a_number_with_letters_is_told_as_it_is() -> None:
    document = json.loads(captured("record").body)
    document["CustomerEndpoint"]["Address"] = "0120-SHOP-24"
    (call,) = parse(document)
    assert call.sender.address == "0120-SHOP-24"


def test_an_instance_may_be_its_arn_or_its_id() -> None:
    id = "12345678-1234-1234-1234-123456789012"
    arn = f"arn:aws:connect:ap-northeast-1:111122223333:instance/{id}"
    for instance, ours in ((id, True), (arn, True), ("", True), (id[:-1] + "9", False)):
        (event,) = connect(instance=instance).parse(captured("initiated"))
        assert isinstance(event, Call) is ours
    good = {"secret": KEY}
    assert read_settings("amazon_connect", {**good, "instance": arn}).errors == {}
    assert read_settings("amazon_connect", {**good, "instance": id}).errors == {}
    assert list(read_settings("amazon_connect", {**good, "instance": "ours"}).errors) == ["instance"]
