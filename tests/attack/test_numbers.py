"""Numbers that name nothing, or cannot be numbers at all: each is told in a sentence, on both databases."""

from __future__ import annotations

from typing import Any

from app.db import transaction
from app.models import Agent
from tests.attack.scene import Scene, browser, unharmed
from tests.web.visiting import Browser

NUMBERS = ["999999", str(2**63 - 1), str(2**63), str(2**64), "9" * 40, "-1", "0", "1.5", "1e3", "١", "x", ""]
TIMES = [
    "9999-12-31T23:59",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00+14:00",
    "2100-02-30T00:00",
    "24:00",
    "٢",
]


def test_a_form_may_name_any_number(scene: Scene) -> None:
    here, admin = browser(scene.insider), browser(scene.admin)
    for number in NUMBERS:
        name_it_everywhere(scene, here, admin, number)


def name_it_everywhere(scene: Scene, here: Browser, admin: Browser, number: str) -> None:
    at = f"/conversations/{scene.thread.id}"
    forms: list[tuple[str, dict[str, Any]]] = [
        ("draft", {"text": "x", "channel_id": number, "version": number}),
        ("replies", {"text": "x", "client_id": f"client-{number}", "channel_id": number}),
        ("replies", {"text": "x", "client_id": f"client+{number}", "attachments": number}),
        ("assignment", {"agent_id": number}),
        ("assignment", {"team_id": number}),
        ("labels", {"label_id": number}),
    ]
    for part, form in forms:
        answer = here.submit(f"{at}/{part}", form)
        unharmed(answer, (part, form))
    for query in (f"changes?after={number}", f"messages?before=2026-01-01T00:00:00|{number}"):
        unharmed(here.get(f"{at}/{query}"), query)
    for path in (
        f"/inbox/{scene.thread.id}?m={number}",
        f"/search?q=a&after={number}",
        f"/inbox/rows?after={number}",
    ):
        unharmed(here.get(path), path)
    admin_forms: list[tuple[str, dict[str, Any]]] = [
        ("/settings/teams", {"name": f"team {number}", "member": [number, "1"]}),
        ("/settings/labels", {"name": f"label {number}", "hue": number}),
        ("/settings/general/shop", {"name": "x", "undo": number}),
        ("/settings/receipts/reading", {"channel": number}),
        (f"/settings/rules/{scene.ids['rules']}/place", {"step": number, "up": number}),
    ]
    for path, form in admin_forms:
        unharmed(admin.submit(path, form), (path, form))
    for path in (f"/settings/receipts?channel={number}&after={number}", f"/escalations?open={number}"):
        unharmed(admin.get(path), path)


def test_any_time_may_be_asked_for(scene: Scene) -> None:
    here = browser(scene.insider)
    for time in TIMES:
        ask_for(scene, here, time)


def test_no_snooze_lasts_until_a_time_that_cannot_be_shown(scene: Scene) -> None:
    here = browser(scene.insider)
    answer = here.submit(f"/conversations/{scene.thread.id}/snooze", {"until": "9999-12-31T23:59:00+00:00"})
    assert answer.status_code == 422
    with transaction() as db:
        db.get_one(Agent, scene.insider.id).timezone = "Pacific/Auckland"
    here.see(f"/inbox/{scene.thread.id}")


def ask_for(scene: Scene, here: Browser, time: str) -> None:
    at = f"/conversations/{scene.thread.id}"
    for field in ("until", "local"):
        unharmed(here.submit(f"{at}/snooze", {field: time}), (field, time))
    unharmed(here.get(f"{at}/messages", params={"before": f"{time}|1"}), time)
    unharmed(here.get("/inbox/rows", params={"after": f"{time}|1", "view": "open"}), time)
    unharmed(here.get("/search", params={"q": f"a before:{time} after:{time}"}), time)
    unharmed(here.get(f"/inbox/{scene.thread.id}"), "the thread afterwards")


def test_a_cursor_of_another_hand_shows_no_more_than_the_first_page(scene: Scene) -> None:
    outsider = browser(scene.outsider)
    for cursor in (
        "9999-01-01T00:00:00|9",
        "0001-01-01T00:00:00|1",
        "' OR 1=1 --|1",
        "|",
        "2026|1|1",
        "a" * 1500,
    ):
        for sort in ("newest", "waiting", "priority", "' OR 1"):
            answer = outsider.get("/inbox/rows", params={"after": cursor, "view": "open", "sort": sort})
            assert answer.status_code == 200
            assert "千代田区" not in answer.text


QUERIES = [
    *('"', '""', "'", "*", "a*", "^a", "NEAR(a b)", "a AND", "OR", "NOT a", "(a", "a)", "-a", "+", "col:a", "{a b}:c"),
    *("%", "_", "\\", "a & b", "a | !b", "a:*", "<->", "' OR 1=1 --", "'; DROP TABLE message; --", "v1", "c1"),
    *("from:%", "from:_", "from:'", "label:%", "channel:%", "is:x", "before:x", "in:", ":", "::", 'from:"', "#"),
    *("秘密" * 400, "ー" * 900, "​", "‮", "﷽" * 200, "\ue000v1", "from:\ue000", "#999999999", "#9" * 300, "case #١"),
]  # fmt: skip


def test_no_search_escapes_its_words_or_its_viewer(scene: Scene) -> None:
    outsider, admin = browser(scene.outsider), browser(scene.admin)
    for query in QUERIES:
        for agent in (outsider, admin):
            answer = agent.get("/search", params={"q": query})
            unharmed(answer, query)
            assert answer.status_code == 200
        assert "千代田区" not in outsider.get("/search", params={"q": query}).text


ZONES = [
    "America",
    "../../../etc/passwd",
    "/etc/passwd",
    "Asia/Tokyo\x00",
    "a" * 5000,
    ".",
    "Asia/",
    "posix/UTC",
    "ＵＴＣ",
]


def test_a_time_zone_is_one_of_the_list(scene: Scene) -> None:
    admin = browser(scene.admin)
    mine = {"name": "x", "locale": "ja", "theme": "auto", "send_key": "enter"}
    for zone in ZONES:
        unharmed(admin.submit("/settings/me", {**mine, "timezone": zone}), zone)
        for part in ("hours", "hours/preview"):
            form = {
                "zone": zone,
                "mon": "9:00-18:00",
                "days": f"2026-13-99 {zone}",
                "holidays": "own",
                "always": zone,
            }
            unharmed(admin.submit(f"/settings/general/{part}", form), zone)
    for page in ("/settings/me", "/settings/general", "/inbox", f"/inbox/{scene.thread.id}"):
        admin.see(page)
    unharmed(browser().get("/widget/shop/config"))
