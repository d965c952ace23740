"""A line to the manager interface: what is heard on it, and what becomes of one that breaks."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from channels.asterisk import listening as hearing
from channels.base import BadSignature, Call, ChannelError, Collected, Request
from tests.channels.asterisk import (
    CALL,
    SECRET,
    TARO,
    USER,
    Ami,
    answered_call,
    channel,
    connector,
    desk,
    listening,
)
from tests.mailservers.base import certificate


@pytest.fixture
def ami() -> Iterator[Ami]:
    with listening() as made:
        yield made


def heard(
    ami: Ami, *events: Mapping[str, str], until: int, cursor: dict[str, Any] | None = None
) -> list[Collected]:
    """What is collected until so many requests came."""
    found: list[Collected] = []
    stop = Event()
    for one in connector(ami).collect(cursor or {}, stop.is_set):
        if not found:
            ami.tell(*events)
        found.append(one)
        if sum(each.request is not None for each in found) >= until:
            stop.set()
    return found


def calls(found: list[Collected]) -> list[Call]:
    told = [event for one in found if one.request for event in connector().parse(one.request)]
    assert all(isinstance(event, Call) for event in told), told
    return [event for event in told if isinstance(event, Call)]


def test_a_call_is_heard_from_ring_to_hang_up(ami: Ami) -> None:
    found = heard(ami, *answered_call(), until=5)
    told = calls(found)
    assert [one.state for one in told] == ["ringing", "ringing", "ringing", "answered", "ended"]
    assert {one.external_id for one in told} == {CALL}
    assert {one.sender.address for one in told} == {TARO}
    assert [one.agent for one in told] == ["", "201", "202", "201", ""]
    assert found[-1].cursor == {"open": {}}
    assert found[-2].cursor == {"open": {CALL: "in"}}


def test_noise_is_not_stored(ami: Ami) -> None:
    noise = [{"Event": name, **channel()} for name in ("VarSet", "RTCPSent", "BridgeEnter", "Newexten")]
    found = heard(ami, *noise, {"Event": "Newchannel", **channel()}, until=1)
    assert [one.request.json()["event"] for one in found if one.request] == ["Newchannel"]


def test_the_secret_is_never_said(ami: Ami) -> None:
    heard(ami, *answered_call(), until=5)
    login = next(one for one in ami.said if one["Action"] == "Login")
    assert login["Username"] == USER
    assert login["Events"] == "call,cdr,agent"
    assert all(SECRET not in value for one in ami.said for value in one.values())


def test_a_wrong_secret_is_for_the_admin_to_put_right(ami: Ami) -> None:
    with pytest.raises(ChannelError) as told:
        next(connector(ami, ami_secret="another").collect({}, lambda: False))
    assert told.value.permanent
    assert told.value.sentence == "The telephone system does not accept the user and the secret."
    assert told.value.detail == "Authentication failed"


def test_a_line_that_drops_is_told_and_taken_up_again_later(ami: Ami) -> None:
    lines = connector(ami).collect({}, lambda: False)
    assert next(lines) == Collected({"open": {}})
    ami.tell({"Event": "Newchannel", **channel()})
    first = next(lines)
    assert first.request is not None
    ami.hang_up()
    with pytest.raises(ChannelError) as told:
        next(lines)
    assert (told.value.sentence, told.value.permanent) == ("The telephone system hung up.", False)


def test_a_call_that_ended_while_nobody_listened_is_over(ami: Ami) -> None:
    ami.channels = ["still-there"]
    cursor = {"open": {CALL: "in", "still-there": "out"}}
    found = heard(ami, until=1, cursor=cursor)
    (event,) = calls(found)
    assert (event.external_id, event.state, event.sender.address, event.direction) == (
        CALL,
        "ended",
        "",
        "in",
    )
    assert found[0].cursor == {"open": {"still-there": "out"}}


def test_who_may_not_ask_for_channels_ends_no_call(ami: Ami) -> None:
    ami.reporting = False
    lines = connector(ami).collect({"open": {CALL: "in"}}, lambda: False)
    assert next(lines) == Collected({"open": {CALL: "in"}})


def test_a_call_of_ours_that_nobody_takes_ends_as_ours(ami: Ami) -> None:
    ours = channel("PJSIP/201-0000000c", CallerIDNum="201", Exten="0311112222")
    found = heard(
        ami,
        {"Event": "Newchannel", **ours},
        {"Event": "Hangup", **ours, "Exten": "h", "Cause": "17"},
        until=2,
    )
    began, ended = calls(found)
    assert (began.direction, began.sender.address, began.agent) == ("out", "0311112222", "201")
    assert (ended.direction, ended.sender.address, ended.result) == ("out", "", "busy")


def test_calls_between_colleagues_are_not_stored(ami: Ami) -> None:
    inside = channel("PJSIP/201-0000000c", CallerIDNum="201", Exten="202")
    events = [
        {"Event": "Newchannel", **inside},
        {"Event": "DialBegin", **inside, **desk("202")},
        {"Event": "DialEnd", **inside, **desk("202"), "DialStatus": "ANSWER"},
        {"Event": "Hangup", **inside, "Cause": "16", "ConnectedLineNum": "202"},
        {"Event": "Newchannel", **channel()},
    ]
    found = heard(ami, *events, until=1)
    assert [one.sender.address for one in calls(found)] == [TARO]


def test_a_silent_line_is_asked_whether_it_is_there(ami: Ami, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "WAIT", 0.2)
    monkeypatch.setattr(hearing, "LOOK", 0.1)
    monkeypatch.setattr("channels.asterisk.line.ANSWER", 0.3)
    lines = connector(ami).collect({}, lambda: False)
    assert [next(lines), next(lines)] == [Collected({"open": {}})] * 2
    assert ami.said[-1]["Action"] == "Ping"
    ami.mute = True
    with pytest.raises(ChannelError, match="does not answer any more"):
        next(lines)


def test_what_is_no_asterisk_is_told(ami: Ami) -> None:
    ami.banner = "220 mail.example.jp ESMTP"
    with pytest.raises(ChannelError) as told:
        connector(ami).check()
    assert told.value.sentence == "What answers there is no manager interface of Asterisk."


def test_a_server_that_is_not_there_or_inside_our_network_is_told(ami: Ami) -> None:
    with pytest.raises(ChannelError) as told:
        connector(ami, allow_private=False).check()
    assert told.value.permanent
    assert told.value.sentence.startswith("This server is inside a private network")
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(ChannelError) as told:
        connector(ami, ami_port=port).check()
    assert (told.value.sentence, told.value.permanent) == ("The telephone system cannot be reached.", False)


def test_what_a_setting_holds_is_no_further_action(ami: Ami) -> None:
    with pytest.raises(ChannelError):
        connector(ami, ami_user="x\r\nAction: Command\r\nCommand: core stop now").check()
    assert [one["Action"] for one in ami.said] == ["Challenge", "Login"]
    assert ami.said[-1]["Username"].startswith("x  Action: Command")


def test_test_now_names_the_version(ami: Ami) -> None:
    assert connector(ami).check() == (
        "Signed in to the telephone system: its calls are heard as they ring. (Asterisk 20.9.3)"
    )
    assert ami.said[1]["Events"] == "off"
    assert connector().check().startswith("Call records come in by the webhook address.")


def test_an_encrypted_line_looks_at_the_certificate_unless_told_not_to(tmp_path: Path) -> None:
    with listening(certificate(tmp_path)) as ami:
        with pytest.raises(ChannelError) as told:
            connector(ami, ami_tls=True).check()
        assert told.value.permanent
        assert told.value.sentence == "The certificate of the telephone system cannot be trusted."
        assert connector(ami, ami_tls=True, any_certificate=True).check().startswith("Signed in")


def test_a_call_is_heard_over_an_encrypted_line(tmp_path: Path) -> None:
    with listening(certificate(tmp_path)) as ami:
        lines = connector(ami, ami_tls=True, any_certificate=True).collect({}, lambda: False)
        next(lines)
        ami.tell(*answered_call())
        assert [one.state for one in calls([next(lines) for _ in range(5)])][-1] == "ended"


def test_without_a_server_there_is_no_line() -> None:
    assert list(connector().collect({}, lambda: False)) == []


def test_an_event_of_the_line_is_no_request_of_the_webhook() -> None:
    with pytest.raises(BadSignature):
        connector().verify(Request("POST", "", {"direction": "in"}, {}, b'{"event":"Gone","linkedid":"1"}'))
