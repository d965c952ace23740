"""Calls with a right signature and wrong contents: replayed, reordered, at once, malformed, hostile."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.db import reading, transaction
from app.models import Conversation, Customer, Message, RawReceipt
from tests import factories
from tests.attack.scene import Scene, browser, unharmed
from tests.attack.test_fuzz import QUICK, values
from tests.attack.test_texts import NASTY, everything_safe
from tests.examples import some
from tests.web.visiting import Browser

SECRET = factories.SECRETS["api"]["secret"]


def call(
    here: Browser, body: Any, *, at: int | None = None, key: str = "partner", secret: str = SECRET
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = at or int(time.time())
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"x-madoguchi-signature": f"t={stamp},v1={signed}", "content-type": "application/json"}
    return here.post(f"/hooks/{key}", content=raw, headers=headers)


def message(id: str, text: str = "こんにちは", who: str = "u-1", **more: Any) -> dict[str, Any]:
    return {"type": "message", "id": id, "from": {"id": who}, "text": text, **more}


def count(kind: Any, *conditions: Any) -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(kind).where(*conditions)) or 0


def test_messages_at_once_twice_and_in_any_order_are_each_there_once(scene: Scene) -> None:
    here, before = browser(), count(Message)
    bodies = [message(f"m-{n}", f"{n}", f"u-{n % 3}") for n in range(12)] * 3
    random.Random(5).shuffle(bodies)
    answers: list[int] = []

    def send(some: list[dict[str, Any]]) -> None:
        answers.extend(call(here, body).status_code for body in some)

    threads = [threading.Thread(target=send, args=(bodies[n::6],)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(answers) == {200}
    assert count(Message) == before + 12
    with reading() as db:
        named = [str(id) for id in db.scalars(select(Message.external_id).filter_by(channel_id=scene.api.id))]
    assert sorted(named) == sorted(f"m-{n}" for n in range(12))


def test_a_signature_of_another_body_time_or_key_is_worth_nothing(scene: Scene) -> None:
    here, before = browser(), count(Message)
    assert call(here, message("a"), secret="another-secret-altogether").status_code == 401
    assert call(here, message("a"), at=int(time.time()) - 3600).status_code == 401
    assert call(here, message("a"), key="shop").status_code in (401, 404)
    assert call(here, message("a"), key="nobody").status_code == 404
    assert call(here, message("a"), key="PARTNER").status_code == 404
    assert count(Message) == before


def test_no_signed_junk_breaks_the_door(scene: Scene) -> None:
    here = browser()

    @settings(QUICK, max_examples=some(60))
    @given(
        st.one_of(
            values,
            st.fixed_dictionaries({"events": st.lists(values, max_size=3)}),
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(
                        ["message", "edit", "unsend", "receipt", "typing", "rating", "end", "note"]
                    )
                },
                optional=dict.fromkeys(NAMES, values),
            ),
        )
    )
    def storm(body: Any) -> None:
        answer = call(here, body)
        unharmed(answer, body)
        assert answer.status_code in (200, 400), (body, answer.text)

    storm()
    for raw in (
        b"",
        b"{",
        b"[" * 100_000,
        b"9" * 5000,
        b"NaN",
        b'"\\ud800"',
        b"\xff",
        b"null",
        b"[[]]",
        b'{"events":{}}',
    ):
        unharmed(call(here, raw), raw[:30])
    assert not count(RawReceipt, RawReceipt.state == "failed"), (
        "nothing the format does not allow is our fault"
    )


NAMES = ("id", "from", "text", "html", "at", "sent_at", "subject", "attachments", "thread", "state", "of", "score",
         "context", "on", "kind", "in_reply_to", "comment", "message", "reason", "auto", "data", "upto")  # fmt: skip


def test_hostile_words_of_a_partner_are_text_everywhere(scene: Scene) -> None:
    here, admin = browser(), browser(scene.admin)
    for n, text in enumerate(NASTY):
        person = {
            "id": f"p-{n}",
            "name": text,
            "email": text,
            "phone": text,
            "avatar_url": text,
            "locale": text[:10],
        }
        body = message(f"n-{n}", text or "x", html=text, subject=text[:200], context={text[:50]: text})
        body["from"] = person
        body["attachments"] = [{"name": text[:100], "url": "javascript:alert(1)", "type": text[:50]}]
        unharmed(call(here, body), body)
        with reading() as db:
            latest = db.scalars(select(Conversation.id).order_by(Conversation.id.desc())).first()
        everything_safe(admin, f"/inbox/{latest}", "/inbox?view=unassigned", f"/conversations/{latest}/panel")


def test_ids_of_any_length_stay_apart(scene: Scene) -> None:
    here, before = browser(), count(Customer)
    long = "x" * 190
    for n, who in enumerate((long + "1", long + "2", "a", "A", "ａ")):
        assert call(here, message(f"l-{n}", who=who)).status_code == 200
    assert count(Customer) == before + 5


def test_a_channel_switched_off_takes_nothing_in(scene: Scene) -> None:
    with transaction() as db:
        db.get_one(type(scene.api), scene.api.id).enabled = False
    assert call(browser(), message("off")).status_code == 404
    assert not count(Message, Message.external_id == "off")
