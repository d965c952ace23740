"""Forms on a website write for somebody: that is who wrote, but nothing proves it."""

import pytest

from channels.email.understanding import Mailbox, events_of
from channels.events import Inbound

BOX = Mailbox(("support@shop.example",), bytes(32), "mx.shop.example")
PASSED = "Authentication-Results: mx.shop.example; dmarc=pass header.from=shop.example\n"


def inbound(sender: str, more: str = "", said: str = "Hello", subject: str = "x") -> Inbound:
    head = f"{PASSED}From: {sender}\nTo: support@shop.example\n{more}Subject: {subject}\nMessage-ID: <1@x.example>\n"
    raw = f"{head}Content-Type: text/plain; charset=utf-8\n\n{said}\n"
    (event,) = events_of(raw.encode(), BOX)
    assert isinstance(event, Inbound)
    return event


@pytest.mark.parametrize(
    "sender",
    ["support@shop.example", "Form <noreply@forms.example>", "Shop <wordpress@shop.example>", "mailer@shopify.com",
     "contact-form@host.example", "www-data@host.example"],
)  # fmt: skip
def test_what_a_form_sends_is_from_whom_it_was_written_for_and_unproved(sender: str) -> None:
    event = inbound(sender, "Reply-To: Taro <taro@mail.example>\n")
    assert (event.sender.address, event.sender.proof, event.sort) == ("taro@mail.example", "claimed", "")


def test_contact_form_7_is_known_by_its_header_whoever_sends_it() -> None:
    form = "Reply-To: Taro <taro@mail.example>\nX-WPCF7-Content-Type: text/plain\n"
    assert inbound("Shop <web@shop.example>", form).sender.address == "taro@mail.example"


@pytest.mark.parametrize(
    "reply_to", ["wordpress@shop.example", "noreply@shop.example", "support@shop.example"]
)
def test_a_form_that_names_nobody_is_from_its_own_address(reply_to: str) -> None:
    event = inbound("wordpress@shop.example", f"Reply-To: {reply_to}\n")
    assert event.sender.address == "wordpress@shop.example"


@pytest.mark.parametrize("sender", ["hanako@mail.example", "mailer@mail.example", "former@mail.example"])
def test_a_person_who_wants_answers_elsewhere_stays_who_they_are(sender: str) -> None:
    assert inbound(sender, "Reply-To: Taro <taro@mail.example>\n").sender.address == sender


@pytest.mark.parametrize("subject", ["x", "Re: x"])
def test_what_a_form_says_is_shown_whole(subject: str) -> None:
    said = "お問い合わせ\n\n差出人: 山田太郎\n題名: 返品について\n\n商品が届きません。\n-- \n山田"
    event = inbound("noreply@forms.example", "Reply-To: Taro <taro@mail.example>\n", said, subject)
    assert (event.text, event.quoted, event.signature) == (said, "", "")


def test_what_looks_like_the_head_of_a_mail_is_taken_off_where_a_mail_answers() -> None:
    said = "お問い合わせ\n\n差出人: 山田太郎\n題名: 返品について\n\n商品が届きません。"
    assert inbound("taro@mail.example", "", said).text == said
    assert inbound("taro@mail.example", "", said, "Re: x").text == "お問い合わせ"
    assert inbound("taro@mail.example", "In-Reply-To: <1@shop.example>\n", said).text == "お問い合わせ"


def test_an_ordinary_mail_that_its_domain_stands_for_is_proved() -> None:
    assert inbound("taro@mail.example", "Reply-To: other@x.example\n").sender.proof == "code"
