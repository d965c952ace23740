"""“Same person?” in the inbox: found, previewed, brought together, taken apart; nobody sees more than they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from app import customers, inbox, queries
from app.db import reading, transaction
from app.directory import persons
from app.models import (
    Agent,
    Channel,
    Conversation,
    Customer,
    CustomerLink,
    Event,
    Identity,
    Message,
    Relocation,
)
from channels.base import Person
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


@dataclass(frozen=True)
class Cast:
    """Sato answers; Yamada wrote on the web and by another way; Suzuki is somebody else; the hidden one is of a team
    that Sato is not in."""

    sato: Agent
    web: Conversation
    line: Conversation
    suzuki: Conversation
    hidden: Conversation


@pytest.fixture
def cast() -> Cast:
    with transaction() as db:
        sato, shop = factories.agent(db, "佐藤 恵", locale="en"), factories.channel(db)

        def thread(text: str, address: str, name: str) -> Conversation:
            return factories.conversation(db, shop, text, Person(address, name=name))

        hidden = thread("内緒です", "v-hidden", "山田 秘密")
        hidden.team_id = factories.team(db).id
        return Cast(
            sato,
            thread("在庫はありますか", "v-web", "山田 花子"),
            thread("サイズを変えたい", "v-line", "ヤマダ"),
            thread("別の件です", "v-suzuki", "鈴木 次郎"),
            hidden,
        )


@pytest.fixture
def browser(cast: Cast) -> Browser:
    return Browser().come_in(cast.sato)


def facts(conversation: Conversation, **told: str) -> None:
    """What the business vouches for."""
    with transaction() as db:
        customer = db.get_one(Customer, conversation.customer_id)
        customers.describe(db, customer, told, proved=True)


def shown(conversation: Conversation) -> list[str]:
    with reading() as db:
        own = db.get_one(Conversation, conversation.id)
        head = db.get_one(Conversation, own.head_id or own.id)
        return [one.text for one in queries.thread_page(db, head).messages if one.kind != "system"]


def links() -> list[CustomerLink]:
    with reading() as db:
        return list(db.scalars(select(CustomerLink).order_by(CustomerLink.id)))


def merging(cast: Cast, other: Conversation) -> str:
    return f"/conversations/{cast.web.id}/merging/{other.id}"


def test_the_other_is_found_by_name_and_the_same_person_and_hidden_ones_are_not(
    cast: Cast, browser: Browser
) -> None:
    page = browser.see(f"/conversations/{cast.web.id}/merging?q=ヤマダ")
    assert merging(cast, cast.line) in page
    assert "山田 秘密" not in browser.see(f"/conversations/{cast.web.id}/merging?q=山田")
    assert "Nobody else is found" in browser.see(f"/conversations/{cast.web.id}/merging?q=田中")


def test_the_preview_tells_what_comes_together_and_which_values_win(cast: Cast, browser: Browser) -> None:
    facts(cast.web, 会員ランク="ゴールド")
    facts(cast.line, 会員ランク="シルバー")
    page = browser.see(merging(cast, cast.line))
    assert page.count("1 message") == 2
    assert "this device" in page
    assert '<td class="wins">山田 花子' in page
    assert '<td class="wins">シルバー' in page  # proved both, and said last
    assert '<td class="wins">ヤマダ' in browser.see(merging(cast, cast.line) + "?under=theirs")
    assert links() == []


def test_what_was_said_is_counted_so_far_and_no_further(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as db:
        for text in ("もしもし", "まだですか"):
            factories.customer_says(db, db.query(Channel).one(), text, "v-line")
    assert "3 messages" in browser.see(merging(cast, cast.line))
    monkeypatch.setattr(persons, "COUNT_TO", 2)
    page = browser.see(merging(cast, cast.line))
    assert "1 message" in page
    assert "2+ messages" in page


def test_one_action_merges_and_one_undoes_it(cast: Cast, browser: Browser) -> None:
    answer = browser.submit(merging(cast, cast.line), {"under": "ours", "reason": "電話で確認"})
    assert answer.headers["location"] == f"/inbox/{cast.web.id}"
    assert shown(cast.web) == ["在庫はありますか", "サイズを変えたい"]
    (made,) = links()
    assert (made.made_by, made.evidence["reason"]) == (cast.sato.id, "電話で確認")
    panel = browser.see(f"/conversations/{cast.web.id}/panel")
    assert "電話で確認" in panel
    assert f'hx-delete="/links/{made.id}"' in panel
    assert browser.get(f"/inbox/{cast.line.id}").headers["location"] == f"/inbox/{cast.web.id}"
    for _ in range(2):
        gone = browser.delete(
            f"/links/{made.id}", headers={"x-csrf-token": browser.csrf, "hx-request": "true"}
        )
        assert gone.headers["hx-redirect"] == f"/inbox/{cast.web.id}"
    assert (shown(cast.web), shown(cast.line)) == (["在庫はありますか"], ["サイズを変えたい"])


def test_it_may_be_shown_under_the_other(cast: Cast, browser: Browser) -> None:
    answer = browser.submit(merging(cast, cast.line), {"under": "theirs"})
    assert answer.headers["location"] == f"/inbox/{cast.line.id}"
    assert shown(cast.line) == ["在庫はありますか", "サイズを変えたい"]


def test_what_is_proved_and_contradicts_is_merged_only_knowingly_and_with_a_reason(
    cast: Cast, browser: Browser
) -> None:
    facts(cast.web, 生年月日="1990年4月1日")
    facts(cast.line, birthday="1985-12-24")
    page = browser.see(merging(cast, cast.line))
    assert "What is proved contradicts itself" in page
    assert 'name="confirmed" value="yes" required' in page
    assert browser.submit(merging(cast, cast.line)).status_code == 409
    assert browser.submit(merging(cast, cast.line), {"reason": "家族"}).status_code == 409
    assert browser.submit(merging(cast, cast.line), {"confirmed": "yes", "reason": " "}).status_code == 422
    assert links() == []
    assert (
        browser.submit(merging(cast, cast.line), {"confirmed": "yes", "reason": "戸籍で確認"}).status_code
        == 303
    )
    assert links()[0].evidence["against"] == [["birth", "生年月日", "1990年4月1日", "1985-12-24"]]


def test_two_accounts_of_one_place_contradict(cast: Cast, browser: Browser) -> None:
    with transaction() as db:
        for one, address in ((cast.web, "kt-1"), (cast.line, "kt-2")):
            customers.add_identity(db, db.get_one(Customer, one.customer_id), "user", "shop", address, 3)
    assert "kt-1 and kt-2" in browser.see(merging(cast, cast.line))
    assert browser.submit(merging(cast, cast.line)).status_code == 409


def test_a_date_written_in_another_way_contradicts_nothing(cast: Cast, browser: Browser) -> None:
    facts(cast.web, 生年月日="１９９０年４月１日")
    facts(cast.line, birthday="1990-04-01")
    assert "contradicts itself" not in browser.see(merging(cast, cast.line))


def test_oneself_one_already_and_round_and_round_are_each_told(cast: Cast, browser: Browser) -> None:
    assert "shown as one person already" in browser.see(merging(cast, cast.web))
    assert browser.submit(merging(cast, cast.web)).status_code == 422
    assert browser.submit(merging(cast, cast.line)).status_code == 303
    back = f"/conversations/{cast.line.id}/merging/{cast.web.id}"
    assert "shown as one person already" in browser.see(back)
    assert browser.submit(back).status_code == 422
    assert len(links()) == 1


def test_one_who_is_linked_elsewhere_brings_the_others_along(cast: Cast, browser: Browser) -> None:
    browser.submit(f"/conversations/{cast.suzuki.id}/merging/{cast.line.id}")
    assert "2 records already" in browser.see(merging(cast, cast.line))
    browser.submit(merging(cast, cast.line))
    assert sorted(shown(cast.web)) == ["サイズを変えたい", "別の件です", "在庫はありますか"]


def test_who_may_not_be_seen_cannot_be_merged_nor_a_link_of_theirs_undone(
    cast: Cast, browser: Browser
) -> None:
    assert browser.get(merging(cast, cast.hidden)).status_code == 404
    assert browser.submit(merging(cast, cast.hidden)).status_code == 404
    with transaction() as db:
        boss = factories.supervisor(db)
        made = inbox.merge(
            db, boss, *(db.get_one(Customer, one.customer_id) for one in (cast.line, cast.hidden))
        )
        id = made.id
    assert browser.delete(f"/links/{id}", headers={"x-csrf-token": browser.csrf}).status_code == 404
    assert browser.delete("/links/999", headers={"x-csrf-token": browser.csrf}).status_code == 404
    assert links()[0].active


def test_it_is_told_with_its_evidence(cast: Cast, browser: Browser) -> None:
    browser.submit(merging(cast, cast.line), {"reason": "電話で確認"})
    with reading() as db:
        told = db.scalars(select(Event).where(Event.kind == "linked")).one()
    assert (told.agent_id, told.conversation_id) == (cast.sato.id, cast.web.id)
    assert told.data["child"] == cast.line.id


def test_the_audit_trail_tells_who_and_why_and_undoes_it(cast: Cast, browser: Browser) -> None:
    browser.submit(merging(cast, cast.line), {"reason": "電話で確認"})
    with transaction() as db:
        admin = factories.agent(db, "北川 修", role="admin", locale="en")
    house = Browser().come_in(admin)
    page = house.see("/settings/audit?kind=conversations")
    assert "ヤマダ and 山田 花子 were brought together as one customer." in page
    assert "佐藤 恵 “電話で確認”" in page
    (made,) = links()
    told = {
        "x-csrf-token": house.csrf,
        "hx-request": "true",
        "hx-current-url": "http://testserver/settings/audit",
    }
    assert house.delete(f"/links/{made.id}", headers=told).headers["hx-redirect"] == "/settings/audit"
    page = house.see("/settings/audit?kind=conversations")
    assert "ヤマダ and 山田 花子 were taken apart again." in page
    assert "hx-delete" not in page


# --- taking an address out, moving a message, suggestions ------------------------------------------------------


def second(cast: Cast) -> int:
    """One more address of the customer on the web, who wrote by it."""
    with transaction() as db:
        own = db.get_one(Customer, cast.web.customer_id)
        first = db.scalars(select(Identity).filter_by(customer_id=own.id)).one()
        made = customers.add_identity(db, own, first.kind, first.scope, "v-husband", 1)
        assert made is not None
        site = db.scalars(select(Channel)).one()
        factories.customer_says(db, site, "夫の携帯から", "v-husband")
        return made.id


def drop(browser: Browser, path: str) -> Any:
    return browser.delete(path, headers={"x-csrf-token": browser.csrf, "hx-request": "true"})


def test_an_address_is_taken_out_and_put_back(cast: Cast, browser: Browser) -> None:
    assert "separating" not in browser.see(f"/conversations/{cast.web.id}/panel")
    identity = second(cast)
    assert "separating" in browser.see(f"/conversations/{cast.web.id}/panel")
    assert "v-husband" in browser.see(f"/conversations/{cast.web.id}/separating")
    answer = browser.submit(
        f"/conversations/{cast.web.id}/separating", {"identity": str(identity), "reason": "ご主人のもの"}
    )
    new = answer.headers["location"]
    assert new != f"/inbox/{cast.web.id}"
    assert "夫の携帯から" in browser.see(new)
    assert shown(cast.web) == ["在庫はありますか"]
    panel = browser.see(f"/conversations/{cast.web.id}/panel")
    assert "v-husband was taken out of this customer" in panel
    assert "ご主人のもの" in panel
    (made,) = relocations()
    assert drop(browser, f"/relocations/{made.id}").headers["hx-redirect"] == f"/inbox/{cast.web.id}"
    assert shown(cast.web) == ["在庫はありますか", "夫の携帯から"]
    assert "was taken out" not in browser.see(f"/conversations/{cast.web.id}/panel")


def test_an_address_of_somebody_else_is_not_taken_out(cast: Cast, browser: Browser) -> None:
    identity = second(cast)
    path = f"/conversations/{cast.line.id}/separating"
    assert browser.submit(path, {"identity": str(identity)}).status_code == 404
    assert browser.submit(path, {"identity": "x"}).status_code == 404
    assert browser.submit(f"/conversations/{cast.hidden.id}/separating").status_code == 404


def test_a_message_is_moved_to_its_right_owner_and_back(cast: Cast, browser: Browser) -> None:
    with reading() as db:
        message = db.scalars(select(Message).where(Message.text == "サイズを変えたい")).one()
    here = f"/messages/{message.id}/moving"
    assert f'hx-get="{here}"' in browser.see(f"/inbox/{cast.line.id}")
    assert f'hx-post="{here}/{cast.suzuki.id}"' in browser.see(f"{here}?q=鈴木")
    assert browser.submit(f"{here}/{cast.hidden.id}").status_code == 404
    assert browser.submit(f"{here}/{cast.suzuki.id}", {"reason": "鈴木様の件"}).status_code == 303
    assert shown(cast.suzuki) == ["サイズを変えたい", "別の件です"]
    assert "moved a message here" in browser.see(f"/inbox/{cast.suzuki.id}")
    (made,) = relocations()
    assert drop(browser, f"/relocations/{made.id}").status_code == 204
    assert drop(browser, "/relocations/999").status_code == 404
    assert (shown(cast.suzuki), shown(cast.line)) == (["別の件です"], ["サイズを変えたい"])


def test_what_was_moved_out_of_sight_cannot_be_put_back_by_who_may_not_see_it(
    cast: Cast, browser: Browser
) -> None:
    with transaction() as db:
        boss = factories.supervisor(db)
        message = db.scalars(select(Message).where(Message.text == "サイズを変えたい")).one()
        made = inbox.move(db, boss, message, db.get_one(Customer, cast.hidden.customer_id))
        id = made.id
    assert "山田 秘密" not in browser.see(f"/inbox/{cast.line.id}")
    assert drop(browser, f"/relocations/{id}").status_code == 404


def test_who_may_be_the_same_is_suggested_with_reasons_and_not_again_once_refused(
    cast: Cast, browser: Browser
) -> None:
    with transaction() as db:
        for one in (cast.web, cast.line, cast.hidden):
            customers.describe(
                db, db.get_one(Customer, one.customer_id), {"phone": "090-1234-5678"}, proved=False
            )
        db.get_one(Customer, cast.line.customer_id).name = "ヤマダ ハナコ"
    here = f"/conversations/{cast.web.id}/suggestions"
    page = browser.see(here)
    assert "ヤマダ ハナコ" in page
    assert "Same phone number" in page
    assert "山田 秘密" not in page
    preview = browser.see(merging(cast, cast.line) + "?suggested=yes")
    assert 'name="suggested" value="yes"' in preview
    refused = browser.submit(f"/conversations/{cast.web.id}/keeping-apart/{cast.line.id}")
    assert "ヤマダ" not in refused.text
    assert "ヤマダ" not in browser.see(here)
    with reading() as db:
        assert db.scalars(select(Event.kind).where(Event.kind == "kept_apart")).all() == ["kept_apart"]
    assert not links()[0].active


def relocations() -> list[Relocation]:
    with reading() as db:
        return list(db.scalars(select(Relocation)))
