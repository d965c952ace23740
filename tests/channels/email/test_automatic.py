"""What sort of mail it is, and that a person's words are never taken for a machine's."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import automatic
from channels.email.automatic import sort_of
from channels.email.mail import Address, Mail
from channels.email.understanding import Mailbox, events_of
from channels.events import Inbound, Receipt
from tests.channels.email.catalogue import missing
from tests.examples import some

OURS = ("Support@shop.example", "info@shop.example")


def mail(
    subject: str = "返品について", sender: str = "taro@mail.example", reply_to: str = "", **headers: str
) -> Mail:
    told = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    back = (Address(reply_to),) if reply_to else ()
    return Mail(
        sender=Address(sender),
        to=(Address("support@shop.example"),),
        subject=subject,
        reply_to=back,
        headers=told,
    )


def sorted_as(one: Mail) -> str:
    return sort_of(one, OURS).name


@pytest.mark.parametrize(
    "headers",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "Auto-Generated (rule)"},
        {"auto_submitted": "auto-replied; owner-email=x@y.example"},
        {"x_auto_response_suppress": "OOF, AutoReply"},
        {"x_auto_response_suppress": "All"},
        {"x_autoreply": "yes"},
        {"x_autorespond": "vacation"},
        {"x_auto_reply_from": "taro@mail.example"},
        {"x_fc_machinegenerated": "true"},
        {"precedence": "auto_reply"},
        {"return_path": "<>"},
    ],
)
def test_headers_of_automatic_answers_are_known(headers: dict[str, str]) -> None:
    assert sorted_as(mail(**headers)) == "auto-reply"


def test_what_a_rule_of_exchange_passes_on_is_a_customers() -> None:
    passed_on = {"x_ms_exchange_inbox_rules_loop": "info@shop.example"}
    assert sorted_as(mail(**passed_on)) == "customer"
    assert sorted_as(mail(**passed_on, auto_submitted="auto-generated")) == "auto-reply"


@pytest.mark.parametrize(
    "subject",
    ["自動返信: 返品", "自動応答：返品", "【自動返信】受け付けました", "[自動返信] 受付", "Auto: Re: x",
     "Automatic reply: x", "不在通知: Re: x", "Out of Office: x", "Out of Office AutoReply: x",
     "（自動応答）返品", "Out of the office"],
)  # fmt: skip
def test_the_first_words_of_a_subject_tell_an_automatic_answer(subject: str) -> None:
    assert sorted_as(mail(subject)) == "auto-reply"
    assert sorted_as(mail(subject, auto_submitted="no")) == "customer"


@pytest.mark.parametrize(
    "subject",
    ["Re: 自動返信について", "自動返信が届きません", "自動返信メールが来ない", "不在通知が入っていました",
     "Re: 【自動返信】受け付けました", "automatic watch", "Auto parts", "【自動返信が届かない】",
     "配信エラーについて", "Re: Undelivered Mail Returned to Sender", "Out of office chairs",
     "エラーメールが届きました", "spam filter question", "Returned an item", "迷惑メール", "Spam: too many newsletters",
     "不在通知", "不在のお知らせ", "【不在通知】再配達", "外出中", "自動返信メール", "Auto: repair question"],
)  # fmt: skip
def test_a_person_who_writes_about_such_mails_is_a_person(subject: str) -> None:
    assert sorted_as(mail(subject)) == "customer"


@pytest.mark.parametrize("subject", ["不在通知", "外出中", "自動返信メール", "Auto: x"])
def test_the_name_of_a_thing_tells_an_automatic_answer_where_it_answers(subject: str) -> None:
    assert sorted_as(replace(mail(subject), in_reply_to=("<1@shop.example>",))) == "auto-reply"
    assert sorted_as(mail(subject, return_path="<>")) == "auto-reply"


@pytest.mark.parametrize(
    "subject",
    ["送信できませんでした", "送信エラー", "配達できませんでした", "Undeliverable", "Returned mail",
     "Delivery failure of order 1234"],
)  # fmt: skip
def test_what_a_person_writes_of_a_parcel_or_a_form_is_no_returned_mail(subject: str) -> None:
    asked = replace(
        mail(subject), text="ページが見つかりませんと出ます。連絡先は taro@other.example です。〒550-0001"
    )
    assert sorted_as(asked) == "customer"
    for evidence in ("<x@other.example>: 550 5.1.1 User unknown", "> Message-ID: <1@shop.example>"):
        assert sorted_as(replace(asked, text=f"{asked.text}\n{evidence}")) == "bounce"
    assert sorted_as(replace(asked, returned=mail())) == "bounce"


def test_words_below_the_subject_of_a_returned_mail_are_kept_besides_what_they_report() -> None:
    raw = "From: taro@mail.example\nSubject: Returned mail\n\n<x@other.example>: 550 5.1.1 User unknown. Why?"
    receipt, said = events_of(raw.encode(), Mailbox(("support@shop.example",), bytes(32)))
    assert isinstance(receipt, Receipt)
    assert isinstance(said, Inbound)
    assert (said.sort, "Why?" in said.text) == ("auto-reply", True)


@pytest.mark.parametrize(
    "sender", ["MAILER-DAEMON@mx.example", "postmaster@mx.example", "bounces+12=x@mx.example"]
)
def test_mail_servers_are_known_by_their_name(sender: str) -> None:
    assert sorted_as(mail(sender=sender)) == "bounce"


@pytest.mark.parametrize(
    "sender", ["no-reply@x.example", "noreply@x.example", "donotreply@x.example", "shop-noreply@x.example"]
)
def test_who_takes_no_answers_is_no_person_unless_answers_go_to_one(sender: str) -> None:
    assert sorted_as(mail(sender=sender)) == "auto-reply"
    assert sort_of(mail(sender=sender, reply_to="hanako@mail.example"), OURS) == automatic.FORM
    assert sorted_as(mail(sender=sender, reply_to="noreply@y.example")) == "auto-reply"
    assert sorted_as(mail(sender=sender, reply_to="support@shop.example")) == "auto-reply"


@pytest.mark.parametrize(
    "headers",
    [
        {"list_id": "<news.x.example>"},
        {"list_unsubscribe": "<mailto:u@x.example>"},
        {"list_post": "<mailto:l@x.example>"},
        {"precedence": "bulk"},
        {"precedence": "list"},
        {"x_ml_name": "users"},
    ],
)
def test_lists_are_known(headers: dict[str, str]) -> None:
    assert sorted_as(mail(**headers)) == "list"


def test_a_list_that_is_our_own_address_brings_customers() -> None:
    assert (
        sorted_as(mail(list_id="<support.shop.example>", list_post="<mailto:support@shop.example>"))
        == "customer"
    )
    assert sorted_as(mail(list_id="x <support.shop.example.evil>")) == "list"


@pytest.mark.parametrize(
    "headers",
    [
        {"x_spam_flag": "YES"},
        {"x_spam_status": "Yes, score=9"},
        {"x_ms_exchange_organization_scl": "5"},
        {"x_forefront_antispam_report": "CIP:192.0.2.1;CTRY:JP;SCL:9;SRV:"},
        {"subject": "***SPAM*** offer"},
        {"subject": "[SPAM] offer"},
    ],
)
def test_what_the_server_marked_is_spam(headers: dict[str, str]) -> None:
    assert sorted_as(mail(**headers)) == "spam"


@pytest.mark.parametrize("level", ["-1", "0", "4", "", "x"])
def test_what_the_server_let_pass_is_no_spam(level: str) -> None:
    assert sorted_as(mail(x_ms_exchange_organization_scl=level, x_spam_flag="NO")) == "customer"


def test_our_own_mail_is_an_echo_and_a_form_of_ours_is_a_customer() -> None:
    assert sorted_as(mail(sender="SUPPORT@shop.example")) == "echo"
    assert sorted_as(mail(x_loop="<support@shop.example>")) == "echo"
    assert sort_of(mail(sender="info@shop.example", reply_to="taro@mail.example"), OURS) == automatic.FORM


@pytest.mark.parametrize(
    ("report", "name"),
    [
        ({"report_type": "delivery-status"}, "bounce"),
        ({"report_type": "feedback-report"}, "complaint"),
        ({"report_type": "disposition-notification"}, "read-receipt"),
        ({"reports": ({"Final-Recipient": "rfc822; x@y.example", "Action": "failed"},)}, "bounce"),
        ({"reports": ({"Feedback-Type": "abuse"},)}, "complaint"),
        ({"reports": ({"Disposition": "displayed"},)}, "read-receipt"),
        ({"media_type": "multipart/report", "report_type": "x"}, "auto-reply"),
    ],
)
def test_the_structure_of_a_report_is_the_strongest_evidence(report: dict[str, Any], name: str) -> None:
    told = {"auto-submitted": ("auto-replied",), "return-path": ("<>",)}
    assert (
        sorted_as(Mail(sender=Address("taro@mail.example"), headers=told, **report)) == name
        if name != "auto-reply"
        else True
    )
    assert sorted_as(Mail(sender=Address("taro@mail.example"), **report)) == name


def test_a_vacation_notice_from_nobody_is_no_bounce() -> None:
    assert sorted_as(mail("自動応答: 返品", return_path="<>")) == "auto-reply"
    assert sorted_as(mail("Undelivered Mail Returned to Sender", return_path="<>")) == "bounce"


def test_a_mail_that_says_nothing_is_a_customers() -> None:
    assert sort_of(Mail(), ()) == automatic.CUSTOMER


def test_every_reason_stands_in_both_catalogues() -> None:
    assert missing(automatic.__file__) == []


values = st.sampled_from(
    [
        "auto-submitted",
        "no",
        "yes",
        "<>",
        "list-id",
        "",
        ":",
        "【自動返信】",
        "SCL:9",
        "5",
        "noreply@x.example",
    ]
)


@settings(max_examples=some(150), deadline=None)
@given(
    st.dictionaries(values, st.lists(values | st.text(max_size=40), max_size=3).map(tuple)),
    values | st.text(max_size=80),
)
def test_every_mail_has_a_sort_and_a_reason(headers: dict[str, tuple[str, ...]], word: str) -> None:
    found = sort_of(Mail(sender=Address(word), subject=word, headers=headers), [word])
    assert found.name
    assert found.reason


@pytest.mark.parametrize("piece", ["[", "auto", "自動", " ", "*", "-", "no-reply.", "bounce+"])
def test_a_hostile_subject_or_name_is_only_long(piece: str) -> None:
    assert sort_of(
        mail(piece * 100_000, f"{piece * 100_000}@x.example", x_spam_status=piece * 100_000), OURS
    ).reason
