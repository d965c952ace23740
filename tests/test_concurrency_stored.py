"""Two at once, with real commits, over what is kept once for the whole house."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app import general, knowledge
from app.db import reading, transaction
from app.inbox import attributes
from app.inbox.attributes import Attribute
from app.knowledge import versions, writing
from app.models import Agent, Setting
from tests import factories as make
from tests.beside import before, beside, result

pytestmark = pytest.mark.usefixtures("committed")


def by_an_admin(work: Callable[[Session, Agent], object]) -> Callable[[], None]:
    """A transaction of somebody who may do anything."""

    def run() -> None:
        with transaction() as db:
            work(db, make.agent(db, role="admin"))

    return run


@pytest.mark.parametrize("there", [True, False])
def test_of_two_attributes_defined_at_once_both_are(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    if there:
        by_an_admin(lambda db, admin: attributes.define(db, admin, Attribute("size")))()
    birthday = by_an_admin(lambda db, admin: attributes.define(db, admin, Attribute("birthday")))
    other = before(monkeypatch, attributes, "store", birthday)
    by_an_admin(lambda db, admin: attributes.define(db, admin, Attribute("colour")))()
    result(other)
    with reading() as db:
        assert set(attributes.attributes(db)) == {"birthday", "colour"} | ({"size"} if there else set())


def test_what_is_set_of_calls_at_once_on_two_forms_is_both_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    days = by_an_admin(lambda db, admin: general.change_recording_days(db, admin, 90))
    other = before(monkeypatch, general, "store", days)
    by_an_admin(lambda db, admin: general.change_dispositions(db, admin, "返品\n交換"))()
    result(other)
    with reading() as db:
        assert (general.dispositions(db), general.recording_days(db)) == (["返品", "交換"], 90)


def test_thresholds_set_while_the_model_is_chosen_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model = by_an_admin(lambda db, admin: knowledge.set_embeddings(db, admin, "small"))
    other = before(monkeypatch, writing, "keep_setting", model)
    by_an_admin(lambda db, admin: knowledge.set_thresholds(db, admin, 70, 40))()
    result(other)
    with reading() as db:
        kept = knowledge.stored_settings(db)
    assert kept == {"threshold_answer": 70, "threshold_ask": 40, "embeddings": "small"}


def test_who_asks_for_a_review_while_somebody_publishes_asks() -> None:
    ask = by_an_admin(lambda db, admin: versions.ask_for_review(db, admin, "ご確認ください"))
    ask()
    with transaction() as db:
        db.execute(delete(Setting).where(Setting.key == versions.ASKED))
        other = beside(ask)
    other.result(timeout=30)
    with reading() as db:
        assert versions.review(db)["note"] == "ご確認ください"


def test_a_review_is_not_given_back_once_the_draft_was_published() -> None:
    by_an_admin(lambda db, admin: versions.ask_for_review(db, admin, ""))()
    with transaction() as db:
        db.execute(delete(Setting).where(Setting.key == versions.ASKED))
        other = beside(by_an_admin(lambda db, admin: versions.return_review(db, admin, "もう一度")))
    with pytest.raises(versions.Refused):
        other.result(timeout=30)
    with reading() as db:
        assert versions.review(db) == {}
