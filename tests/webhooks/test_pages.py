"""The pages about webhooks: for admins, a secret once, what came of each delivery, and again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import webhooks
from app.db import now, reading, transaction
from app.events import record
from app.i18n import gettext
from app.models import Agent, Webhook, WebhookDelivery
from app.web import webhook_words
from app.webhooks.fanout import fan_out
from tests import factories
from tests.web.visiting import Browser
from tests.webhooks.receiver import Receiver, deliveries, hook, pump, subscribe

pytestmark = pytest.mark.usefixtures("committed")
LIST = "/settings/webhooks"


@pytest.fixture
def browser(admin: Agent) -> Browser:
    made = Browser().come_in(admin)
    made.see(LIST)
    return made


def test_a_webhook_is_added_and_its_key_is_shown_once(browser: Browser, other: Receiver) -> None:
    browser.see(f"{LIST}/new")
    chosen = {"name": "CRM", "url": other.url, "which": "some", "kind": ["message.received", "rated"]}
    answer = browser.submit(LIST, chosen)
    assert answer.status_code == 200
    secret = re.search(r"whsec_[\w+/=]+", answer.text)
    assert secret
    for path in (LIST, f"{LIST}/1"):
        assert secret[0] not in browser.see(path)
    assert hook(1).kinds == ["message.received", "rated"]


def test_what_cannot_be_kept_is_said_at_the_field_and_stays_typed(browser: Browser) -> None:
    answer = browser.submit(LIST, {"name": "CRM", "url": "ftp://example.jp", "which": "all"})
    assert answer.status_code == 422
    assert "must begin with https://" in answer.text
    assert "ftp://example.jp" in answer.text
    assert (
        "no such kind"
        in browser.submit(
            LIST, {"name": "CRM", "url": "https://example.jp", "which": "some", "kind": "nonsense"}
        ).text
    )


def test_only_what_is_ticked_is_never_everything(browser: Browser, admin: Agent) -> None:
    id, _ = subscribe(admin, "https://example.jp", "rated")
    nothing = {"name": "CRM", "url": "https://example.jp", "which": "some"}
    for page in (LIST, f"{LIST}/{id}"):
        answer = browser.submit(page, nothing)
        assert answer.status_code == 422
        assert "Tick what it is to be told" in answer.text
    assert hook(id).kinds == ["rated"]


def test_a_test_event_shows_what_was_sent_and_answered(
    browser: Browser, admin: Agent, other: Receiver
) -> None:
    id, _ = subscribe(admin, other.url)
    other.headers = {"X-Their-Id": "<b>abc</b>"}
    place = browser.submit(f"{LIST}/{id}/test").headers["location"]
    shown = browser.see(place)
    assert "webhook.test" in shown
    assert "&lt;b&gt;abc&lt;/b&gt;" in shown
    assert other.heard[0].id in shown


def test_the_log_is_narrowed_and_paged(browser: Browser, admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    with transaction() as db:
        for _ in range(60):
            record(db, "label.created")
    fan_out()
    first = browser.see(f"{LIST}/{id}/deliveries")
    assert first.count("A bot rule made a label") == 50
    older = re.search(rf"{LIST}/{id}/deliveries\?state=&amp;after=\d+", first)
    assert older
    assert browser.see(older[0].replace("&amp;", "&")).count("A bot rule made a label") == 10
    assert "No delivery is in this state" in browser.see(f"{LIST}/{id}/deliveries?state=failed")
    assert browser.get(f"{LIST}/{id}/deliveries?state=nonsense").status_code == 404


def test_one_or_a_time_is_sent_again(browser: Browser, admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    with transaction() as db:
        record(db, "label.created")
    pump(id)
    (row,) = deliveries(id)
    browser.submit(f"{LIST}/{id}/deliveries/{row.id}/resending")
    pump(id)
    local = (now() - timedelta(minutes=5)).astimezone(tz=None)
    wrong = browser.submit(f"{LIST}/{id}/resending", {"since": "", "until": ""})
    assert (wrong.status_code, "Say from when on." in wrong.text) == (422, True)
    browser.submit(f"{LIST}/{id}/resending", {"since": f"{local.year - 1}-01-01T00:00", "until": ""})
    pump(id)
    assert [one.id for one in other.taken] == [other.heard[0].id] * 3


def test_a_new_key_is_shown_and_the_old_one_can_be_forgotten(
    browser: Browser, admin: Agent, other: Receiver
) -> None:
    id, old = subscribe(admin, other.url)
    answer = browser.submit(f"{LIST}/{id}/key")
    assert "whsec_" in answer.text
    assert old not in answer.text
    assert "Forget the key before" in browser.see(f"{LIST}/{id}")
    browser.submit(f"{LIST}/{id}/key/forgetting")
    assert "Forget the key before" not in browser.see(f"{LIST}/{id}")


def test_one_that_was_switched_off_by_itself_is_told_at_the_top_and_switched_on_again(
    browser: Browser, admin: Agent, other: Receiver
) -> None:
    id, _ = subscribe(admin, other.url)
    with transaction() as db:
        db.execute(update(Webhook).values(enabled=False, notice="failing"))
    assert "For three days nothing got through" in browser.see(LIST)
    assert "For three days nothing got through" in browser.see(f"{LIST}/{id}")
    browser.submit(f"{LIST}/{id}/activation", {"catch_up": "1"})
    assert hook(id).enabled
    assert "For three days" not in browser.see(LIST)
    browser.submit(f"{LIST}/{id}/deactivation")
    assert not hook(id).enabled


def test_it_is_removed_with_its_log(browser: Browser, admin: Agent, other: Receiver) -> None:
    id, _ = subscribe(admin, other.url, "label.created")
    with transaction() as db:
        record(db, "label.created")
    pump(id)
    browser.submit(f"{LIST}/{id}/removal")
    with reading() as db:
        assert db.scalar(select(WebhookDelivery.id)) is None
    assert browser.get(f"{LIST}/{id}").status_code == 404


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_admins_come_here(admin: Agent, role: str) -> None:
    id, _ = subscribe(admin, "http://127.0.0.1:9/")
    with transaction() as db:
        somebody = factories.agent(db, role=role)
    outsider = Browser().come_in(somebody)
    for path in (LIST, f"{LIST}/new", f"{LIST}/{id}", f"{LIST}/{id}/deliveries"):
        assert outsider.get(path).status_code == 403
    for path in ("", f"/{id}", *(f"/{id}/{verb}" for verb in ("test", "key", "removal", "activation"))):
        assert outsider.submit(LIST + path).status_code == 403


def test_every_kind_and_group_has_its_words_in_both_languages() -> None:
    assert set(webhooks.KINDS) <= set(webhook_words.KINDS)
    assert set(webhooks.GROUPS) <= set(webhook_words.GROUPS)
    said = {**webhook_words.KINDS, **webhook_words.GROUPS}.values()
    assert [one for one in said if gettext("ja", one) == one] == []
