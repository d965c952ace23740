"""Search: one character finds, phrases keep their order, nobody finds what they may not see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app import customers, inbox, search
from app.db import now, reading, transaction
from app.inbox.current import current_case
from app.models import Agent, Conversation, Identity, Label, Message
from app.search import finding, store
from app.search.words import understand
from app.text import highlights, phrase
from channels import base
from tests import factories as make
from tests.examples import some

Find = Callable[..., list[str]]
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def kei(db: Session) -> Agent:
    """Sees everything."""
    return make.supervisor(db, "佐藤 恵")


@pytest.fixture
def ren(db: Session) -> Agent:
    """An agent without a team."""
    return make.agent(db, "田中 蓮")


@pytest.fixture
def find(db: Session, kei: Agent) -> Find:
    """The texts a query finds, newest first."""

    def found(query: str, viewer: Agent = kei) -> list[str]:
        hits = search.search(db, viewer, query).hits
        return [db.get_one(Message, hit.message_id).text for hit in hits]

    return found


def test_one_japanese_character_is_enough(db: Session, find: Find) -> None:
    make.conversation(db, text="商品の返品をお願いします")
    make.conversation(db, text="在庫はありますか")
    for query in ("返", "品", "を", "願", "返品", "商品の返品をお願いします"):
        assert find(query) == ["商品の返品をお願いします"], query


def test_the_order_of_the_characters_counts(db: Session, find: Find) -> None:
    make.conversation(db, text="商品の返品をお願いします")
    assert find("品返") == []
    assert find("返品お願い") == []
    assert find("返品 お願い") == ["商品の返品をお願いします"]


def test_what_people_do_not_distinguish_is_found(db: Session, find: Find) -> None:
    make.conversation(db, text="ｻｰﾊﾞが落ちました。ＣＡＦÉ ラーメン")
    for query in ("サーバー", "さーば", "cafe", "ラーメン", "らーめん"):
        assert len(find(query)) == 1, query


def test_english_words_are_found_by_their_beginning(db: Session, find: Find) -> None:
    make.conversation(db, text="When will my order #A-5512 be shipped?")
    for query in ("ship", "SHIPPED", "5512", "A-5512", "my order", "order when"):
        assert len(find(query)) == 1, query
    assert find("hipped") == []
    assert find('"order my"') == []


def test_newest_comes_first_and_pages_follow_each_other(db: Session, kei: Agent) -> None:
    to = make.channel(db)
    said = [make.customer_says(db, to, f"返品 {n}").id for n in range(75)]
    found: list[int] = []
    cursor: int | None = None
    for _ in range(3):
        page = search.search(db, kei, "返品", cursor)
        found += [hit.message_id for hit in page.hits]
        cursor = page.cursor
    assert found == said[::-1]
    assert cursor is None


@pytest.mark.parametrize(("recent", "frequent"), [(1, 1), (1, 1000), (3, 2)])
def test_frequent_and_rare_words_page_alike(
    db: Session, kei: Agent, monkeypatch: pytest.MonkeyPatch, recent: int, frequent: int
) -> None:
    """PostgreSQL has two ways to them; both give every message once, in order."""
    monkeypatch.setattr(store, "RECENT", recent)
    monkeypatch.setattr(store, "FREQUENT", frequent)
    monkeypatch.setattr(finding, "PORTIONS", (2, 3, 4))
    to = make.channel(db)
    said = [make.customer_says(db, to, f"{'返品' if n % 7 == 0 else '在庫'} {n}").id for n in range(60)]
    for query, wanted in (("返品", said[::7]), ("庫", [one for one in said if one not in said[::7]])):
        found: list[int] = []
        cursor: int | None = None
        for _ in range(60):
            page = search.search(db, kei, query, cursor, limit=4)
            found += [hit.message_id for hit in page.hits]
            cursor = page.cursor
            if cursor is None:
                break
        assert found == wanted[::-1]


def test_hits_are_marked(db: Session, kei: Agent) -> None:
    make.conversation(db, text="昨日買った ｻｰﾊﾞｰ を返品したい")
    (hit,) = search.search(db, kei, "サーバー 返品").hits
    assert [piece for piece, marked in hit.excerpt.parts() if marked] == ["ｻｰﾊﾞ", "返品"]


def test_an_outsider_finds_nothing_of_another_team(db: Session, kei: Agent, ren: Agent) -> None:
    conversation = make.conversation(db, text="秘密の返品")
    team = make.team(db, make.agent(db))
    inbox.assign(db, kei, conversation, None, team, keep_team=False)
    assert [hit.conversation_id for hit in search.search(db, kei, "秘密").hits] == [conversation.id]
    for query in ("秘密", "返", "from:customer", f"{1000 + conversation.id}", "visitor"):
        page = search.search(db, ren, query)
        assert (page.hits, page.customers, page.cases) == ((), (), ()), query


def test_somebody_who_sees_little_pages_on_until_it_is_found(db: Session, kei: Agent, ren: Agent) -> None:
    """The work of one request is bounded; what lies further back is reached with the cursor."""
    theirs = make.conversation(db, text="返品です", sender="a")
    hidden = make.conversation(db, text="返品です", sender="b")
    inbox.assign(db, kei, hidden, None, make.team(db), keep_team=False)
    for n in range(120):
        extra = Message(
            conversation_id=hidden.id, kind="inbound", author="customer", text="返品", sent_at=now(),
            external_id=f"h{n}",
        )  # fmt: skip
        db.add(extra)
        db.flush()
        search.index_message(db, extra)
    assert [hit.conversation_id for hit in search.search(db, ren, "返品").hits] == [theirs.id]


def test_unsent_text_leaves_the_index(db: Session, find: Find) -> None:
    to = make.channel(db)
    message = make.customer_says(db, to, "間違えて送りました")
    assert find("間違") == ["間違えて送りました"]
    search.remove(db, message)
    assert find("間違") == []


def test_a_changed_text_is_found_by_its_new_words_only(db: Session, find: Find) -> None:
    message = make.customer_says(db, make.channel(db), "青い傘")
    message.text = "赤い傘"
    search.index_message(db, message)
    assert find("青い") == []
    assert find("赤い") == ["赤い傘"]
    message.removed_at = now()
    search.index_message(db, message)
    assert find("傘") == []


def test_customers_are_found_by_name_reading_address_and_number(db: Session, kei: Agent) -> None:
    person = base.Person("visitor-9", name="髙橋 花子")
    conversation = make.conversation(db, sender=person)
    customer = make.customer_of(db, conversation)
    customer.name_kana = "タカハシ ハナコ"
    customer.attributes = {"order": {"value": "MDG-20881", "proved": True}}
    db.add_all(
        Identity(customer_id=customer.id, kind=kind, address=address)
        for kind, address in (("email", "hanako@shop.example"), ("phone", "+819012345678"))
    )
    db.flush()
    search.index_customer(db, customer)
    for query in (
        "高橋",
        "たかはし",
        "花",
        "hanako@shop",
        "09012345678",
        "+819012345678",
        "mdg-20881",
        "20881",
    ):
        assert [hit.customer_id for hit in search.search(db, kei, query).customers] == [customer.id], query


def test_a_case_is_found_by_its_number(db: Session, kei: Agent) -> None:
    conversation = make.conversation(db)
    case = current_case(db, conversation)
    assert case is not None
    number = case.number
    for query in (f"#{number}", f"{number}", f"Case #{number}", f"ケース {number}"):
        assert [hit.conversation_id for hit in search.search(db, kei, query).cases] == [conversation.id], (
            query
        )


def test_a_linked_customer_is_found_in_the_thread_they_are_shown_in(db: Session, kei: Agent) -> None:
    head = make.conversation(db, text="一通目です", sender="first")
    child = make.conversation(db, text="二通目です", sender="second")
    child.head_id = head.id
    db.flush()
    assert [hit.conversation_id for hit in search.search(db, kei, "二通目").hits] == [head.id]
    assert len(search.search(db, kei, "通目", conversation=head).hits) == 2


# --- filters ------------------------------------------------------------------------------------------


def test_filters_narrow(db: Session, kei: Agent, find: Find) -> None:
    line, mail = make.channel(db, name="公式アカウント"), make.channel(db, "api", name="お問い合わせ")
    first = make.conversation(db, line, "返品したい", "a")
    second = make.conversation(db, mail, "返品できますか", base.Person("b", name="Maria Rossi"))
    make.reply(db, kei, first, "返品を承ります")
    label = Label(name="急ぎ")
    db.add(label)
    db.flush()
    inbox.put_label(db, second, label)
    assert find("返品 from:customer") == ["返品できますか", "返品したい"]
    assert (
        find("返品 from:me") == find("返品 差出人：自分") == find('返品 from:"佐藤 恵"') == ["返品を承ります"]
    )
    assert find("返品 from:rossi") == ["返品できますか"]
    assert find("返品 channel:api") == find("返品 チャネル:お問い合わせ") == ["返品できますか"]
    assert find("返品 channel:none") == []
    assert find("返品 label:急ぎ") == ["返品できますか"]
    assert find("is:open from:customer") == ["返品できますか", "返品したい"]
    assert find("返品 is:resolved") == []


def test_who_said_it_is_sought_by_the_person_whatever_they_said_it_by(db: Session, find: Find) -> None:
    mail = make.conversation(db, text="返品したい", sender=base.Person("a", name="山田 花子"))
    line = make.conversation(db, text="返品の送料は", sender=base.Person("b", name="taro"))
    inbox.link(db, make.customer_of(db, line), make.customer_of(db, mail), evidence={"by": "test"})
    make.reply(db, make.agent(db, "Élodie"), mail, "返品を承ります")
    for name in ("山田", "taro"):
        assert sorted(find(f"返品 from:{name}")) == ["返品したい", "返品の送料は"]
    assert find("返品 from:élodie") == find("返品 from:ＥＬＯＤＩＥ") == ["返品を承ります"]


def test_a_label_is_found_however_its_letters_are_typed(db: Session, find: Find) -> None:
    for name in ("ＶＩＰ", "Élan"):
        label = Label(name=name)
        db.add(label)
        db.flush()
        inbox.put_label(db, make.conversation(db, text=f"返品 {name}", sender=name), label)
    for query in ("ＶＩＰ", "VIP", "vip"):
        assert find(f"返品 label:{query}") == ["返品 ＶＩＰ"], query
    for query in ("Élan", "élan", "elan"):
        assert find(f"返品 label:{query}") == ["返品 Élan"], query
    assert find("返品 label:vip label:élan") == find("返品 label:vi") == []


def test_days_are_days_of_the_viewer(db: Session, find: Find) -> None:
    late = datetime(2026, 11, 17, 15, 30, tzinfo=UTC)  # 00:30 of the 18th in Tokyo
    make.conversation(db, text="返品", at=late)
    assert find("返品 after:2026-11-18") == ["返品"]
    assert find("返品 before:2026-11-18") == []
    assert find("返品 以前:2026年11月19日") == ["返品"]


def test_what_looks_like_a_filter_and_is_none_is_searched_for(db: Session, find: Find) -> None:
    make.conversation(db, text="see https://shop.example/a?b=1 at 10:30 is:nice")
    for query in ("https://shop.example", "10:30", "is:nice", "before:lunch"):
        assert find(query) == ([] if query == "before:lunch" else find("see")), query


NASTY = ['"', "*", "AND OR NOT", "返品*", "NEAR(a b)", "body:返品", "-返品", "^a", "a'b", "(", "\x00", "\ud800", ":",
         "from:", "from:\x00a", "label:\x00\ud800", "&|!", "<->", "'; DROP TABLE message; --",
         "a" * 5000, "返 " * 400, "before:9999-99-99",
         "after:0001-01-01",
         "\ue000v1", "#999999999999", "٣٤٥", "½", "🎉", "%_\\"]  # fmt: skip


@pytest.mark.parametrize("query", NASTY)
def test_no_query_breaks_the_search(db: Session, find: Find, query: str) -> None:
    make.conversation(db, text="返品")
    find(query)


@given(st.text(max_size=30))
@settings(max_examples=some(60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_query_is_answered(db: Session, kei: Agent, query: str) -> None:
    search.search(db, kei, query)


def test_a_query_is_understood() -> None:
    asked = understand("“返品 したい” from:customer チャネル：line after:2026-11-1 2026", TOKYO)
    assert asked.terms == ("返品 したい", "2026")
    assert (asked.senders, asked.channels) == (("customer",), ("line",))
    assert asked.after == datetime(2026, 11, 1, tzinfo=TOKYO)


# --- against the plain truth ----------------------------------------------------------------------------

WORDS = st.lists(st.sampled_from("返品商をのあいaB1 ー"), min_size=1, max_size=12).map("".join)


@given(texts=st.lists(WORDS, min_size=1, max_size=6), term=WORDS)
@settings(max_examples=some(40), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_index_finds_what_reading_everything_would(
    db: Session, kei: Agent, texts: list[str], term: str
) -> None:
    terms = [part for part in term.split() if phrase(part)]
    with db.begin_nested() as savepoint:
        conversation = make.conversation(db, text="。")
        made = [_message(db, conversation, text) for text in texts]
        expected = [
            message.id
            for message in reversed(made)
            if terms and all(highlights(message.text, [t]) for t in terms)
        ]
        found = [hit.message_id for hit in search.search(db, kei, term).hits]
        savepoint.rollback()
    assert found == expected


def _message(db: Session, conversation: Conversation, text: str) -> Message:
    message = Message(
        conversation_id=conversation.id, kind="inbound", author="customer", text=text, sent_at=now()
    )
    db.add(message)
    db.flush()
    search.index_message(db, message)
    return message


# --- building anew --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_the_index_can_be_built_anew_from_the_tables() -> None:
    with transaction() as db:
        kei = make.supervisor(db)
        make.conversation(db, text="商品の返品", sender=base.Person("x", name="山田 太郎"))
        search.drop(db.connection())
        search.create(db.connection())
    with reading() as db:
        assert search.search(db, kei, "返品").hits == ()
    told: list[tuple[int, int]] = []
    count = search.reindex(lambda done, total: told.append((done, total)))
    assert told[-1] == (count, count)
    with reading() as db:
        assert len(search.search(db, kei, "返品").hits) == 1
        assert len(search.search(db, kei, "山田").customers) == 1


def test_names_given_later_are_found(db: Session, kei: Agent) -> None:
    conversation = make.conversation(db)
    customer = make.customer_of(db, conversation)
    customer.name = "山本 さくら"
    search.index_customer(db, customer)
    assert [hit.customer_id for hit in search.search(db, kei, "山本").customers] == [customer.id]
    assert customers.find(db, "nobody", "", "") is None


def test_before_and_after_hold_together(db: Session, find: Find) -> None:
    for day in (1, 10, 20):
        make.conversation(db, text="返品", at=datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=12))
    assert len(find("返品 after:2026-11-05 before:2026-11-15")) == 1
