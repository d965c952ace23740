"""What comes in, however hostile; what each sort of message says stands in the payload files beside this."""

import pytest
from wechatpy import parse_message

from channels.base import BadSignature, Event, Ignored, Inbound
from tests.channels.cases import payloads
from tests.channels.wechat.account import HANA, posted, said, sealed, wechat, xml

XXE = f"""<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<xml><ToUserName>gh_7c1e5a9b3d20</ToUserName><FromUserName>{HANA}</FromUserName><CreateTime>1795255200</CreateTime>
<MsgType>text</MsgType><Content>&secret;</Content><MsgId>1</MsgId></xml>"""
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><xml><Content>&l11;</Content></xml>'
OUTER = '<?xml version="1.0"?><!DOCTYPE xml SYSTEM "http://169.254.169.254/x.dtd"><xml></xml>'


def heard(body: str | bytes) -> Event:
    """In plain mode, where only the address is signed."""
    request = posted(body)
    connector = wechat(mode="plain")
    connector.verify(request)
    (event,) = connector.parse(request)
    return event


@pytest.mark.parametrize("body", [XXE, BOMB, OUTER])
def test_trap_26_xml_with_a_document_type_is_refused_and_opens_nothing(body: str) -> None:
    event = heard(body)
    assert isinstance(event, Ignored)
    assert "document type or entities" in event.reason
    with pytest.raises(BadSignature, match="document type"):
        wechat().verify(posted(body))
    (inside,) = wechat().parse(sealed(body))
    assert isinstance(inside, Ignored)


def test_trap_26_an_event_without_an_id_is_known_again_by_sender_time_and_name() -> None:
    press = xml(
        ToUserName="gh_7c1e5a9b3d20",
        FromUserName=HANA,
        CreateTime="1795255200",
        MsgType="event",
        Event="CLICK",
        EventKey="営業時間",
    )
    first, again = heard(press), heard(press)
    later = heard(press.replace("1795255200", "1795255201"))
    assert first == again
    assert isinstance(first, Inbound)
    assert isinstance(later, Inbound)
    assert first.external_id == f"{HANA}:1795255200:CLICK"
    assert later.external_id != first.external_id


def test_trap_26_a_message_told_three_times_has_one_id_however_it_is_sealed() -> None:
    requests = [sealed(said("はい", MsgId="24500000000000009")) for _ in range(3)]
    assert len({one.body for one in requests}) == 3
    events = [wechat().parse(one)[0] for one in requests]
    assert {one.external_id for one in events if isinstance(one, Inbound)} == {"24500000000000009"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<xml>",
        b"<html><body/></html>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><xml/>',
        "<xml><Content>\ud800</Content></xml>".encode("utf-16-le", "surrogatepass"),
    ],
)
def test_what_is_no_webhook_becomes_a_sentence(body: bytes) -> None:
    event = heard(body)
    assert isinstance(event, Ignored)
    assert event.reason
    assert not event.malformed


def test_three_megabytes_are_read_and_cut() -> None:
    event = heard(said("あ" * 1_000_000))
    assert isinstance(event, Inbound)
    assert len(event.text) == 20_000


@pytest.mark.parametrize(
    "body",
    [
        b"<xml>" + b"<a>" * 900_000,
        b"<xml>" + b"<MsgType>text</MsgType>" * 120_000 + b"</xml>",
    ],
    ids=["deep", "wide"],
)
def test_xml_deeper_or_wider_than_wechats_ends_the_reading_at_once(body: bytes) -> None:
    event = heard(body)
    assert isinstance(event, Ignored)
    assert "more fields, or lies deeper" in event.reason


def test_five_thousand_emoji_come_in_whole() -> None:
    event = heard(said("👩‍🌾" * 5000))
    assert isinstance(event, Inbound)
    assert event.text == "👩‍🌾" * 5000


def test_controls_and_half_characters_are_stored_as_nothing() -> None:
    event = heard("<xml>" + said("a&#13;b").removeprefix("<xml>"))
    assert isinstance(event, Inbound)
    assert event.text == "a&#13;b"  # within CDATA it stands as it is
    escaped = said("x").replace("<![CDATA[x]]>", "a&#13;b&#9;c")
    assert getattr(heard(escaped), "text", "") == "a\nb\tc"


@pytest.mark.parametrize("name", ["MsgType", "FromUserName", "CreateTime", "Content", "MsgId", "ToUserName"])
def test_a_field_that_is_missing_or_nested_costs_no_more_than_itself(name: str) -> None:
    without = said().replace(f"<{name}>", "<Gone>").replace(f"</{name}>", "</Gone>")
    nested = said().replace(f"<{name}>", f"<{name}><Deep>").replace(f"</{name}>", f"</Deep></{name}>")
    for body in (without, nested):
        event = heard(body)
        assert isinstance(event, Inbound if name in ("CreateTime", "MsgId", "ToUserName") else Ignored)


@pytest.mark.parametrize("payload", payloads("wechat"), ids=lambda one: one.name)
def test_wechatpy_reads_the_same(payload: object) -> None:
    """The library's own reader finds the same sender, id, sort and words in every payload that becomes a message."""
    assert isinstance(payload, type(payloads("wechat")[0]))
    connector = payload.connector()
    inside = connector._inside(payload.request)  # type: ignore[attr-defined]
    judged = parse_message(xml(**{name: one for name, one in inside.items() if isinstance(one, str)}))
    for event in connector.parse(payload.request):
        if isinstance(event, Inbound):
            assert (judged.source, judged.time) == (event.sender.address, 1795255200)
            if "MsgId" in inside:
                assert str(judged.id) == event.external_id
            if judged.type == "text":
                assert judged.content == event.text.strip()
