"""Forms on a website write for somebody: that is who wrote, but nothing proves it."""

import pytest

from channels.email.understanding import Mailbox, events_of
from channels.events import Inbound

BOX = Mailbox(("support@shop.example",), bytes(32), "mx.shop.example")
PASSED = "Authentication-Results: mx.shop.example; dmarc=pass header.from=shop.example\n"


def inbound(sender: str, more: str = "") -> Inbound:
    raw = f"{PASSED}From: {sender}\nTo: support@shop.example\n{more}Subject: x\nMessage-ID: <1@x.example>\n\nHello\n"
    (event,) = events_of(raw.encode(), BOX)
    assert isinstance(event, Inbound)
    return event


@pytest.mark.parametrize("sender", ["support@shop.example", "Form <noreply@forms.example>"])
def test_what_a_form_sends_is_from_whom_it_was_written_for_and_unproved(sender: str) -> None:
    event = inbound(sender, "Reply-To: Taro <taro@mail.example>\n")
    assert (event.sender.address, event.sender.proof, event.sort) == ("taro@mail.example", "claimed", "")


def test_an_ordinary_mail_that_its_domain_stands_for_is_proved() -> None:
    assert inbound("taro@mail.example", "Reply-To: other@x.example\n").sender.proof == "code"
