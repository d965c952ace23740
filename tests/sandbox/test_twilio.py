"""SMS as the sandbox plays it: Twilio's own library calls it and checks what it signs; our connector talks to it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client as TwilioClient

from channels.base import ChannelError, Context, Outbound, Person
from channels.events import Block, Follow, Inbound, Receipt, Request
from channels.guard import Client
from channels.sms.connector import Sms
from channels.sms.settings import SmsSettings
from tests.hooked import Said, listening
from tests.sandbox import Sandbox
from tests.serving import until

EMILY, JAPAN, OTHER = "+14155550142", "+819012345678", "+14155550199"
PDF = b"%PDF-1.4 a file of ours"


class Here(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own HTTP client; every host lies at the sandbox."""

    def __init__(self, base: str) -> None:
        super().__init__(pool_connections=False)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Response:
        return super().request(method, url.replace("https://", f"{self.base}/"), *args, **more)


@dataclass
class Hearer:
    """A program behind the webhook addresses. `answers`: the statuses it gives, in turn; then 200."""

    base: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def hear(self, request: Request) -> Said:
        if request.method == "GET":
            return 200, "application/pdf", PDF
        self.heard.append((request.url, dict(request.headers), request.body))
        return self.answers.pop(0) if self.answers else 200, "text/xml", b""

    def fields(self, count: int) -> list[dict[str, str]]:
        until(lambda: len(self.heard) >= count, f"{count} webhooks")
        return [dict(parse_qsl(body.decode(), keep_blank_values=True)) for _, _, body in self.heard]


@dataclass
class World:
    """The sandbox, what hears it, and SMS as our product does it."""

    sandbox: Sandbox
    hearer: Hearer
    http: Client

    @property
    def own(self) -> dict[str, Any]:
        return dict(self.sandbox.state("twilio")["settings"])

    def library(self) -> TwilioClient:
        own = self.own
        return TwilioClient(own["account_sid"], own["auth_token"], http_client=Here(self.sandbox.base))

    def connector(self, **settings: Any) -> Sms:
        own = self.own
        given = {"sender": own["number"], "shared_key": own["shared_key"], **settings}
        context = Context("sandbox-twilio", self.hearer.base, sandbox=self.sandbox.base)
        made = SmsSettings(own["account_sid"], own["auth_token"], **given)
        return Sms(made, self.http, context)

    def act(self, user: str, action: str, **about: Any) -> dict[str, str]:
        return self.sandbox.act(user, action, on="twilio", **about)

    def sends(self, user: str, text: str, **settings: Any) -> tuple[str, ...]:
        """Our connector's message; its ids. Raises `ChannelError`."""
        return self.connector(**settings).send(Outbound("1", Person(user), text)).external_ids

    def hears(self, count: int) -> list[Any]:
        """What our connector makes of the webhooks, once there are so many; each is verified first."""
        self.hearer.fields(count)
        connector, found = self.connector(), list[Any]()
        for path, headers, body in self.hearer.heard:
            request = Request("POST", f"{self.hearer.base}{path}", headers, {}, body)
            connector.verify(request)
            found += connector.parse(request)
        return found

    def phone(self, user: str) -> list[tuple[str, str, str]]:
        return [(one["by"], one["kind"], one["text"]) for one in self.sandbox.phone(user, "twilio")]


@pytest.fixture
def world(begun: Sandbox, http: Client) -> Iterator[World]:
    """As at the start, its webhooks going to the hearer."""
    hearer = Hearer()
    with listening(hearer.hear) as hearer.base:
        begun.set("twilio", webhook=f"{hearer.base}/hooks/sandbox-twilio")
        yield World(begun, hearer, http)


def test_text_goes_both_ways_and_is_told_to_have_arrived(world: World) -> None:
    told = world.act(EMILY, "text", text="Is it in stock? 在庫😀")
    (event,) = world.hears(1)
    assert isinstance(event, Inbound)
    assert (event.external_id, event.sender.address, event.text) == (
        told["message"],
        EMILY,
        "Is it in stock? 在庫😀",
    )
    (sent,) = world.sends(EMILY, "It is.")
    states = [one.state for one in world.hears(3) if isinstance(one, Receipt) and one.external_id == sent]
    assert states == ["sent", "delivered"]
    assert world.phone(EMILY) == [
        ("customer", "text", "Is it in stock? 在庫😀"),
        ("shop", "text", "It is."),
    ]
    (accepted,) = world.sandbox.record(what="accepted")
    assert (accepted["call"], accepted["to"], accepted["messages"][0]["id"]) == ("Messages.json", EMILY, sent)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_twilio_s_own_library_takes_the_signature(world: World, algorithm: str) -> None:
    world.sandbox.set("twilio", algorithm=algorithm)
    world.act(EMILY, "text", text="ü & = あ")
    (fields,) = world.hearer.fields(1)
    ((path, headers, _),) = world.hearer.heard
    own = world.own
    validator = RequestValidator(own["auth_token" if algorithm == "sha1" else "shared_key"])
    named = get_signature_algorithm(headers.get("x-twilio-webhooks-signature-settings"))
    assert named == f"HMAC_{algorithm.upper()}"
    url, signature = world.hearer.base + path, headers["x-twilio-signature"]
    assert validator.validate(url, fields, signature, algorithm=named)
    assert len(world.hears(1)) == 1
    assert not RequestValidator("another").validate(url, fields, signature, algorithm=named)


def test_twilio_s_own_library_sends_lists_and_looks(world: World) -> None:
    client, own = world.library(), world.own
    callback = f"{world.hearer.base}/states#rc=2"
    first = client.messages.create(to=EMILY, from_=own["number"], body="一", status_callback=callback)
    assert (first.status, first.direction, first.num_segments) == ("queued", "outbound-api", "1")
    second = client.messages.create(to=OTHER, messaging_service_sid=own["service"], body="x" * 161)
    assert (second.status, second.num_segments, second.from_) == ("accepted", "2", None)
    assert client.messages(first.sid).fetch().status == "delivered"
    now = datetime.now(UTC)
    assert [one.sid for one in client.messages.list()] == [second.sid, first.sid]
    assert [one.sid for one in client.messages.list(to=EMILY, date_sent=now.date())] == [first.sid]
    assert [one.sid for one in client.messages.list(date_sent_after=now - timedelta(minutes=1), limit=1)] == [
        second.sid
    ]
    assert client.messages.list(date_sent_before=now - timedelta(days=1)) == []
    assert client.api.accounts(own["account_sid"]).fetch().status == "active"
    assert [one.phone_number for one in client.incoming_phone_numbers.list(phone_number=own["number"])] == [
        own["number"]
    ]
    assert [one["MessageStatus"] for one in world.hearer.fields(2)] == ["sent", "delivered"]
    assert [path for path, _, _ in world.hearer.heard] == ["/states", "/states"]
    with pytest.raises(TwilioRestException) as missing:
        client.messages("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_test_now_finds_out_where_messages_come_in(world: World) -> None:
    assert world.connector().check().startswith("The account and the sender work.")
    assert world.connector(sender=world.own["service"]).check().startswith("The account and the sender work.")
    with pytest.raises(ChannelError, match="does not belong to the account"):
        world.connector(sender="+12025550199").check()
    number = world.library().incoming_phone_numbers.list()[0]
    number.update(sms_url="https://elsewhere.example/sms")
    with pytest.raises(ChannelError, match="do not come here"):
        world.connector().check()
    world.sandbox.set("twilio", trial=True, webhook=f"{world.hearer.base}/hooks/sandbox-twilio")
    assert "trial" in world.connector().check()
    world.sandbox.set("twilio", status="suspended")
    with pytest.raises(ChannelError, match="suspended"):
        world.connector().check()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("あ" * 70, 1),
        ("あ" * 71, 2),
        ("😀" * 68, 3),
    ],
)
def test_the_parts_of_a_text_are_counted_as_our_composer_counts_them(
    world: World, text: str, parts: int
) -> None:
    world.sends(EMILY, text)
    (entry,) = world.sandbox.record(what="accepted")
    assert int(entry["messages"][0]["segments"]) == parts
    assert world.connector().measure(text, Person(EMILY)).parts == parts


def test_pictures_come_with_the_secret_from_twilio_and_without_it_from_where_they_lie(world: World) -> None:
    parts = ((PDF, "application/pdf"), (b"x", "image/jpeg"))
    files = [{"content": base64.b64encode(body).decode(), "type": kind} for body, kind in parts]
    world.act(EMILY, "file", files=files, text="領収書")
    (event,) = world.hears(1)
    assert (event.text, [one.content_type for one in event.attachments]) == (
        "領収書",
        ["application/pdf", "image/jpeg"],
    )
    assert [world.connector().fetch(one) for one in event.attachments] == [PDF, b"x"]
    assert world.sandbox.record(what="refused") == []
    lies = event.attachments[0].ref.replace("https://", f"{world.sandbox.base}/")
    assert httpx2.get(lies, trust_env=False).json()["code"] == 20003
    own = world.own
    sent_on = httpx2.get(lies, auth=(own["api_key"], own["api_secret"]), trust_env=False)
    assert (sent_on.status_code, "/mms.twiliocdn.com/" in sent_on.headers["location"]) == (307, True)
    told = httpx2.get(sent_on.headers["location"], auth=("a", "b"), trust_env=False)
    assert told.status_code == 400


@pytest.mark.parametrize("fault", ["redirect_media", "media_gone"])
def test_a_file_that_leads_inside_or_is_gone_is_not_fetched(world: World, fault: str) -> None:
    world.act(EMILY, "image", content=base64.b64encode(b"x").decode())
    (event,) = world.hears(1)
    world.sandbox.misbehaves({"fault": fault})
    with pytest.raises(ChannelError):
        world.connector().fetch(event.attachments[0])


def test_a_slow_file_arrives(world: World) -> None:
    world.act(EMILY, "file", content=base64.b64encode(PDF).decode())
    (event,) = world.hears(1)
    world.sandbox.misbehaves({"fault": "slow_media", "seconds": 0.4})
    began = time.monotonic()
    assert world.connector().fetch(event.attachments[0]) == PDF
    assert time.monotonic() - began > 0.3


def test_a_file_of_ours_is_on_the_phone(world: World) -> None:
    world.library().messages.create(
        to=EMILY, from_=world.own["number"], body="どうぞ", media_url=[f"{world.hearer.base}/receipt.pdf"]
    )
    assert world.phone(EMILY) == [("shop", "file", "receipt.pdf"), ("shop", "text", "どうぞ")]
    bubble = world.sandbox.phone(EMILY, "twilio")[0]["id"]
    shown = world.sandbox.http.get("/phone/twilio/media", params={"user": EMILY, "message": bubble})
    assert shown.content == PDF
    with pytest.raises(TwilioRestException) as error:
        world.library().messages.create(
            to=EMILY, from_=world.own["number"], media_url=["https://elsewhere.example/x"]
        )
    assert error.value.code == 21620


def test_who_says_stop_gets_no_more_until_they_say_start(world: World) -> None:
    world.act(EMILY, "text", text="Stop")
    events = world.hears(1)
    assert [type(one) for one in events] == [Inbound, Block]
    assert events[0].auto
    assert world.phone(EMILY)[1][2].startswith("You have successfully been unsubscribed.")
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "x")
    assert error.value.unreachable
    assert "21610" in error.value.detail
    world.act(EMILY, "text", text="START")
    assert isinstance(world.hears(2)[-1], Follow)
    assert world.sends(EMILY, "x")
    world.act(EMILY, "text", text="help")
    assert world.phone(EMILY)[-1][2].startswith("Reply STOP")


def test_without_advanced_opt_out_the_word_alone_is_told(world: World) -> None:
    world.sandbox.set("twilio", opt_out=False)
    world.act(EMILY, "text", text="STOP")
    assert "OptOutType" not in world.hearer.fields(1)[0]
    assert isinstance(world.hears(1)[-1], Block)


def test_to_japan_it_goes_one_way(world: World) -> None:
    assert world.sends(JAPAN, "ご注文の品を発送しました https://example.jp/chat")
    assert world.phone(JAPAN) == [("shop", "text", "ご注文の品を発送しました https://example.jp/chat")]
    answer = world.sandbox.http.post("/act/twilio", json={"user": JAPAN, "action": "text", "text": "はい"})
    assert (answer.status_code, "Japan" in answer.json()["error"]) == (422, True)
    page = world.sandbox.http.get("/phone/twilio", params={"user": JAPAN, "lang": "ja"}).text
    assert "返信はできません" in page


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
        ("+33123456789", 21408),
        ("+441314960000", 21614),
    ],
)
def test_some_numbers_are_refused_at_once(world: World, to: str, code: int) -> None:
    world.sandbox.set("twilio", closed=["+33"], fates={"+441314960000": 21614})
    with pytest.raises(ChannelError) as error:
        world.sends(to, "x")
    assert (str(code) in error.value.detail, error.value.permanent) == (True, True)
    assert world.sandbox.record(what="accepted") == []


@pytest.mark.parametrize(
    ("to", "states", "code"),
    [
        ("+150055530003", ["sent", "undelivered"], "30003"),
        ("+150055530007", ["sent", "undelivered"], "30007"),
        ("+150055530001", ["failed"], "30001"),
        (OTHER, ["sent", "undelivered"], "30005"),
    ],
)
def test_some_numbers_end_in_failure(world: World, to: str, states: list[str], code: str) -> None:
    world.sandbox.set("twilio", fates={OTHER: 30005})
    (sid,) = world.sends(to, "x")
    fields = world.hearer.fields(len(states))
    assert [one["MessageStatus"] for one in fields] == states
    assert fields[-1]["ErrorCode"] == code
    receipt = world.hears(len(states))[-1]
    assert (receipt.external_id, receipt.state, f"({code})" in receipt.reason) == (sid, "failed", True)
    assert receipt.unreachable == (code == "30005")
    assert world.phone(to) == []
    assert world.library().messages(sid).fetch().error_code == int(code)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "12"}, 21211),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"from_": "+12025550199"}, 21606),
        ({"from_": "Kitakaze"}, 21612),
        ({"to": "+12025550143"}, 21266),
        ({"from_": None, "messaging_service_sid": "MG" + "0" * 32}, 21703),
        ({"from_": None}, 21603),
    ],
)
def test_what_twilio_would_not_take_is_refused(world: World, told: dict[str, Any], code: int) -> None:
    with pytest.raises(TwilioRestException) as error:
        world.library().messages.create(**{"to": EMILY, "from_": world.own["number"], "body": "x", **told})
    assert (error.value.status, error.value.code) == (400, code)


def test_a_name_sends_where_names_are_taken(world: World) -> None:
    assert world.sends("+447700900123", "x", sender="Kitakaze")


def test_an_answer_that_was_lost_is_looked_up(world: World) -> None:
    world.sandbox.misbehaves({"fault": "drop_after", "call": "Messages.json", "count": 1})
    (sid,) = world.sends(EMILY, "一回だけ")
    assert world.sandbox.accepted(EMILY) == ["一回だけ"]
    assert [one["id"] for one in world.sandbox.phone(EMILY, "twilio")] == [sid]
    world.sandbox.misbehaves({"fault": "error_after", "call": "Messages.json", "count": 1})
    assert world.sends(EMILY, "もう一度")
    world.sandbox.misbehaves({"fault": "drop_before", "call": "Messages.json", "count": 1})
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "届かない")
    assert error.value.ambiguous
    assert world.sandbox.accepted(EMILY) == ["一回だけ", "もう一度"]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("rate_limit", {"permanent": False, "ambiguous": False}),
        ("error", {"permanent": False, "ambiguous": False}),
        ("expired_token", {"permanent": True, "everybody": True}),
    ],
)
def test_what_goes_wrong_is_told_as_it_is(world: World, fault: str, wanted: dict[str, bool]) -> None:
    world.sandbox.misbehaves({"fault": fault, "call": "Messages.json", "to": EMILY, "count": 1})
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "x")
    assert {name: getattr(error.value, name) for name in wanted} == wanted
    assert world.sends(EMILY, "x")


def test_a_late_answer_is_an_answer(world: World) -> None:
    world.sandbox.misbehaves({"fault": "slow", "seconds": 0.4, "count": 1})
    began = time.monotonic()
    assert world.sends(EMILY, "x")
    assert time.monotonic() - began > 0.35


def test_an_account_that_was_closed_lets_nobody_in(world: World) -> None:
    world.sandbox.set("twilio", revoked=True)
    with pytest.raises(ChannelError) as error:
        world.sends(EMILY, "x")
    assert error.value.everybody
    connector = world.connector(api_key=world.own["api_key"], api_secret="wrong")
    world.sandbox.set("twilio", revoked=False)
    with pytest.raises(ChannelError):
        connector.send(Outbound("1", Person(EMILY), "x"))
    right = {"api_key": world.own["api_key"], "api_secret": world.own["api_secret"]}
    assert world.sends(EMILY, "x", **right)


def test_states_come_out_of_order_on_demand(world: World) -> None:
    world.sandbox.misbehaves({"fault": "reorder", "count": 1, "seconds": 5})
    world.sends(EMILY, "x")
    assert [one["MessageStatus"] for one in world.hearer.fields(2)] == ["delivered", "sent"]


def test_a_webhook_is_told_again_only_where_nobody_was_there(world: World) -> None:
    world.hearer.answers = [500]
    world.act(EMILY, "text", text="一")
    world.hearer.fields(1)
    world.sandbox.settle("twilio")
    assert len(world.hearer.heard) == 1
    world.sandbox.misbehaves({"fault": "duplicate", "count": 1})
    world.act(EMILY, "text", text="二")
    first, second = world.hearer.heard[1:] if world.hearer.fields(3) else []
    assert first[1]["i-twilio-idempotency-token"] == second[1]["i-twilio-idempotency-token"]
    world.sandbox.set("twilio", webhook="http://127.0.0.1:9/hooks/sandbox-twilio")
    world.act(EMILY, "text", text="三")
    until(lambda: len(world.sandbox.record(what="webhook", reason="could_not_connect")) >= 2, "two attempts")


def test_a_phone_that_blocks_the_number_gets_it_and_shows_nothing(world: World) -> None:
    world.act(EMILY, "unfollow")
    (sid,) = world.sends(EMILY, "x")
    until(lambda: world.library().messages(sid).fetch().status == "delivered", "it is delivered")
    assert world.phone(EMILY) == []
    world.act(EMILY, "follow")
    world.sends(EMILY, "y")
    assert world.phone(EMILY) == [("shop", "text", "y")]


@pytest.mark.parametrize(
    ("user", "about"),
    [
        ("0120", {"action": "text", "text": "x"}),
        (EMILY, {"action": "dance"}),
        (EMILY, {"action": "text", "text": " "}),
        (EMILY, {"action": "image", "content": "?"}),
        (EMILY, {"action": "unsend", "message": "?"}),
    ],
)
def test_what_nobody_can_do_is_refused_in_words(world: World, user: str, about: dict[str, Any]) -> None:
    answer = world.sandbox.http.post("/act/twilio", json={"user": user, **about})
    assert answer.status_code == 422
    assert answer.json()["error"]
