"""Texts that break what is careless: stored where they are text, shown as what they are, never run."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from app.db import reading, transaction
from app.models import Agent, CannedReply, Conversation, Customer, Label, Message
from tests import factories
from tests.attack.scene import Guest, Scene, browser, routes, unharmed
from tests.web.visiting import Browser

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}${7*7}</textarea></title></style>"
NASTY = [
    SCRIPT,
    "a\x00b",
    "\ud800 lone",
    "​‏‮evil txt.exe‬",
    "مرحبا שלום",
    "👩‍👩‍👧‍👦🏳️‍🌈e\u0301",
    "Z̷̡̛" + "̷" * 300,
    "]]><!--",
    "%s %(name)s %d",
    "javascript:alert(1)",
    'https://a.example/"onmouseover="alert(1)',
    "https://a.example/<script>",
    "\u2028\u2029\x85\x1b[31m",
]


FRAME = re.compile(r"/messages/\d+/html(\?remote=1)?")  # a mail as it was formatted, shown in a sandbox


class Page(HTMLParser):
    """What a browser would make of a page: elements that run something, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if (
            tag == "script" and not told.get("src", "") and told.get("type") != "application/ld+json"
        ):  # (data)
            self.wrong.append(f"<script> without a file: {told}")
        if tag in ("style", "object", "embed", "base") or (tag == "iframe" and not _is_mail(told)):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.wrong.append(f"{tag} {name}={value!r}")
            if name in ("href", "src", "action", "formaction", "data", "xlink:href"):
                bare = re.sub(r"[\s\x00-\x1f]", "", value or "").lower()
                if bare.startswith(("javascript:", "vbscript:", "data:text")):
                    self.wrong.append(f"{tag} {name}={value!r}")


def _is_mail(frame: dict[str, str | None]) -> bool:
    """A mail as it was formatted: from our own host, in a sandbox that runs nothing and has no origin."""
    allowed = set((frame.get("sandbox") or "allow-scripts").split())
    return bool(FRAME.fullmatch(frame.get("src") or "")) and not allowed & {
        "allow-scripts",
        "allow-same-origin",
        "allow-forms",
        "allow-top-navigation",
    }


def everything_safe(agent: Browser, *paths: str) -> str:
    """The pages as one text, none of which runs anything."""
    seen = ""
    for path in paths:
        answer = agent.get(path)
        unharmed(answer, path)
        if "html" not in answer.headers.get("content-type", ""):
            continue
        wrong = [one for one in Page(answer.text).wrong if not (FRAME.fullmatch(path) and one == "<style>")]
        assert not wrong, (path, wrong)
        seen += answer.text
    return seen


def thread_of_stranger() -> Conversation:
    with reading() as db:
        return db.scalars(select(Conversation).order_by(Conversation.id.desc())).first() or pytest.fail(
            "none"
        )


def test_whatever_a_visitor_writes_is_text(scene: Scene, nobody: Browser) -> None:
    admin = browser(scene.admin)
    for text in NASTY:
        write_and_look(nobody, admin, text)


def write_and_look(nobody: Browser, admin: Browser, text: str) -> None:
    guest = Guest(nobody, page={"url": "https://shop.example/?q=" + text[:100], "title": text[:400]})
    guest.say({"t": "ask", "id": "q1", "name": text[:200], "email": "a@b.example", "phone": text[:200]})
    guest.say({"t": "identify", "identity": {"attributes": {text[:60]: text[:200], "name": text[:200]}}})
    assert guest.send(text or "x", "m1", page={"url": text[:400], "title": text[:400]})["t"] == "ack"
    assert guest.send(text, "m1")["t"] == "ack", "the same id is acknowledged again"
    shown = guest.texts()
    assert len(shown) == 1
    assert "\x00" not in shown[0]
    id = thread_of_stranger().id
    paths = [
        f"/inbox/{id}",
        "/inbox?view=open",
        "/inbox?view=bot",
        "/inbox/rows?view=unassigned",
        f"/conversations/{id}/panel",
    ]
    paths += ["/settings/receipts?view=all", "/settings/audit"]
    everything_safe(admin, *paths)
    unharmed(admin.get("/search", params={"q": text.encode("utf-8", "replace").decode()[:80]}))


def test_a_page_address_that_runs_is_no_link(scene: Scene, nobody: Browser) -> None:
    for n, url in enumerate(
        ("javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,<script>", "//evil.example")
    ):
        guest = Guest(nobody, page={"url": url, "title": "開いて"})
        guest.send("x", f"m{n}", page={"url": url, "title": "開いて"})
        everything_safe(browser(scene.admin), f"/inbox/{thread_of_stranger().id}")
        code = guest.say({"t": "code"})[0]
        assert "url" not in code


def test_whatever_colleagues_write_is_text(scene: Scene) -> None:
    admin = browser(scene.admin)
    for n, text in enumerate(NASTY):
        write_as_colleague(scene, admin, text, n)
    pages = [scene.path(pattern) for method, pattern in routes() if method == "GET" and is_page(pattern)]
    everything_safe(admin, *pages)
    nobody = browser()
    unharmed(nobody.get("/widget/shop/config"))
    unharmed(nobody.get("/widget/shop/frame"))


def write_as_colleague(scene: Scene, admin: Browser, text: str, n: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    name, at = text[:60], f"/conversations/{scene.thread.id}"
    said: list[tuple[str, dict[str, str]]] = [
        (f"{at}/replies", {"text": text, "client_id": f"client-reply-{n}"}),
        (f"{at}/notes", {"text": text, "client_id": f"client-note-{n}"}),
        (f"{at}/customer", {"note": text}),
        (f"{at}/draft", {"text": text, "version": "0"}),
        (f"{at}/escalation", {"type": text, "reason": text}),
        ("/settings/labels", {"name": name, "hue": "10", "colour": text}),
        ("/settings/replies", {"shortcut": name, "title": name, "body": text, "locale": text}),
        ("/settings/teams", {"name": name}),
        ("/settings/people", {"name": name, "email": f"x{n}@y.example", "role": "agent",
                              "password": "horse battery 9"}),
        ("/settings/me", {"name": name, "locale": "ja", "timezone": "Asia/Tokyo", "theme": "auto",
                          "send_key": "enter"}),
        ("/settings/general/shop", {"name": name, "undo": "10"}),
        ("/settings/faq", {"title": name, "language": "ja", "questions": text, "answer": text, "quick_replies": name,
                           "links": f"{name} | https://a.example/", "tags": name, "enabled": "1"}),
        ("/settings/rules", {"name": name, "keywords": name, "action": "label", "label": name, "language": ""}),
        (f"/settings/channels/{scene.shop.id}", {"name": name, "set_greeting_ja": text, "set_logo_url": text}),
    ]  # fmt: skip
    for path, form in said:
        unharmed(admin.submit(path, form), (path, form))
    everything_safe(admin, f"/inbox/{scene.thread.id}", "/escalations", "/settings/faq", "/settings/general")


def is_page(pattern: str) -> bool:
    others = ("/api", "/files", "/static", "/widget", "/hooks", "/metrics", "/settings/receipts/{id}")
    return not pattern.startswith(others)


def is_public(pattern: str) -> bool:
    """The same for everybody: nobody is looked at."""
    return pattern.startswith(("/help", "/robots.txt"))


def test_no_page_runs_anything_inline_and_each_says_so(scene: Scene) -> None:
    for agent in (None, scene.insider, scene.admin):
        here = browser(agent)
        for method, pattern in routes():
            if method != "GET" or not is_page(pattern) or FRAME.fullmatch(scene.path(pattern)):
                continue  # (the frame has a policy of its own, see below)
            answer = here.get(scene.path(pattern))
            policy = answer.headers["content-security-policy"]
            if (
                pattern == "/counter"
            ):  # the reader of codes, for phones whose browsers have none, is WebAssembly
                policy = policy.replace(" 'wasm-unsafe-eval'", "")
            assert "unsafe" not in policy, pattern
            assert "default-src 'self'" in policy or "default-src 'none'" in policy, pattern
            assert "frame-ancestors 'none'" in policy, pattern
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            kept = answer.headers["cache-control"]
            assert kept == "no-store" or (is_public(pattern) and kept.startswith("public, ")), pattern
            assert kept == "no-store" or "set-cookie" not in answer.headers, pattern
            assert not Page(answer.text).wrong, (pattern, Page(answer.text).wrong)


def test_a_link_of_the_book_leads_only_to_pages(scene: Scene) -> None:
    admin = browser(scene.admin)
    entry = {"title": "a", "language": "ja", "questions": "a", "answer": "b", "enabled": "1"}
    for url in (
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "JAVASCRIPT:x",
        "/x",
    ):
        answer = admin.submit("/settings/faq", {**entry, "links": f"words | {url}"})
        assert answer.status_code == 422, url


def test_a_message_of_a_million_characters_is_refused_in_a_sentence(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    refused = guest.send("あ" * 10_001)
    assert (refused["t"], refused["code"]) == ("error", "too_long")
    body = json.dumps({"token": guest.token, "frames": [{"t": "send", "id": "m", "text": "a" * 1_000_000}]})
    answer = nobody.post("/widget/shop/frames", content=body)
    assert answer.json()["frames"][0]["code"] == "too_large"
    insider = browser(scene.insider)
    reply = {"text": "a" * 1_000_000, "client_id": "client-long-1"}
    answer = insider.submit(f"/conversations/{scene.thread.id}/replies", reply)
    assert answer.status_code == 422
    note = {"text": "b" * 1_000_000, "client_id": "client-long-2"}
    answer = insider.submit(f"/conversations/{scene.thread.id}/notes", note)
    assert answer.status_code in (200, 422)
    assert len(answer.content) < 500_000


@pytest.mark.parametrize("path", ["/login", "/demo/login", "/hooks/partner", "/widget/shop/frames", "/inbox"])
def test_ten_megabytes_are_refused_unread(scene: Scene, path: str) -> None:
    answer = browser().post(path, content=b"x" * 10_000_000)
    assert answer.status_code in (401, 403, 405, 413, 400), answer.status_code
    unharmed(answer)


def test_ten_megabytes_of_a_signed_in_person_are_refused(scene: Scene) -> None:
    insider = browser(scene.insider)
    answer = insider.submit(f"/conversations/{scene.thread.id}/notes", {"text": "x" * 10_000_000})
    assert answer.status_code == 413


def test_names_of_ours_reach_the_customer_as_text(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    guest.send("こんにちは")
    with transaction() as db:
        db.get_one(Agent, scene.insider.id).name = SCRIPT[:100]
        thread = db.scalars(select(Conversation).order_by(Conversation.id.desc())).first()
        assert thread is not None
        factories.reply(db, db.get_one(Agent, scene.insider.id), thread, SCRIPT)
    told = guest.hello()
    assert told["messages"][-1]["text"] == SCRIPT
    assert told["messages"][-1]["author"]["name"] == SCRIPT[:100]


def test_what_was_typed_is_stored_as_it_was(scene: Scene, nobody: Browser) -> None:
    guest = Guest(nobody)
    text = "👩‍👩‍👧‍👦 \u200bمرحبا‏ e\u0301 " + SCRIPT
    guest.send(text)
    with reading() as db:
        assert db.scalars(select(Message.text).order_by(Message.id.desc())).first() == text
        assert not db.scalars(select(Label)).all()[1:]
        assert not db.scalars(select(CannedReply)).all()
        assert db.scalars(select(Customer)).all()


def test_the_frame_of_a_mail_runs_nothing_and_asks_nobody_outside(scene: Scene) -> None:
    (pattern,) = [one for _, one in routes() if FRAME.fullmatch(scene.path(one))]
    answer = browser(scene.insider).get(scene.path(pattern))
    told = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
    )
    assert (answer.status_code, told["default-src"], told["img-src"]) == (200, "'none'", "'self'")
    assert set(told) == {
        *("default-src", "img-src", "style-src", "form-action", "base-uri", "frame-ancestors", "sandbox"),
    }
    assert set(told["sandbox"].split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["cache-control"] == "no-store"
