"""The wish for a person, in the many ways it is written, and what only sounds like it."""

from __future__ import annotations

import pytest

from bots.person import person_wanted
from bots.signals import plain
from bots.text import clean
from tests.bots import wishes


@pytest.mark.parametrize("phrases", [wishes.WANTED_JA, wishes.WANTED_EN])
def test_a_person_is_wished_for(phrases: str) -> None:
    assert [text for text in phrases.strip().splitlines() if not _wished(text)] == []


@pytest.mark.parametrize("phrases", [wishes.NOT_WANTED_JA, wishes.NOT_WANTED_EN])
def test_people_are_only_spoken_of(phrases: str) -> None:
    assert [text for text in phrases.strip().splitlines() if _wished(text)] == []


def _wished(text: str) -> bool:
    found = person_wanted(plain(clean(text)))
    return found is not None and found.certain
