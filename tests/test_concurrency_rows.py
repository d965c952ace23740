"""Two at once, with real commits, over customers, their figures, the index and the bot's book: neither undoes or fails
the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import counter, inbox, knowledge, linking, search
from app.db import now, reading, transaction
from app.intake import linked
from app.models import AccountLink, Agent, Channel, Conversation, FaqEntry, Message
from app.search import store
from channels import base
from tests import factories as make
from tests.beside import before, beside, result
from tests.knowledge.test_versions import ENTRY
from tests.touchpoints.told import counted, kept, take_in, touch
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def found(query: str) -> int:
    """How many customers and messages are found by it."""
    with reading() as db:
        page = search.search(db, db.scalars(select(Agent)).first() or Agent(), query)
        return len(page.customers) + len(page.hits)


def test_a_message_comes_in_while_somebody_edits_its_customer_and_both_are_found() -> None:
    with transaction() as db:
        agent, channel = make.agent(db), make.channel(db)
        head = make.conversation(db, channel, sender="v")

    def write() -> str:
        with transaction() as db:
            hana = base.Person("v", email="hana@example.jp", proof="code")
            return make.customer_says(db, channel, "まだですか", hana).text

    with transaction() as db:
        inbox.edit_customer(db, agent, make.customer_of(db, head), inbox.Profile(note="桐の箱で包む"))
        said = beside(write)
    assert said.result(timeout=30) == "まだですか"
    assert (found("桐の箱"), found("hana@example.jp")) == (1, 1)


def test_what_is_unsent_while_the_index_is_built_anew_leaves_the_index(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        agent, head = make.agent(db), make.conversation(db)
        said = make.reply(db, agent, head, "桐の箱で包みます")

    def unsend() -> None:
        with transaction() as db:
            inbox.unsend(db, db.get_one(Conversation, head.id), db.get_one(Message, said.id))

    began = before(monkeypatch, store, "put", unsend)
    search.reindex()
    result(began)
    with reading() as db:
        assert search.left(db, db.scalars(select(Message)).all()) == []


def test_the_index_is_built_anew_though_the_database_asks_to_begin_a_part_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        make.conversation(db)
    real = store.put

    def lost(*_: object) -> None:
        monkeypatch.setattr(store, "put", real)
        raise OperationalError("INSERT", {}, Exception("deadlock detected"))

    monkeypatch.setattr(store, "put", lost)
    assert search.reindex() == 2


@pytest.mark.parametrize("told", [{"name": "taro"}, {"claimed": {"注文": "A-1"}}])
def test_what_a_customer_says_of_themselves_leaves_what_an_agent_notes_at_that_moment(
    told: dict[str, Any],
) -> None:
    with transaction() as db:
        agent, channel = make.agent(db), make.channel(db)
        head = make.conversation(db, channel, sender="v")

    def write() -> None:
        with transaction() as db:
            make.customer_says(db, channel, "まだですか", base.Person("v", **told))

    with transaction() as db:
        noted = inbox.Profile(name="山田 太郎", attributes={"会員": "はい"})
        inbox.edit_customer(db, agent, make.customer_of(db, head), noted)
        said = beside(write)
    said.result(timeout=30)
    with reading() as db:
        customer = make.customer_of(db, head)
        assert customer.attributes.keys() == {"会員", *told.get("claimed", ())}
        assert customer.name == "山田 太郎"


def test_the_first_two_notes_of_one_customer_at_the_counter_are_both_kept() -> None:
    with transaction() as db:
        shop = make.channel(db, "store", name="本店")
        viewer = make.agent(db, "中村 愛", role="store", store_id=shop.id)
        head = make.conversation(db)

    def note(db: Session, client_id: str) -> counter.Noted:
        who = db.get_one(Conversation, head.id)
        told = counter.Note(client_id, asked="傘はありますか", card="C-1234567")
        return counter.note(db, db.get_one(Agent, viewer.id), db.get_one(Channel, shop.id), who, told)

    def another() -> counter.Noted:
        with transaction() as db:
            return note(db, "client-0002")

    with transaction() as db:
        first = note(db, "client-0001")
        second = beside(another)
    both = [first, second.result(timeout=30)]
    assert [(one.new, one.others_card, one.head.id) for one in both] == [(True, False, head.id)] * 2


def test_two_wordings_added_to_one_entry_at_once_are_both_in_it() -> None:
    with transaction() as db:
        editor = make.supervisor(db)
        entry = knowledge.save_entry(db, editor, None, ENTRY)

    def add(wording: str) -> None:
        with transaction() as db:
            row, by = db.get_one(FaqEntry, entry.id), db.get_one(Agent, editor.id)
            knowledge.add_questions(db, by, row, [wording])

    with transaction() as db:
        row, by = db.get_one(FaqEntry, entry.id), db.get_one(Agent, editor.id)
        knowledge.add_questions(db, by, row, ["配送料は"])
        other = beside(lambda: add("送るといくら"))
    other.result(timeout=30)
    with reading() as db:
        kept = db.get_one(FaqEntry, entry.id).questions
        assert kept == [*ENTRY["questions"], "配送料は", "送るといくら"]


def test_a_version_brought_back_while_somebody_saves_another_is_there_whole() -> None:
    with transaction() as db:
        editor = make.supervisor(db)
        entry = knowledge.save_entry(db, editor, None, ENTRY)
        (first, _name), *_ = knowledge.history(db, entry)
    browser = Browser().come_in(editor)
    with transaction() as db:
        by = db.get_one(Agent, editor.id)
        knowledge.save_entry(db, by, db.get_one(FaqEntry, entry.id), {"answer": "600円です。"})
        back = beside(lambda: browser.submit(f"/settings/faq/{entry.id}/revisions/{first.id}"))
    assert back.result(timeout=30).status_code == 303
    with reading() as db:
        row = db.get_one(FaqEntry, entry.id)
        newest, _name = knowledge.history(db, row)[0]
        assert row.answer == newest.data["answer"] == ENTRY["answer"]


def test_of_two_accounts_confirmed_for_one_chat_at_once_one_is_linked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction() as db:
        line, chat = make.channel(db, "line"), make.channel(db)
        hana = base.Person("U1", line.key)
        asked = make.identity_of(db, make.conversation(db, line, sender=hana))
        for user in ("kt-1", "kt-2"):
            account = base.Person(user, chat.key, kind="user", proof="signed")
            proved = make.identity_of(db, make.conversation(db, chat, sender=account))
            hashes = {"token_hash": linking.digest(f"t-{user}"), "nonce_hash": linking.digest(user)}
            soon = now() + timedelta(minutes=5)
            db.add(AccountLink(channel_id=line.id, identity_id=asked.id, proved_identity_id=proved.id,
                               expires_at=soon, **hashes))  # fmt: skip

    def confirm(user: str) -> None:
        with transaction() as db:
            said = base.Linked(hana, user, now())
            make.accept(db, db.get_one(Channel, line.id), said)

    began = before(monkeypatch, linked, "contradict", lambda: confirm("kt-2"))
    confirm("kt-1")
    result(began)
    with reading() as db:
        assert sorted(db.scalars(select(AccountLink.outcome))) == ["contradicts", "linked"]


def test_two_tellings_of_one_order_of_somebody_unknown_count_once_when_they_come() -> None:
    def tell(kind: str, id: str, day: int) -> None:
        with transaction() as db:
            take_in(db, touch(kind, id=id, day=day, reference="1042", amount=5000, currency="JPY"))

    with transaction() as db:
        take_in(db, touch("order.placed", id="p", reference="1042", amount=5000, currency="JPY"))
        other = beside(lambda: tell("order.shipped", "s", 1))
    other.result(timeout=30)
    with transaction() as db:
        make.conversation(db, sender=base.Person("taro@example.jp", kind="email"))
    with reading() as db:
        (tally,) = kept(db)["tallies"].values()
        assert (tally[0], kept(db)["spent"]) == (1, {("taro@example.jp", "JPY"): 5000})
        assert kept(db) == counted(db)
