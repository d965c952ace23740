"""Answers within the quoted mail are new, and shown with what they answer; see also the corpus (inline-*)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.email import inline
from channels.email.mail import Address, Mail
from channels.email.understanding import Mailbox, events_of
from channels.events import Inbound

HEAD = "From: Shop <shop@example.jp>\nSent: Friday, January 5, 2024 10:00\nTo: Taro\nSubject: Your order\n"
BLOCK = f"<div>{HEAD.replace('<', '&lt;').replace(chr(10), '<br>')}</div>"


def new(mail: Mail) -> str:
    return inline.split(mail)[0].new


def html(inside: str) -> Mail:
    text = f"See below.\n\n{HEAD}\nDear Taro,\nWhich size?\nM\n"
    return Mail(Address("taro@example.jp", "Taro"), text=text, html=f"<p>See below.</p>{BLOCK}{inside}")


@pytest.mark.parametrize(
    "colour", ["red", "#f00", "#FF0000", "rgb(200, 38, 19)", "rgba(0,0,200,1)", "#1F497D", "green !important"]
)
def test_words_in_another_colour_are_answers(colour: str) -> None:
    mail = html(f'<p>Dear Taro,</p><p>Which size?</p><p><span style="color:{colour}">M</span></p>')
    assert new(mail) == "See below.\n\n> Which size?\nM"


@pytest.mark.parametrize(
    "colour", ["black", "#333", "gray", "windowtext", "rgb(10,10,10)", "nonsense(", "", "#12"]
)
def test_shades_of_grey_and_what_is_no_colour_are_none(colour: str) -> None:
    mail = html(f'<p>Dear Taro, which size do you need?</p><p><span style="color:{colour}">M</span></p>')
    assert new(mail) == "See below."


def test_what_is_answered_in_an_older_mail_below_is_old() -> None:
    mail = html(f'<p>Dear Taro, which size?</p>{BLOCK}<p>Hello</p><p><span style="color:red">old</span></p>')
    assert new(mail) == "See below."


def test_marks_of_ours_in_a_mail_change_nothing() -> None:
    hostile = "&#xe000;&#xe1ff;x&#xe001;&#xe000;"
    mail = html(f'<p>Which size? {hostile}</p><p><span style="color:red">M {hostile}</span></p>')
    assert new(mail).endswith("M x")


def test_quotes_behind_signs_are_left_to_the_rules_for_these() -> None:
    text = "Yes.\n\nOn Fri, Jan 5, 2024 at 10:00 AM Shop <shop@example.jp> wrote:\n> Which size?\n"
    mail = Mail(Address("t@example.jp", "T"), text=text, html='<p>Yes.</p><span style="color:red">x</span>')
    assert inline.split(mail)[1] is False


def test_the_whole_mail_is_shown_as_it_was_formatted() -> None:
    raw = (
        "From: Taro <taro@example.jp>\nTo: shop@example.jp\nMessage-ID: <1@x>\nDate: Sat, 06 Jan 2024 09:12:33 +0900\n"
        "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>See below.</p>"
        f'<div style="border:none;border-top:solid #E1E1E1 1.0pt">{BLOCK}</div><p>Which size?</p>'
    )
    box = Mailbox(("shop@example.jp",), bytes(32))
    (with_answer,) = events_of(f'{raw}<p><span style="color:red">M</span></p>'.encode(), box)
    (without,) = events_of(raw.encode(), box)
    assert isinstance(with_answer, Inbound)
    assert isinstance(without, Inbound)
    assert (with_answer.text, without.text) == ("See below.\n\n> Which size?\nM", "See below.")
    assert "Which size?" in with_answer.html
    assert "Which size?" not in without.html
    assert "Which size?" in with_answer.quoted


def test_a_name_in_brackets_is_the_senders_own() -> None:
    mail = Mail(
        Address("taro@example.jp", "山田　太郎"),
        text=f"下に書きました。\n\n{HEAD}\n色は？\n【山田】紺です。\n[太郎] 以上です。\n[重要] 休業日\n",
    )
    assert new(mail) == "下に書きました。\n\n> 色は？\n【山田】紺です。\n[太郎] 以上です。"
    assert new(replace(mail, sender=Address("x@example.jp"))) == "下に書きました。"


def test_a_long_mail_full_of_colours_ends_somewhere() -> None:
    rows = "".join(
        f'<p>q{n}</p><p><span style="color:#{n % 256:02x}00ff">a{n}</span></p>' for n in range(3000)
    )
    assert new(html(rows)).count("\n") < 5 * inline.MOST
