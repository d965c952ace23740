"""What must stay inside: keys and tokens in no page, number, log, job or error, and words in no error either."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import redis
from sqlalchemy import select

from app import switchboard
from app.config import settings
from app.db import reading, transaction
from app.models import Agent, Channel, Event, RawReceipt, Signin
from app.web import pane
from tests import factories
from tests.attack.scene import IDENTITY_SECRET, Guest, Scene, browser, routes, unharmed
from tests.attack.test_texts import is_page
from tests.web.visiting import Browser

API_SECRET = factories.SECRETS["api"]["secret"]
PRIVATE = (IDENTITY_SECRET, API_SECRET, factories.PASSWORD, "$argon2")


def test_no_page_shows_a_secret(scene: Scene) -> None:
    admin = browser(scene.admin)
    for method, pattern in routes():
        if method != "GET" or not is_page(pattern):
            continue
        for id in (scene.shop.id, scene.api.id):
            scene.ids["channels"] = id
            text = admin.get(scene.path(pattern)).text
            assert not [secret for secret in PRIVATE if secret in text], pattern
            assert admin.cookies["madoguchi"] not in text, pattern


def test_a_secret_that_was_typed_is_not_shown_again_even_beside_an_error(scene: Scene) -> None:
    admin = browser(scene.admin)
    typed = "a-very-secret-value-typed-by-an-admin"
    at = f"/settings/channels/{scene.api.id}"
    for form in (
        {"name": "", "set_secret": typed},
        {"name": "ok", "set_secret": typed, "set_callback_url": "javascript:x"},
    ):
        answer = admin.submit(at, form)
        assert answer.status_code == 422
        assert typed not in answer.text
    admin.submit(at, {"name": "ok", "set_secret": typed})
    assert typed not in admin.see(at)
    with reading() as db:
        kept = db.get_one(Channel, scene.api.id)
        assert typed.encode() not in kept.secrets
        assert typed not in str(kept.settings)
        assert typed not in str([event.data for event in db.scalars(select(Event))])
        assert switchboard.kept_secrets(kept), "it was kept, though"


def test_health_and_numbers_tell_nothing_private(scene: Scene, nobody: Browser) -> None:
    Guest(nobody).send("秘密の話")
    with reading() as db:
        signin = db.scalars(select(Signin.token_hash)).first() or "no session"
    inside = [
        *PRIVATE,
        "秘密",
        "佐藤",
        scene.insider.email,
        str(settings().data_dir),
        settings().database_url,
        signin,
    ]
    for path in ("/healthz", "/readyz", "/metrics"):
        text = nobody.get(path).text
        assert not [word for word in inside if word in text], path


def test_jobs_carry_numbers_alone(scene: Scene) -> None:
    with transaction() as db:
        api = db.get_one(Channel, scene.api.id)
        api.settings = {**api.settings, "callback_url": "https://callback.example/"}
        thread = factories.conversation(db, api, "APIの秘密")
        factories.reply(db, db.get_one(Agent, scene.insider.id), thread, "返事の秘密")
    stored = b""
    with redis.Redis.from_url(settings().redis_url) as store:
        for key in store.scan_iter():
            kind = store.type(key)
            stored += key + (
                str(store.hgetall(key)).encode()
                if kind == b"hash"
                else store.get(key) or b""
                if kind == b"string"
                else b""
            )
    assert b"app.deliver.drain" in stored
    for secret in (*PRIVATE, "秘密"):
        assert secret.encode() not in stored


def test_a_failure_shows_a_number_and_logs_no_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> Any:
        with transaction() as db:
            db.add(
                RawReceipt(channel_id=999_999, method="x", url="秘密のURL", headers={}, body=b"x", remote="")
            )

    monkeypatch.setattr(pane, "whole", broken)
    caplog.set_level(logging.DEBUG)
    here = browser(scene.insider)
    for headers in ({}, {"accept": "application/json"}, {"hx-request": "true"}):
        answer = here.get(f"/inbox/{scene.thread.id}", headers=headers)
        assert answer.status_code == 500
        for word in ("Traceback", "RawReceipt", "raw_receipt", "sqlite", "psycopg", "秘密", "app/", ".py"):
            assert word not in answer.text, word
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src" in answer.headers["content-security-policy"]
    logged = caplog.text + "".join(str(record.exc_info[1]) for record in caplog.records if record.exc_info)
    assert "秘密" not in logged


def test_what_strangers_send_is_logged_without_secrets(
    scene: Scene, nobody: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guest = Guest(nobody)
    guest.send("秘密の話")
    nobody.post(
        "/hooks/partner", content=b'{"text": "secret words"}', headers={"x-madoguchi-signature": "t=1,v1=00"}
    )
    form = {"email": scene.insider.email, "password": "mistyped-password-1"}
    nobody.see("/login")
    nobody.submit("/login", form)
    nobody.submit("/login", {"email": "typed-a-password-here", "password": "x"})
    ours = "".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    for word in ("秘密", "secret words", guest.token, "mistyped-password-1", "typed-a-password-here"):
        assert word not in ours
    with reading() as db:
        told = str([event.data for event in db.scalars(select(Event))])
    assert "mistyped-password-1" not in told
    assert "typed-a-password-here" not in told


def test_credentials_that_travel_in_headers_are_not_stored(scene: Scene) -> None:
    here = browser()
    headers = {
        "authorization": "Bearer very-secret",
        "cookie": "madoguchi=very-secret",
        "x-madoguchi-signature": "t=1,v1=0",
    }
    here.post("/hooks/partner", content=b"{}", headers=headers)
    with reading() as db:
        for receipt in db.scalars(select(RawReceipt)):
            assert "very-secret" not in json.dumps(receipt.headers)


def test_an_address_inside_is_not_called_from_the_settings(scene: Scene) -> None:
    admin = browser(scene.admin)
    at = f"/settings/channels/{scene.api.id}"
    inside = ("http://127.0.0.1:1/", "http://2130706433/", "http://0x7f000001/", "http://[::1]/", "http://0/",
              "http://[::ffff:127.0.0.1]/", "http://127.1/", "http://localhost/", "http://10.0.0.1/",
              "http://169.254.169.254/latest/meta-data/",
              "http://[fd00::1]/", "http://user:pass@127.0.0.1/", "file:///etc/passwd")  # fmt: skip
    for url in inside:
        admin.submit(at, {"name": "partner", "set_callback_url": url})
        answer = admin.submit(f"{at}/test")
        unharmed(answer, url)
        with reading() as db:
            api = db.get_one(Channel, scene.api.id)
            if api.settings.get("callback_url") == url:
                assert api.health == "failing", url
