"""What mail servers tell of our mails: whom they did not reach, and why."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import bounces as module
from channels.email import undelivered
from channels.email.bounces import bounces
from channels.email.mail import Address, Mail
from tests.channels.email.catalogue import missing
from tests.examples import some

ID = "<c18.m204@shop.example>"
OUR_MAIL = Mail(to=(Address("taro@gone.example"),), message_id=ID)


def report(*blocks: dict[str, str], **more: Any) -> Mail:
    values: dict[str, Any] = {"report_type": "delivery-status", "returned": OUR_MAIL, "text": "Sorry."}
    return Mail(reports=({"Reporting-MTA": "dns; mx.example"}, *blocks), **{**values, **more})


def block(
    recipient: str = "rfc822; taro@gone.example", action: str = "failed", status: str = "5.1.1", **more: str
) -> dict[str, str]:
    told = {"Final-Recipient": recipient, "Action": action, "Status": status}
    return told | {name.replace("_", "-"): value for name, value in more.items()}


def words(text: str, **more: Any) -> Mail:
    values: dict[str, Any] = {
        "sender": Address("MAILER-DAEMON@mx.example"),
        "to": (Address("support@shop.example"),),
    }
    return Mail(text=text, **{**values, **more})


@pytest.mark.parametrize(
    ("status", "action", "permanent", "unreachable"),
    [
        ("5.1.1", "failed", True, True),
        ("5.1.10", "failed", True, True),
        ("5.2.2", "failed", True, False),
        ("5.7.1", "failed", True, False),
        ("4.4.7", "failed", False, False),
        ("4.2.2", "delayed", False, False),
        ("5.1.1", "delayed", False, False),
        ("2.0.0", "delivered", False, False),
        ("2.1.5", "relayed", False, False),
    ],
)
def test_only_a_failure_of_class_five_is_permanent(
    status: str, action: str, permanent: bool, unreachable: bool
) -> None:
    (found,) = bounces(report(block(status=status, action=action)))
    assert (found.recipient, found.status, found.action) == ("taro@gone.example", status, action)
    assert (found.permanent, found.unreachable, found.about_message_id) == (permanent, unreachable, ID)


def test_each_recipient_has_its_own_result() -> None:
    found = bounces(
        report(
            block(),
            block("rfc822;hanako@gone.example", status="5.2.2"),
            block("x@y.example", action="delayed"),
        )
    )
    assert [(one.recipient, one.reason) for one in found] == [
        ("taro@gone.example", "The address does not exist."),
        ("hanako@gone.example", "The mailbox is full."),
        ("x@y.example", undelivered.WAITING),
    ]


def test_a_missing_action_follows_from_the_status() -> None:
    found = [
        bounces(report(block(action="", status=status)))[0].action for status in ("5.1.1", "4.2.1", "2.0.0")
    ]
    assert found == ["failed", "delayed", "delivered"]


def test_the_address_we_wrote_to_counts_where_mail_was_forwarded_over_there() -> None:
    forwarded = block("rfc822; inner@hidden.example", Original_Recipient="rfc822; taro@gone.example")
    assert bounces(report(forwarded))[0].recipient == "taro@gone.example"
    assert bounces(report(forwarded, returned=None))[0].recipient == "inner@hidden.example"


@pytest.mark.parametrize(
    "recipient",
    [
        "rfc822; <taro@gone.example>",
        "RFC822;taro@gone.example",
        "taro@gone.example",
        "utf-8; 太郎@gone.example",
    ],
)
def test_a_recipient_is_read_however_it_is_written(recipient: str) -> None:
    assert bounces(report(block(recipient)))[0].recipient.endswith("@gone.example")


def test_x400_and_endless_addresses_are_bounded() -> None:
    (found,) = bounces(report(block("x400; /G=Taro/S=Yamada/@x"), returned=None)) or (None,)
    assert found is None or len(found.recipient) <= 320
    for one in bounces(
        report(block(f"rfc822; {'a' * 100_000}@x.example", Diagnostic_Code="smtp; " + "x " * 100_000))
    ):
        assert len(one.recipient) <= 320
        assert len(one.said) <= 500


def test_a_status_that_says_nothing_is_made_plain_by_the_servers_words() -> None:
    (found,) = bounces(
        report(block(status="5.0.0", Diagnostic_Code="smtp; 550 Unknown user taro@gone.example"))
    )
    assert (found.status, found.reason) == ("5.1.1", "The address does not exist.")
    assert found.said == "550 Unknown user taro@gone.example"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<taro@gone.example>:\n550 5.1.1 User unknown", "5.1.1"),
        ("<taro@gone.example>:\nSorry, no mailbox here by that name. (#5.1.1)", "5.1.1"),
        ("taro@gone.example\n宛先のメールアドレスは存在しません。", "5.1.1"),
        ("taro@gone.example\n入力した電子メール アドレスが見つかりませんでした。", "5.1.1"),
        ("taro@gone.example\nメールボックスがいっぱいです。", "5.2.2"),
        ("<taro@gone.example>: 552 over quota", "5.2.2"),
        ("taro@gone.example は受信拒否設定のため届きませんでした。", "5.7.1"),
        ("taro@gone.example: Host or domain name not found", "5.1.2"),
        ("taro@gone.example: メッセージサイズが制限を超えています。", "5.3.4"),
        ("Could not be delivered to: <taro@gone.example>\nAs their mailbox is full.", "5.2.2"),
    ],
)
def test_the_words_of_servers_and_carriers_are_understood(text: str, status: str) -> None:
    (found,) = bounces(words(f"配信できませんでした。\n\n{text}\n\nMessage-ID: {ID}"))
    assert (found.recipient, found.status, found.action) == ("taro@gone.example", status, "failed")
    assert (found.permanent, found.about_message_id) == (True, ID)


def test_a_warning_in_words_is_no_failure() -> None:
    (found,) = bounces(words("Delivery to taro@gone.example has been delayed. It will be retried."))
    assert (found.action, found.permanent, found.reason) == ("delayed", False, undelivered.WAITING)


def test_whom_a_report_went_to_is_not_whom_it_is_about() -> None:
    (found,) = bounces(words("To support@shop.example: your mail to taro@gone.example failed, user unknown."))
    assert found.recipient == "taro@gone.example"


@pytest.mark.parametrize(
    "more",
    [
        {"in_reply_to": (ID,)},
        {"references": ("<old@shop.example>", ID)},
        {"returned": OUR_MAIL},
        {"headers": {"x-original-message-id": (ID,)}},
    ],
)
def test_which_mail_it_is_about_is_found_wherever_it_stands(more: dict[str, Any]) -> None:
    (found,) = bounces(words("<taro@gone.example>: user unknown", **more))
    assert found.about_message_id == ID


def test_a_complaint_names_the_mail_and_makes_nothing_permanent() -> None:
    (found,) = bounces(report({"Feedback-Type": "abuse"}, report_type="feedback-report"))
    assert (found.recipient, found.about_message_id, found.permanent) == ("taro@gone.example", ID, False)


def test_a_customer_who_writes_of_an_unknown_user_is_no_bounce() -> None:
    said = "user unknown と言われました。taro@gone.example です。550 5.1.1"
    assert bounces(Mail(sender=Address("hanako@mail.example"), text=said, subject="届きません")) == ()
    assert bounces(Mail()) == ()


@pytest.mark.parametrize("status", ["5.1.1", "5.001.001", "5.2.99", "4.9.9", "", "x", "5.7.26"])
def test_every_status_has_a_reason(status: str) -> None:
    assert undelivered.reason(status).endswith(".")


def test_every_reason_stands_in_both_catalogues() -> None:
    assert missing(undelivered.__file__) == []
    assert missing(module.__file__) == []


pieces = st.sampled_from(
    [
        "<taro@gone.example>",
        "550 5.1.1 ",
        "user unknown",
        "\n",
        ";",
        "rfc822",
        "失敗",
        "Message-ID: <",
        ">",
        "@",
        "5.",
        "delayed",
        "--",
    ]
)


names = st.sampled_from(["final-recipient", "original-recipient", "action", "status", "diagnostic-code"])
blocks_of_reports = st.lists(
    st.dictionaries(names | pieces, pieces | st.text(max_size=30), max_size=5), max_size=3
)


@settings(max_examples=some(150), deadline=None)
@given(st.lists(pieces, max_size=30).map("".join) | st.text(max_size=100), blocks_of_reports)
def test_every_report_is_read_to_its_end(text: str, blocks: list[dict[str, str]]) -> None:
    for one in (*bounces(words(text, reports=tuple(blocks))), *bounces(report(*blocks, text=text))):
        assert one.reason.endswith(".")
        assert one.permanent == (one.action == "failed" and one.status.startswith("5"))


@pytest.mark.parametrize(
    "piece", ["a@", "@", "<a@b.example>\n", "message-id:", "5.1.", "550 ", " ", "\n", "a.", "あ", "mailbox "]
)
def test_a_hostile_report_is_only_long(piece: str) -> None:
    said = piece * (1_000_000 // len(piece))
    found = [*bounces(words(said)), *bounces(report(block(Diagnostic_Code=said, recipient=said)))]
    assert all(len(one.reason) < 1000 and len(one.recipient) <= 320 for one in found)
