"""The marks by which an answer finds its conversation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email import tokens

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.integers(0, 2**62))
def test_a_mark_is_read_back_from_any_text_around_it(number: int) -> None:
    made = tokens.mark(KEY, str(number))
    assert tokens.conversation_of(KEY, f"<m5.{made}.abcdefgh@shop.jp>") == str(number)
    assert tokens.conversation_of(KEY, "x@y", f"Support+{made.upper()}@SHOP.JP") == str(number)


def test_a_mark_of_another_channel_or_a_changed_one_is_none() -> None:
    made = tokens.mark(KEY, "41")
    assert tokens.conversation_of(OTHER, made) == ""
    assert tokens.conversation_of(KEY, made.replace("c15", "c16")) == ""
    assert tokens.conversation_of(KEY, made[:-1]) == ""


def test_a_forged_mark_before_a_right_one_does_not_hide_it() -> None:
    forged, right = tokens.mark(OTHER, "7"), tokens.mark(KEY, "8")
    assert tokens.conversation_of(KEY, f"{forged} {right}") == "8"


@pytest.mark.parametrize("conversation", ["12", ""])
def test_our_message_ids_are_known_again_and_nobody_can_make_one(conversation: str) -> None:
    made = tokens.message_id(KEY, conversation, "m17", "shop.jp")
    assert made == tokens.message_id(KEY, conversation, "m17", "shop.jp")
    assert tokens.is_ours(KEY, made)
    assert not tokens.is_ours(OTHER, made)
    assert not tokens.is_ours(KEY, made.replace("m17", "m18"))
    assert not tokens.is_ours(KEY, "<abc@example.jp>")
