"""The one door in: everything that arrives is accounted for, and nothing costs its neighbour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import inbox, intake, vault, verify
from app.bot import answers
from app.db import reading, transaction
from app.i18n import catalogue
from app.inbox import Received, Said
from app.inbox.receiving import CUT
from app.intake.said import IN_THE_ORIGINAL
from app.models import Channel, Customer, Identity, Message, RawReceipt
from channels import base
from tests import factories as make
from tests.channels.cases import payloads
from tests.connectors import Post, installed

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Post]]:
    with installed(monkeypatch) as kind:
        yield kind


def arrive(kind: str = "post", body: bytes = b"", *, bot: bool = False) -> int:
    """A request is stored; gives the receipt's id."""
    with transaction() as db:
        channel = make.channel(db, kind, bot=bot)
        return intake.store(
            db, channel, base.Request("POST", "https://x/hooks/k?a=1", {"cookie": "x"}, body=body)
        ).id


def assert_clean() -> None:
    with reading() as db:
        report = verify.report(db)
    assert report.clean, str(report)


def test_a_request_is_kept_as_it_came_but_for_its_secrets() -> None:
    with reading() as db:
        kept = db.get_one(RawReceipt, arrive(body=b"\x00\xff"))
    assert (kept.body, kept.state, kept.headers) == (b"\x00\xff", "new", {})


def test_nothing_that_is_kept_lets_another_request_in() -> None:
    """A header that proves whatever comes with it is a secret, and this one stands on a page and in each backup."""
    for one in payloads():
        with transaction() as db:
            kept = dict(intake.store(db, make.channel(db, one.kind), one.request).headers)
        with time_machine.travel(one.at, tick=False), pytest.raises(base.BadSignature):
            one.connector().verify(base.Request("POST", "https://x/hooks/k", kept, {}, b"{}"))


def test_each_event_is_accounted_for_as_message_or_exclusion(post: type[Post]) -> None:
    who = base.Person("a")
    events: list[base.Event] = [
        make.inbound("一", id="1"),
        make.inbound("一", id="1"),
        make.inbound("社内から", id="2", kind="outbound"),
        base.Typing(who),
        base.Edit("unknown", "x"),
        base.Unsend("unknown"),
        base.End(who),
        base.Rating(who, 5),
        base.Reaction("1", who, "👍"),
        base.Follow(who),
        base.Receipt("nothing", "read"),
        base.Ignored("a sticker"),
    ]
    post.read = staticmethod(lambda request: events)
    receipt = intake.read_receipt(arrive())
    assert receipt.state == "parsed"
    assert len(receipt.outcome) == len(events)
    assert all({"message", "excluded"} & entry.keys() for entry in receipt.outcome)
    assert [entry.get("new") for entry in receipt.outcome[:2]] == [True, False]
    assert_clean()


def test_a_bad_event_costs_its_neighbours_nothing(post: type[Post], monkeypatch: pytest.MonkeyPatch) -> None:
    events = [make.inbound("一", id="1"), make.inbound("二", id="2"), make.inbound("三", id="3")]
    post.read = staticmethod(lambda request: list(events))
    real = inbox.receive

    def receive(db: Session, channel: Channel, arriving: Sequence[tuple[Identity, Said]]) -> list[Received]:
        if "2" in [said.external_id for _, said in arriving]:
            raise ValueError("a bug\x00")
        return real(db, channel, arriving)

    id = arrive()
    with monkeypatch.context() as patch:
        patch.setattr("app.inbox.receive", receive)
        receipt = intake.read_receipt(id)
    assert (receipt.state, "failed" in receipt.outcome[1]) == ("failed", True)
    with reading() as db:
        assert sorted(db.scalars(select(Message.text))) == ["一", "三"]
    assert intake.read_receipt(id).state == "parsed"  # after the fix nothing is doubled
    with reading() as db:
        assert sorted(db.scalars(select(Message.text))) == sorted(["一", "三", "二"])
    assert_clean()


def test_a_failed_reading_is_kept_with_its_reason_and_read_again_after_a_fix(post: type[Post]) -> None:
    def broken(request: base.Request) -> list[base.Event]:
        raise KeyError("not what we expected")

    post.read = staticmethod(broken)
    id = arrive()
    failed = intake.read_receipt(id)
    assert (failed.state, "KeyError" in failed.error) == ("failed", True)
    post.read = staticmethod(lambda request: [make.inbound("直った", id="1")])
    mended = intake.read_receipt(id)
    assert (mended.state, mended.error) == ("parsed", "")
    assert intake.read_receipt(id).outcome == mended.outcome
    assert_clean()


def test_secrets_that_cannot_be_read_leave_the_request_waiting() -> None:
    id = arrive("api", b"{}")
    with transaction() as db:
        db.scalars(select(Channel)).one().secrets = b"of another installation"
    failed = intake.read_receipt(id)
    assert (failed.state, "secret key" in failed.error) == ("failed", True)


def test_a_busy_database_is_asked_again(post: type[Post], monkeypatch: pytest.MonkeyPatch) -> None:
    post.read = staticmethod(lambda request: [make.inbound("届く", id="1")])
    tries = []
    real = inbox.receive

    def receive(db: Session, channel: Channel, arriving: Sequence[tuple[Identity, Said]]) -> list[Received]:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("select", {}, Exception("deadlock detected"))
        return real(db, channel, arriving)

    monkeypatch.setattr("app.inbox.receive", receive)
    assert intake.read_receipt(arrive()).state == "parsed"
    assert len(tries) == 3


def test_a_database_that_stays_away_leaves_the_request_for_the_clock(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> object:
        raise OperationalError("select", {}, Exception("server closed the connection"))

    post.read = staticmethod(lambda request: [make.inbound("届く", id="1")])
    monkeypatch.setattr("app.inbox.receive", away)
    monkeypatch.setattr("app.intake.receipts.TRIES", 1)
    assert intake.read_receipt(arrive()).state == "new"


def left_and_next(post: type[Post], monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[int]]:
    """One request that a busy database left unread, and those its sender sent after it."""

    def away(*_: object) -> object:
        raise OperationalError("select", {}, Exception("server closed the connection"))

    post.read = staticmethod(lambda request: [make.inbound(request.body.decode(), id=request.body.decode())])
    first = arrive(body="先".encode())
    with monkeypatch.context() as trouble:
        trouble.setattr("app.inbox.receive", away)
        trouble.setattr("app.intake.receipts.TRIES", 1)
        assert intake.read_receipt(first).error == intake.LEFT
    with transaction() as db:
        channel = db.get_one(Channel, db.get_one(RawReceipt, first).channel_id)
        wanted = [base.Request("POST", "https://x/hooks/k", body=text.encode()) for text in ("後", "末")]
        return first, [one.id for one in intake.store_all(db, [(channel, each, "") for each in wanted])]


def test_what_was_left_by_a_busy_database_is_read_before_what_its_sender_said_next(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, ids = left_and_next(post, monkeypatch)
    assert [one.id for one in intake.read_receipts(ids)] == ids
    with reading() as db:
        assert list(db.scalars(select(Message.text).order_by(Message.sent_at, Message.id))) == [
            "先",
            "後",
            "末",
        ]
        assert (db.get_one(RawReceipt, first).state, db.get_one(RawReceipt, first).error) == ("parsed", "")
    assert_clean()


def test_what_has_to_be_left_again_holds_back_what_came_after_it(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, ids = left_and_next(post, monkeypatch)
    real = inbox.receive

    def busy_for_one(
        db: Session, channel: Channel, arriving: Sequence[tuple[Identity, Said]]
    ) -> list[Received]:
        if any(said.text == "先" for _, said in arriving):
            raise OperationalError("select", {}, Exception("server closed the connection"))
        return real(db, channel, arriving)

    with monkeypatch.context() as trouble:
        trouble.setattr("app.inbox.receive", busy_for_one)
        trouble.setattr("app.intake.receipts.TRIES", 1)
        assert [(one.state, one.error) for one in intake.read_receipts(ids)] == [("new", intake.LEFT)] * 2
    assert intake.read_receipt(ids[1]).state == "parsed"
    with reading() as db:
        assert list(db.scalars(select(Message.text).order_by(Message.id))) == ["先", "後", "末"]
        assert db.get_one(RawReceipt, first).state == "parsed"
    assert_clean()


def test_what_was_left_and_turns_out_broken_costs_what_comes_next_nothing(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, ids = left_and_next(post, monkeypatch)

    def read(request: base.Request) -> list[base.Event]:
        if request.body.decode() == "先":
            raise KeyError("not what we expected")
        return [make.inbound("次", id=request.body.decode())]

    post.read = staticmethod(read)
    assert [one.state for one in intake.read_receipts(ids)] == ["parsed", "parsed"]
    with reading() as db:
        left = db.get_one(RawReceipt, first)
        assert (left.state, "KeyError" in left.error) == ("failed", True)
    assert_clean()


def test_the_query_is_there_when_a_request_is_read_again(post: type[Post]) -> None:
    asked: list[object] = []

    def read(request: base.Request) -> list[base.Event]:
        asked.append(dict(request.query))
        return []

    post.read = staticmethod(read)
    intake.read_receipt(arrive())
    assert asked == [{"a": "1"}]


def test_the_bot_breaking_loses_no_message_and_calls_a_person(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(answers, "respond", broken)
    post.read = staticmethod(lambda request: [make.inbound("聞いて", id="1")])
    assert intake.read_receipt(arrive(bot=True)).outcome[0]["new"] is True
    with reading() as db:
        head = make.thread_of(db, db.scalars(select(Message).filter_by(author="customer")).one())
        assert head.owner == "human"


HOSTILE = [
    "\x00",
    "\ud800",
    "\u202eevil",
    "<script>alert(1)</script>",
    "👨‍👩‍👧‍👦" * 500,
    "a" * 5000,
    "\u200b",
    "'; DROP TABLE message; --",
    "{{7*7}}",
    "%s%d",
    "\r\n\r\n",
    "𠮷野家",
    "é" * 400,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_stands_in_any_field_is_stored_or_explained(post: type[Post], text: str) -> None:
    said = base.Inbound(
        external_id=text,
        sender=base.Person(text, name=text, locale=text, claimed={text: text}, attributes={text: text}),
        text=text,
        html=text,
        subject=text,
        client_id=text,
        context={text: [text, {text: text}]},
        attachments=(base.Attachment(text, text, data=text.encode("utf-8", "replace")),),
    )
    post.read = staticmethod(lambda request: [said, make.inbound("隣の人", "n", id="neighbour")])
    receipt = intake.read_receipt(arrive())
    assert receipt.state == "parsed", receipt.error
    assert receipt.outcome[0]["new"]
    assert receipt.outcome[1]["new"]
    again = intake.read_receipt(arrive())
    assert again.state == "parsed"


def test_identities_are_as_proved_as_their_provider_says(post: type[Post]) -> None:
    signed = base.Person("u1", email="Taro@Example.jp", proof="signed", attributes={"rank": "gold"})
    claims = base.Person("u1", claimed={"rank": "platinum", "size": "M"})
    post.read = staticmethod(lambda request: [make.inbound("一", signed), make.inbound("二", claims)])
    intake.read_receipt(arrive())
    with reading() as db:
        assert {(one.kind, one.address, one.proof) for one in db.scalars(select(Identity))} == {
            ("post", "u1", 3),
            ("email", "taro@example.jp", 3),
        }
        told = db.scalars(select(Customer)).one().attributes
        assert {name: (one["value"], one["proved"]) for name, one in told.items()} == {
            "rank": ("gold", True),
            "size": ("M", False),
        }


def test_an_address_known_as_somebody_elses_is_not_taken_from_them(post: type[Post]) -> None:
    one, other = (base.Person(name, email="shared@example.jp") for name in ("a", "b"))
    post.read = staticmethod(lambda request: [make.inbound("一", one), make.inbound("二", other)])
    intake.read_receipt(arrive())
    with reading() as db:
        assert len(db.scalars(select(Customer)).all()) == 2
        assert len(db.scalars(select(Identity).filter_by(kind="email")).all()) == 1


def test_notes_of_a_call_are_shown_and_answered_by_no_bot(post: type[Post]) -> None:
    post.read = staticmethod(lambda request: [make.inbound("電話で返品希望", id="1", kind="call")])
    intake.read_receipt(arrive(bot=True))
    with reading() as db:
        (message,) = db.scalars(select(Message).where(Message.kind != "system")).all()
        assert (message.kind, make.thread_of(db, message).last_preview) == ("call", "電話で返品希望")
    assert_clean()


def test_an_automatic_reply_is_answered_by_no_bot(post: type[Post]) -> None:
    post.read = staticmethod(lambda request: [make.inbound("不在です", id="1", auto=True)])
    intake.read_receipt(arrive(bot=True))
    with reading() as db:
        assert len(db.scalars(select(Message)).all()) == 1


def test_json_from_the_api_channel_comes_in_by_the_same_door() -> None:
    batch = [{"type": "message", "id": f"m{n}", "from": {"id": "u"}, "text": f"{n}"} for n in range(3)]
    receipt = intake.read_receipt(
        arrive("api", json.dumps({"events": [*batch, {"type": "nonsense"}]}).encode())
    )
    assert [("message" in one) for one in receipt.outcome] == [True, True, True, False]
    assert_clean()


def test_secrets_are_sealed_and_open_only_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = vault.seal({"token": "とても秘密"})
    assert "秘密".encode() not in sealed
    assert vault.unseal(sealed) == {"token": "とても秘密"}
    assert (vault.seal({}), vault.unseal(b"")) == (b"", {})
    assert vault.seal({"token": "x"}) != vault.seal({"token": "x"})
    with pytest.raises(vault.Unreadable, match="secret key"):
        vault.unseal(sealed[:-4] + b"AAAA")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("api", {"notice": "The text is too long; only its beginning is kept."}),
        ("email", {"problems": ["The text is too long; the rest of it stands in the original."]}),
    ],
)
def test_a_text_that_is_cut_says_so_in_the_readers_language(kind: str, told: dict[str, object]) -> None:
    events = [make.inbound("あ" * size, base.Person("taro@customer.example")) for size in (20_000, 20_001)]
    with transaction() as db:
        make.accept(db, make.channel(db, kind), *events)
    with reading() as db:
        whole, cut = db.scalars(select(Message).order_by(Message.id))
    assert (len(whole.text), len(cut.text)) == (20_000, 20_000)
    names = ("notice", "problems")
    assert [{name: one.context[name] for name in names if name in one.context} for one in (whole, cut)] == [
        {},
        told,
    ]
    assert all(said in catalogue("ja") for said in (CUT, IN_THE_ORIGINAL))
