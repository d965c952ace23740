"""The generic channel: whose requests it believes, and what it makes of every answer to a callback."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace

import httpx2
import pytest
import time_machine

from app.render import with_emoji
from channels import api, guard
from channels.api import Api, ApiSettings, sign
from channels.base import (
    Attachment,
    BadSignature,
    ChannelError,
    Context,
    Edit,
    Ignored,
    Inbound,
    Outbound,
    Person,
    Request,
    Sent,
    Typing,
)
from tests.channels.servers import Answer, serving

SECRET = "a-secret-of-the-shop"
NOW = 1_795_255_200
BODY = b'{"type":"message","id":"m-1","from":{"id":"u-1"},"text":"hello"}'
MESSAGE = Outbound(
    key="d-1",
    to=Person("u-1", name="山田"),
    text="お待たせしました",
    attachments=(Attachment("a.txt", "text/plain", data=b"hi"),),
    quick_replies=("はい",),
    author="田中",
    conversation="1042",
)


def channel(url: str = "", *, secret: str = SECRET, old: str = "", read: float = 5.0) -> Api:
    http = guard.Client(allow_private=True, timeout=httpx2.Timeout(2.0, read=read))
    return Api(ApiSettings(secret=secret, old_secret=old, callback_url=url), http, Context("k1"))


def request(*signatures: str, at: int = NOW) -> Request:
    header = ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])
    return Request("POST", "/hooks/k1", {"x-madoguchi-signature": header}, {}, BODY)


@pytest.mark.parametrize("off", [0, 299, -299])
def test_a_fresh_signature_is_believed(off: int) -> None:
    with time_machine.travel(NOW + off, tick=False):
        channel().verify(request(sign(SECRET, NOW, BODY)))


@pytest.mark.parametrize("off", [301, -301, 86_400])
def test_a_stale_or_future_signature_is_refused(off: int) -> None:
    with time_machine.travel(NOW + off, tick=False), pytest.raises(BadSignature, match="five minutes"):
        channel().verify(request(sign(SECRET, NOW, BODY)))


@time_machine.travel(NOW, tick=False)
def test_any_of_several_signatures_may_fit() -> None:
    channel().verify(request(sign("another-secret-of-theirs", NOW, BODY), sign(SECRET, NOW, BODY)))


@time_machine.travel(NOW, tick=False)
def test_the_previous_secret_is_accepted_while_it_is_kept() -> None:
    signed = request(sign("the-secret-of-last-year", NOW, BODY))
    channel(old="the-secret-of-last-year").verify(signed)
    with pytest.raises(BadSignature):
        channel().verify(signed)


@time_machine.travel(NOW, tick=False)
def test_a_channel_without_a_secret_believes_nobody() -> None:
    with pytest.raises(BadSignature):
        channel(secret="").verify(request(sign("", NOW, BODY)))


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", "v1=00", f"t={NOW}", f"t={NOW},v1=zz", f"t={NOW},t={NOW},v1=" + "0" * 64, "t=-1,v1=é"],
)
def test_a_header_of_another_form_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        channel().verify(replace(request(), headers={"x-madoguchi-signature": header}))


def test_a_callback_is_signed_and_carries_its_key() -> None:
    with serving() as server:
        assert channel(server.url).send(MESSAGE) == Sent(("d-1",))
    (seen,) = server.seen
    channel().verify(seen)
    assert seen.header("idempotency-key") == "d-1"
    assert seen.header("x-madoguchi-channel") == "k1"
    told = json.loads(seen.body)
    assert told["text"] == "お待たせしました"
    assert told["to"] == {"id": "u-1", "name": "山田", "email": "", "phone": ""}
    assert told["attachments"] == [{"name": "a.txt", "type": "text/plain", "size": 2, "data": "aGk="}]


def test_the_same_message_is_the_same_bytes_again() -> None:
    with serving(Answer(500), Answer(200)) as server:
        with pytest.raises(ChannelError):
            channel(server.url).send(MESSAGE)
        channel(server.url).send(MESSAGE)
    first, second = server.seen
    assert first.body == second.body
    assert first.header("idempotency-key") == second.header("idempotency-key")


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b'{"id":"theirs-1"}', ("theirs-1",)),
        (b'{"ids":["a","b"]}', ("a", "b")),
        (b'{"id":17}', ("17",)),
        (b"", ("d-1",)),
        (b"ok", ("d-1",)),
        (b'{"ids":[null,{}]}', ("d-1",)),
        (b"[" * 50_000, ("d-1",)),
    ],
)
def test_their_ids_are_taken_if_they_give_any(body: bytes, ids: tuple[str, ...]) -> None:
    with serving(Answer(201, body=body)) as server:
        assert channel(server.url).send(MESSAGE).external_ids == ids


def test_having_it_already_is_having_it() -> None:
    with serving(Answer(409)) as server:
        assert channel(server.url).send(MESSAGE) == Sent(("d-1",))


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(301, True), (307, True), (400, True), (403, True), (422, True), (408, False), (502, False)],
)
def test_what_an_answer_means_for_another_attempt(status: int, permanent: bool) -> None:
    with serving(Answer(status, {"Location": "http://127.0.0.1:1/"})) as server:
        with pytest.raises(ChannelError) as told:
            channel(server.url).send(MESSAGE)
        assert len(server.seen) == 1
    assert (told.value.permanent, told.value.ambiguous) == (permanent, False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("Sat, 21 Nov 2026 10:00:20 GMT", 20.0),
        ("9999999", 86_400.0),
        ("-5", 0.0),
        ("soon", None),
        ("nan", None),
    ],
)
def test_being_asked_to_wait_is_heard(value: str, seconds: float | None) -> None:
    with (
        time_machine.travel(NOW, tick=False),
        serving(Answer(429, {"Retry-After": value})) as server,
        pytest.raises(ChannelError) as told,
    ):
        channel(server.url).send(MESSAGE)
    assert told.value.retry_after == (pytest.approx(seconds) if seconds is not None else None)
    assert told.value.permanent is False


def test_an_answer_that_does_not_come_leaves_it_unknown() -> None:
    with serving(Answer(wait=0.6)) as server, pytest.raises(ChannelError) as told:
        channel(server.url, read=0.2).send(MESSAGE)
    assert told.value.ambiguous


def test_an_answer_that_drips_in_keeps_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "DEADLINE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as door:

        def drip() -> None:
            line, _ = door.accept()
            with line, suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nX-Slowly: indeed\r\nContent-Length: 0\r\n\r\n":
                    line.sendall(bytes([byte]))
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(ChannelError) as told:
            channel(f"http://127.0.0.1:{door.getsockname()[1]}/in").send(MESSAGE)
    assert told.value.ambiguous, "it would have been 200 after three seconds"


def test_a_line_cut_after_the_request_leaves_it_unknown() -> None:
    with serving(Answer(hang_up=True)) as server, pytest.raises(ChannelError) as told:
        channel(server.url).send(MESSAGE)
    assert told.value.ambiguous


def test_an_address_where_nobody_listens_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(ChannelError) as told:
            channel(url).send(MESSAGE)
    assert (told.value.permanent, told.value.ambiguous) == (False, False)


def test_a_status_counts_even_if_its_body_breaks_off() -> None:
    with serving(Answer(200, {"Content-Length": "1000"}, b'{"id":"x')) as server:
        assert channel(server.url).send(MESSAGE) == Sent(("d-1",))


def test_a_packed_answer_is_not_unpacked() -> None:
    with serving(Answer(200, {"Content-Encoding": "gzip"}, b"not gzip at all")) as server:
        assert channel(server.url).send(MESSAGE) == Sent(("d-1",))


def test_an_address_inside_is_never_called() -> None:
    with serving() as server:
        made = Api(ApiSettings(secret=SECRET, callback_url=server.url), guard.Client(), Context("k1"))
        with pytest.raises(ChannelError, match="private network") as told:
            made.send(MESSAGE)
        assert told.value.permanent
        assert server.seen == []


def test_a_channel_that_only_receives_says_so() -> None:
    with pytest.raises(ChannelError, match="only receives") as told:
        channel().send(MESSAGE)
    assert told.value.permanent
    assert channel().check().startswith("This channel only receives.")


def test_testing_the_channel_pings_the_callback() -> None:
    with serving(Answer(204), Answer(401)) as server:
        assert channel(server.url).check() == "The callback address answered."
        with pytest.raises(ChannelError, match="credentials"):
            channel(server.url).check()
    assert json.loads(server.seen[0].body) == {"type": "ping"}
    channel().verify(server.seen[0])


def test_verified_contacts_are_believed_only_where_the_channel_says_so() -> None:
    body = b'{"type":"typing","from":{"id":"u-1","email":"a@example.jp"}}'
    believing = Api(
        ApiSettings(secret=SECRET, trust_contacts=True, identity_scope="shop"), guard.Client(), Context("k1")
    )
    (event,) = believing.parse(Request("POST", "", {}, {}, body))
    assert isinstance(event, Typing)
    assert event.sender == Person("u-1", scope="shop", email="a@example.jp", proof="signed")


def test_five_hundred_events_are_the_most() -> None:
    body = json.dumps([{"type": "end", "from": {"id": "u"}}] * 501).encode()
    (event,) = channel().parse(Request("POST", "", {}, {}, body))
    assert isinstance(event, Ignored)
    assert event.malformed


def parsed(**told: object) -> list[object]:
    body = json.dumps({"from": {"id": "u-1"}, **told}).encode()
    return list(channel().parse(replace(request(), body=body)))


@pytest.mark.parametrize("kind", ["message", "edit"])
def test_words_that_come_as_html_alone_are_its_text(kind: str) -> None:
    (event,) = parsed(type=kind, id="1", html="<p>返品<b>したい</b>です</p>")
    assert isinstance(event, Inbound | Edit)
    assert (event.text, event.html) == ("返品したいです", "<p>返品<b>したい</b>です</p>")


def test_an_edit_without_words_is_malformed_and_takes_nothing_away() -> None:
    (event,) = parsed(type="edit", id="1")
    assert isinstance(event, Ignored)
    assert "an edit needs a text or html" in event.reason


def test_a_context_says_nothing_that_pages_go_by() -> None:
    ours = ("emojis", "image_set", "notice", "problems", "lacking", "why", "left_out", "undone", "message_id")
    (event,) = parsed(type="message", id="1", text="hi", context={**dict.fromkeys(ours, "x"), "url": "u"})
    assert isinstance(event, Inbound)
    assert event.context == {"url": "u"}
    assert with_emoji("hi", "smile") == "hi"  # of a message from before
