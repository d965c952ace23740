"""What a customer agrees to: in their panel, in the composer, in the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from app.db import reading, transaction
from app.inbox.purposes import purposes
from app.models import Agent, Channel, Consent, Conversation, Delivery, Event, Identity
from channels import base
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@dataclass(frozen=True)
class Cast:
    """Sato answers; Hana writes by mail; the hidden one is of a team that Sato is not in."""

    sato: Agent
    box: Channel
    hana: Conversation
    hidden: Conversation

    @property
    def identity(self) -> Identity:
        with reading() as db:
            return factories.identity_of(db, self.hana)

    def note(self, browser: Browser, **more: str) -> Any:
        told = {"identity_id": str(self.identity.id), "kind": "email", "purpose": "marketing", "given": "yes"}
        return browser.submit(
            f"/conversations/{self.hana.id}/consents", {**told, "reason": "店頭で署名", **more}
        )


@pytest.fixture
def cast() -> Cast:
    with transaction() as db:
        sato = factories.agent(db, "佐藤 恵", locale="en")
        box = factories.channel(db, "email", name="Mail", settings={"address": "shop@example.jp"})
        hana = factories.conversation(db, box, "こんにちは", base.Person("hana@example.jp", name="花子"))
        hidden = factories.conversation(db, box, "内緒", base.Person("hidden@example.jp"))
        hidden.team_id = factories.team(db).id
    return Cast(sato, box, hana, hidden)


def test_an_agent_notes_what_the_customer_agrees_to_and_why(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    page = browser.see(f"/inbox/{cast.hana.id}")
    assert "hana@example.jp" in page
    assert "not asked yet: nothing is sent" in page
    shown = cast.note(browser)
    assert shown.status_code == 200, shown.text
    assert "店頭で署名" in shown.text
    assert 'data-part="panel"' in shown.text
    with reading() as db:
        made = db.scalars(select(Consent)).one()
        assert (made.purpose, made.given, made.kind, made.agent_id) == (
            "marketing",
            True,
            "email",
            cast.sato.id,
        )
        told = db.scalars(select(Event).filter_by(kind="consent.given")).one()
        assert (told.agent_id, told.data["reason"]) == (cast.sato.id, "店頭で署名")
    assert "noted that the customer agrees to Marketing" in browser.see(f"/inbox/{cast.hana.id}")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"reason": " "}, "Write down why"),
        ({"reason": "", "source": "form"}, "Write down why"),
        ({"given": "perhaps"}, "Choose what the customer wants"),
        ({"kind": "x" * 65}, "Choose what the customer wants"),
        ({"source": "stop"}, "Choose what the customer wants"),
        ({"purpose": "spam"}, "no such purpose"),
    ],
)
def test_what_cannot_be_noted_is_refused_with_a_sentence(cast: Cast, more: dict[str, str], said: str) -> None:
    refused = cast.note(Browser().come_in(cast.sato), **more)
    assert (refused.status_code, said in refused.text) == (422, True)
    with reading() as db:
        assert db.scalars(select(Consent)).all() == []


def test_nobody_notes_for_who_is_none_of_theirs(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    with reading() as db:
        other = str(factories.identity_of(db, cast.hidden).id)
    assert cast.note(browser, identity_id=other).status_code == 404
    hidden = browser.submit(
        f"/conversations/{cast.hidden.id}/consents", {"identity_id": other, "given": "no"}
    )
    assert hidden.status_code == 404


def test_a_reply_goes_for_its_purpose_only_where_that_is_agreed_to(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    reply = {"text": "セールです", "client_id": "client-0001", "purpose": "marketing"}
    refused = browser.submit(f"/conversations/{cast.hana.id}/replies", reply)
    assert (refused.status_code, "has not agreed" in refused.text) == (422, True)
    cast.note(browser)
    assert browser.submit(f"/conversations/{cast.hana.id}/replies", reply).status_code == 200
    with reading() as db:
        assert db.scalars(select(Delivery)).one().purpose == "marketing"


def test_the_composer_says_where_nothing_is_wanted(cast: Cast) -> None:
    browser = Browser().come_in(cast.sato)
    assert 'data-withheld="marketing"' in browser.see(f"/inbox/{cast.hana.id}")
    cast.note(browser, given="no", purpose="")
    page = browser.see(f"/inbox/{cast.hana.id}")
    assert 'data-withheld="service notices marketing"' in page
    assert "Wants no messages here" in page
    assert "Wants no messages here" in browser.see(f"/conversations/{cast.hana.id}/reaches")


def test_an_admin_says_what_messages_are_for() -> None:
    with transaction() as db:
        admin = factories.agent(db, "管理", role="admin", locale="en")
        supervisor = factories.supervisor(db)
    browser = Browser().come_in(admin)
    assert "Specified Electronic Mail" in browser.see("/settings/purposes")
    form = {"key": ["service", "notices", "marketing"], "opt_in": ["marketing", "notices"], "new": "入荷"}
    assert browser.submit("/settings/purposes", form).status_code == 303
    with reading() as db:
        found = purposes(db)
        assert [(one.key, one.opt_in) for one in found[:3]] == [
            ("service", False),
            ("notices", True),
            ("marketing", True),
        ]
        own = found[3]
        assert (own.name, own.opt_in) == ("入荷", False)
    shown = browser.see("/settings/purposes")
    assert own.key in shown
    gone = {
        "key": ["service", "notices", "marketing", own.key],
        f"name-{own.key}": "入荷",
        f"remove-{own.key}": "1",
    }
    browser.submit("/settings/purposes", gone)
    with reading() as db:
        assert len(purposes(db)) == 3
        assert not purposes(db)[2].opt_in
    wrong = browser.submit("/settings/purposes", {"key": ["service"], "new": "長" * 61})
    assert (wrong.status_code, "at most 60 characters" in wrong.text) == (422, True)
    assert Browser().come_in(supervisor).get("/settings/purposes").status_code == 403
