"""Who may be the same person: found by index, scored, with reasons; never against what is proved."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import customers, inbox, matching, search, suggestions
from app.matching import forms
from app.models import Customer
from app.models.customer import CLAIMED, CODE, DEVICE, SIGNED
from channels.base import Person
from tests import factories as make
from tests.statements import recorded


def person(
    db: Session, name: str, *addresses: tuple[str, str, str], proof: int = CODE, **told: Any
) -> Customer:
    """A customer at these addresses, of whom an agent noted `told`."""
    first = customers.identify(db, customers.Contact(addresses[0], name=name, proof=proof))
    customer = db.get_one(Customer, first.customer_id)
    for kind, scope, address in addresses[1:]:
        assert customers.add_identity(db, customer, kind, scope, address, proof)
    customer.name_kana = told.pop("kana", "")
    customers.describe(db, customer, told, proved=False)
    search.index_customer(db, customer)
    return customer


def suggested(db: Session, customer: Customer) -> dict[str, list[str]]:
    """Who is suggested, by name, with the codes of the reasons."""
    return {
        each.customer.name: [reason.code for reason in each.reasons]
        for each in suggestions.for_customer(db, customer)
    }


def test_the_same_number_and_a_name_that_sounds_the_same_suggest_one_another(db: Session) -> None:
    mail = person(db, "Taro Yamada", ("email", "", "taro@example.jp"), phone="090-1234-5678")
    call = person(db, "山田太郎", ("phone", "", "+819012345678"), kana="ヤマダ タロウ")
    person(db, "鈴木花子", ("phone", "", "+819099999999"))
    (found,) = suggestions.for_customer(db, mail)
    assert (found.customer, found.score > 0.9) == (call, True)
    assert [reason.code for reason in found.reasons] == ["same_phone", "names_sound_same"]
    assert [matching.told("ja", each) for each in found.reasons] == [
        "電話番号が同じ：+819012345678",
        "氏名の読みが同じ：Taro Yamada／山田太郎",
    ]
    assert suggested(db, call) == {"Taro Yamada": ["same_phone", "names_sound_same"]}


def test_a_number_in_a_signature_leads_to_who_has_it_from_either_side(db: Session) -> None:
    to = make.channel(db, "api")
    said = make.customer_says(
        db,
        to,
        "返品したいです。\n--\n渡邉 健一\nTEL ０９０－８７６５－４３２１",
        Person("u-1", name="渡邉 健一"),
    )
    writer = db.get_one(Customer, make.thread_of(db, said).customer_id)
    caller = person(db, "渡辺健一", ("phone", "", "+819087654321"))
    assert suggested(db, writer) == {"渡辺健一": ["wrote_phone", "same_name"]}
    assert suggested(db, caller) == {"渡邉 健一": ["wrote_phone", "same_name"]}


def test_a_card_number_noted_here_and_kept_there_is_a_reason(db: Session) -> None:
    web = person(db, "佐藤 美咲", ("webchat", "w", "visitor-77"), proof=DEVICE, 会員カード番号="KT-0098-1234")
    shop = person(db, "サトウ ミサキ", ("card", "", "KT-0098-1234"))
    assert suggested(db, web)["サトウ ミサキ"][0] == "same_card"
    assert suggested(db, shop)["佐藤 美咲"][0] == "same_card"


def test_family_at_one_number_is_told_apart(db: Session) -> None:
    father = person(
        db, "山田太郎", ("email", "", "taro@example.jp"), phone="03-1234-5678", birthday="1960-01-02"
    )
    person(db, "山田花子", ("email", "", "hanako@example.jp"), phone="03-1234-5678", birthday="1992-03-04")
    assert suggested(db, father) == {}


def test_who_only_has_the_same_common_name_is_not_suggested(db: Session) -> None:
    one = person(db, "佐藤健", ("email", "", "ken1@example.jp"))
    person(db, "佐藤 健", ("email", "", "other@example.com"))
    assert suggested(db, one) == {}


def test_two_proved_accounts_or_a_hand_that_took_them_apart_are_never_suggested(db: Session) -> None:
    agent = make.agent(db)
    one = person(db, "高橋一郎", ("webchat", "shop", "member-1"), proof=SIGNED, phone="090-1111-2222")
    other = person(db, "髙橋 一郎", ("webchat", "shop", "member-2"), proof=SIGNED, phone="090-1111-2222")
    assert suggested(db, one) == {}
    third = person(db, "髙橋一郎様", ("email", "", "ichiro@example.jp"), proof=CLAIMED, phone="09011112222")
    assert set(suggested(db, one)) == {"髙橋一郎様"}
    linked = inbox.link(db, third, one, agent=agent, evidence={})
    assert linked is not None
    assert suggested(db, one) == {}
    assert suggested(db, other) == {}, "the account of the one is the third's now"
    inbox.unlink(db, linked, agent=agent)
    assert suggested(db, one) == {}
    assert set(suggested(db, other)) == {"髙橋一郎様"}


def test_who_withholds_their_number_is_like_nobody(db: Session) -> None:
    one = person(db, "", ("api", "k", "call-000001"), phone="非通知")
    person(db, "", ("api", "k", "call-000002"), phone="非通知")
    assert suggested(db, one) == {}


def test_a_customer_of_whom_nothing_is_known_has_no_suggestions(db: Session) -> None:
    assert suggested(db, person(db, "", ("webchat", "w", "visitor-000001"), proof=DEVICE)) == {}


def test_of_many_who_are_alike_only_the_likeliest_few_are_suggested(db: Session) -> None:
    one = person(db, "鷲尾 汀", ("email", "", "nagisa@example.jp"), phone="090-1234-5678")
    for n in range(suggestions.LOOKED_AT + 5):
        person(db, "鷲尾汀", ("api", "k", f"member-{n:06}"), phone="090-1234-5678")
    found = suggestions.for_customer(db, one)
    assert len(found) == suggestions.MOST
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


def test_two_who_wrote_the_same_number_are_compared_by_what_is_their_own(db: Session) -> None:
    to = make.channel(db, "api")
    shop = "お店の番号 03-5555-1234 に電話しました"
    one, other = (
        db.get_one(
            Customer, make.thread_of(db, make.customer_says(db, to, shop, Person(f"u-{n}"))).customer_id
        )
        for n in range(2)
    )
    assert suggested(db, one) == suggested(db, other) == {}


def test_an_address_is_read_out_of_a_japanese_sentence(db: Session) -> None:
    said = make.customer_says(
        db, make.channel(db, "api"), "メールはtaro@example.jpです", Person("u-1", name="山田")
    )
    writer = db.get_one(Customer, make.thread_of(db, said).customer_id)
    person(db, "山田", ("email", "", "taro@example.jp"))
    assert suggested(db, writer) == {"山田": ["wrote_email", "same_name"]}


def test_of_messages_full_of_numbers_the_last_are_looked_at(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, real = make.channel(db, "api"), forms.phone
    looked: list[str] = []

    def phone(written: str) -> str:
        looked.append(written)
        return real(written)

    monkeypatch.setattr(forms, "phone", phone)
    for n in range(6):
        orders = "\n".join(f"1234{n}{line:04}" for line in range(500))
        text = f"{orders}\n090-1234-5678" if n == 5 else orders
        said = make.customer_says(db, channel, text, Person("u-1", name="鷲尾"))
    writer = db.get_one(Customer, make.thread_of(db, said).customer_id)
    person(db, "鷲尾", ("phone", "", "+819012345678"))
    looked.clear()
    assert suggested(db, writer) == {"鷲尾": ["wrote_phone", "same_name"]}
    assert len(looked) < suggestions.ALL_LOOKED_LIKE + 20


def test_who_forwards_a_list_of_guests_costs_no_more_than_who_names_a_few(db: Session) -> None:
    channel, cost = make.channel(db, "api"), []
    for who, many in (("u-1", suggestions.MOST_WRITTEN), ("u-2", 500)):
        text = "\n".join(f"{who}.{number}@example.jp" for number in range(many))
        said = make.customer_says(db, channel, text, Person(who, name=who))
        writer = db.get_one(Customer, make.thread_of(db, said).customer_id)
        with recorded() as statements:
            suggestions.for_customer(db, writer)
        cost.append(len(statements))
    assert cost[1] < cost[0] + suggestions.MOST_WRITTEN
