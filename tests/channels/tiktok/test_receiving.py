"""What TikTok tells: signed, once or again, whole or broken."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from channels.base import BadSignature, Ignored, Inbound, Request
from channels.tiktok import events, signature
from tests.channels.cases import payloads
from tests.channels.tiktok import BUSINESS, CONVERSATION, HANAKO, SECRET, Scripted, account

AT = 1633174587
KNOWN = "0e05297722fde7d581047b20b743d535cc019c6e2ec883e63a6040fd959492f2"  # of t=1633174587, {"a":1}, client_secret


def signed(body: bytes, at: int = AT, secret: str = SECRET) -> Request:
    header = {"tiktok-signature": signature.sign(secret, at, body)}
    return Request("POST", "https://desk.example.jp/hooks/k1", header, {}, body)


def by_openssl(secret: str, at: int, body: bytes) -> str:
    told = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", secret],
        input=str(at).encode() + b"." + body,
        capture_output=True,
        check=True,
    )
    return told.stdout.decode().split()[-1]


def told(content: Any, event: str = "im_receive_msg", **more: Any) -> dict[str, Any]:
    inside = content if isinstance(content, str) else json.dumps(content)
    return {"event": event, "user_openid": BUSINESS, "create_time": AT, "content": inside, **more}


def text(body: str, **more: Any) -> dict[str, Any]:
    beside = {"from_user": {"id": HANAKO}, "to_user": {"id": BUSINESS}, "timestamp": AT * 1000}
    return {
        "message_id": "1",
        "conversation_id": CONVERSATION,
        "type": "text",
        "text": {"body": body},
        **beside,
        **more,
    }


def one(document: Any) -> Any:
    (event,) = events.read(document, BUSINESS)
    return event


def test_the_signature_is_the_known_one_and_openssl_s() -> None:
    assert signature.sign("client_secret", AT, b'{"a":1}') == f"t={AT},s={KNOWN}"
    for body in (b"", '{"text":"日本語🧥"}'.encode(), b"\x00\xff" * 1000):
        assert signature.sign(SECRET, AT, body) == f"t={AT},s={by_openssl(SECRET, AT, body)}"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,s=",
        f"t={AT}",
        f"s={KNOWN}",
        f"t={AT},s={KNOWN[:-1]}0",
        f"t={AT + 1},s={KNOWN}",
        f"t={AT},s={KNOWN.upper()}",
        f"t=0x10,s={KNOWN}",
        "t=１６３３１７４５８７,s=é",
        ",,,=,t",
    ],
)
def test_a_forged_or_broken_signature_is_refused(header: str) -> None:
    request = Request("POST", "", {"tiktok-signature": header}, {}, b'{"a":1}')
    with time_machine.travel(AT, tick=False), pytest.raises(BadSignature):
        signature.verify("client_secret", 300, request)


def test_the_parts_of_the_signature_may_come_in_any_order_and_with_others() -> None:
    request = Request("POST", "", {"tiktok-signature": f"v=2, s={KNOWN}, t={AT}"}, {}, b'{"a":1}')
    with time_machine.travel(AT, tick=False):
        signature.verify("client_secret", 300, request)


@pytest.mark.parametrize(
    ("late", "skew", "good"),
    [(299, 300, True), (301, 300, False), (-301, 300, False), (6, 5, False), (900, 900, True)],
)
def test_a_captured_request_is_good_for_so_long(late: int, skew: int, good: bool) -> None:
    tiktok = account(Scripted(), skew=skew)
    with time_machine.travel(AT + late, tick=False):
        if good:
            tiktok.verify(signed(b"{}"))
        else:
            with pytest.raises(BadSignature, match="another time"):
                tiktok.verify(signed(b"{}"))


def test_a_channel_without_its_secret_takes_nothing() -> None:
    with time_machine.travel(AT, tick=False), pytest.raises(BadSignature):
        account(Scripted(), app_secret="").verify(signed(b"{}", secret=""))


def test_before_the_account_is_known_nothing_is_taken() -> None:
    """All accounts of an app are told of at one address, and signed alike."""
    with time_machine.travel(AT, tick=False), pytest.raises(BadSignature, match="not known yet"):
        account(Scripted(), business_id="").verify(signed(b"{}"))


def test_a_body_by_itself_is_read_for_whichever_account_it_names() -> None:
    (event,) = account(Scripted(), business_id="").parse(signed(json.dumps(told(text("設定前"))).encode()))
    assert isinstance(event, Inbound)
    assert (event.kind, event.text) == ("inbound", "設定前")


@pytest.mark.parametrize("at", [10**14, -1, True, "soon", "９" * 10, 10**30])
def test_a_message_of_an_impossible_time_is_taken_at_the_time_of_its_event(at: object) -> None:
    document = told(text("はい", timestamp=at))
    (event,) = account(Scripted()).parse(signed(json.dumps(document).encode()))
    assert isinstance(event, Inbound)
    assert (event.text, event.sent_at) == ("はい", datetime.fromtimestamp(AT, UTC))


def test_trap_25_the_content_is_json_in_a_string() -> None:
    assert isinstance(told(text("はい"))["content"], str)
    assert one(told(text("はい"))).text == "はい"
    for broken in ("", "{", "[]", '"text"', "null", '{"message_id":', "[" * 100_000):
        event = one(told(broken))
        assert isinstance(event, Ignored)
        assert event.malformed


def test_who_writes_is_told_by_whom_it_is_to() -> None:
    both = {"from_user": {"id": BUSINESS}, "to_user": {"id": HANAKO}}
    for event in ("im_receive_msg", "im_send_msg"):
        assert one(told(text("?"), event)).kind == "inbound"
        ours = one(told(text("?", **both), event))
        assert (ours.kind, ours.sender.address) == ("outbound", HANAKO)


def test_the_same_message_told_again_has_the_same_id() -> None:
    first, again = (one(told(text("はい"), create_time=at)) for at in (AT, AT + 60))
    assert first == again
    assert first.external_id == "1"


def test_five_thousand_emoji_come_whole() -> None:
    assert one(told(text("👨‍👩‍👧" * 1000))).text == "👨‍👩‍👧" * 1000
    assert len(one(told(text("😀" * 5000))).text) == 5000


def test_a_text_with_nul_and_lone_surrogates_can_be_stored() -> None:
    assert (
        one(
            told(
                '{"message_id":"1","conversation_id":"c","type":"text","text":{"body":"a\\u0000\\ud800b"},'
                f'"from_user":{{"id":"{HANAKO}"}},"to_user":{{"id":"{BUSINESS}"}}}}'
            )
        ).text
        == "a\ufffdb"
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event":7}', b"[" * 200_000, b"\xff" * 3_000_000])
def test_whatever_else_comes_is_told_as_broken(body: bytes) -> None:
    (event,) = account(Scripted()).parse(signed(body))
    assert isinstance(event, Ignored)
    assert event.malformed


def test_three_megabytes_of_text_are_cut_to_what_anybody_reads() -> None:
    assert len(one(told(text("あ" * 3_000_000))).text) == 20_000


def test_what_lacks_its_parts_costs_no_more_than_itself() -> None:
    for name in ("message_id", "conversation_id", "from_user", "to_user"):
        content = {key: value for key, value in text("?").items() if key != name}
        assert isinstance(one(told(content)), Ignored), name
    assert isinstance(one(told({**text("?"), "text": "はい"})), Ignored)
    for name in ("timestamp", "from", "type"):
        content = {key: value for key, value in text("?").items() if key != name}
        assert isinstance(one(told(content)), Inbound), name


def test_everything_that_was_captured_is_signed_as_openssl_signs_it() -> None:
    for payload in payloads("tiktok"):
        at = int(payload.request.header("tiktok-signature").partition(",")[0][2:])
        good = by_openssl(SECRET, at, payload.request.body)
        assert payload.request.header("tiktok-signature") == f"t={at},s={good}", payload.name
        with time_machine.travel(payload.at, tick=False), pytest.raises(BadSignature):
            payload.connector().verify(replace(payload.request, body=b"{}"))
