"""A form of the bot in a real conversation: kept with it, across channels and hours, until a person takes over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import inbox, knowledge
from app.bot import answers
from app.bot.handing import summaries
from app.db import now
from app.knowledge import flows, versions
from app.models import (
    BotCall,
    Conversation,
    ConversationLabel,
    Customer,
    Decision,
    Label,
    Message,
    Task,
    Team,
)
from channels import base
from tests import factories as make
from tests.connectors import installed
from tests.guests import Guest

RETURN = """
[[flow]]
name = "返品のお申し込み"
language = "ja"
keywords = ["返品したい"]

[[flow.step]]
name = "order"
label = "注文番号"
ask = "ご注文番号を教えてください。"
kind = "number"
pattern = '\\d{4,6}'

[[flow.step]]
name = "reason"
label = "理由"
ask = "返品の理由をお選びください。"
kind = "choice"
choices = ["サイズ", { words = "不良品", to = "person" }]

[[flow.step]]
name = "day"
label = "発送日"
ask = "いつ発送できますか。"
kind = "date"

[flow.end]
text = "{order}の返品を承りました。"
label = "返品"
attributes = { "最後の注文" = "order" }
task = "{order}の返品を確かめる"
team = "返品チーム"
hand_over = true
"""


def published(db: Session, text: str = RETURN, **changed: Any) -> None:
    db.add(Team(name="返品チーム"))
    db.flush()
    (data,) = flows.from_toml(db, text)
    data["ending"] |= changed
    flows.save_flow(db, None, None, data)
    versions.publish_all(db)


def bot_words(db: Session) -> list[str]:
    return list(db.scalars(select(Message.text).filter_by(author="bot").order_by(Message.id)))


def head(db: Session) -> Conversation:
    return db.scalars(select(Conversation)).first()  # type: ignore[return-value]


def test_a_form_is_gone_through_and_what_the_shop_wants_is_done(db: Session) -> None:
    published(db)
    channel = make.channel(db, bot=True)
    for text in ("返品したい", "5512です", "サイズ", "いや、5512じゃなくて5521", "明日", "はい"):
        make.customer_says(db, channel, text)
    said = bot_words(db)
    assert said[:3] == [
        "ご注文番号を教えてください。",
        "返品の理由をお選びください。",
        "いつ発送できますか。",
    ]
    assert said[3] == "注文番号を「5521」に直しました。\nいつ発送できますか。"
    assert said[5].startswith("5521の返品を承りました。")
    thread = head(db)
    team = db.scalars(select(Team)).one()
    assert (thread.owner, thread.team_id, thread.bot_flow) == ("human", team.id, {})
    assert db.scalars(select(Label.name).join(ConversationLabel)).all() == ["返品"]
    assert db.get_one(Customer, thread.customer_id).attributes["最後の注文"]["value"] == "5521"
    task = db.scalars(select(Task)).one()
    assert (task.text, task.team_id) == ("5521の返品を確かめる", team.id)
    last = db.scalars(select(Decision).order_by(Decision.id.desc())).first()
    assert last is not None
    assert [one["shown"] for one in last.detail["collected"]][:2] == ["5521", "サイズ"]


def test_it_goes_on_after_hours_and_on_another_channel_once_both_are_one_person(db: Session) -> None:
    published(db)
    agent = make.agent(db)
    begun, other = make.channel(db, bot=True), make.channel(db, bot=True)
    make.customer_says(db, begun, "返品したい", "a")
    make.customer_says(db, begun, "5512", "a")
    first = head(db)
    later = make.customer_says(db, other, "こんにちは", "b")
    second = db.get_one(Conversation, later.conversation_id)
    inbox.link(
        db,
        db.get_one(Customer, second.customer_id),
        db.get_one(Customer, first.customer_id),
        agent=agent,
        evidence={},
    )
    with time_machine.travel(now() + timedelta(hours=5), tick=False):
        make.customer_says(db, other, "サイズ", "b")
    assert bot_words(db)[-1] == "先ほどの続きからご案内します。\nいつ発送できますか。"


def test_a_person_who_takes_over_ends_it(db: Session) -> None:
    published(db)
    channel, agent = make.channel(db, bot=True), make.agent(db)
    make.customer_says(db, channel, "返品したい")
    assert head(db).bot_flow["flow"]
    inbox.take_over(db, agent, head(db))
    assert head(db).bot_flow == {}
    inbox.hand_back(db, agent, head(db))
    make.customer_says(db, channel, "5512")
    assert "サイズ" not in bot_words(db)[-1]


def test_a_choice_may_lead_to_a_person_at_once(db: Session) -> None:
    published(db)
    channel = make.channel(db, bot=True)
    for text in ("返品したい", "5512", "不良品"):
        make.customer_says(db, channel, text)
    assert (head(db).owner, head(db).team_id) == ("human", db.scalars(select(Team.id)).one())


def test_an_end_that_asks_another_system_leaves_a_row_for_it(db: Session) -> None:
    published(db, hand_over=False, webhook=7, fallback="確認できませんでした。")
    channel = make.channel(db, bot=True)
    for text in ("返品したい", "5512", "サイズ", "明日", "はい"):
        make.customer_says(db, channel, text)
    call = db.scalars(select(BotCall)).one()
    assert (call.webhook_id, call.state, call.epoch) == (7, "waiting", 0)
    assert call.asked["answers"]["order"]["value"] == "5512"
    assert head(db).owner == "bot"


def test_toml_is_read_as_it_was_written(db: Session) -> None:
    published(db)
    (row,) = knowledge.all_flows(db)
    data = knowledge.stored(row)
    text = flows.to_toml(db, [data])
    assert flows.from_toml(db, text) == [data]
    assert flows.form_data(flows.typed(data)) == data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[flow", "no TOML"),
        ("a = 1", "each begins with"),
        ('[[flow]]\nname = "x"\n[flow.end]\nteam = "nobody"', "which is not there"),
        ('[[flow]]\nname = "x"\nstep = 3', "not written as"),
        ("x = " + "9" * 5000, "no TOML"),
        ("x = " + "[" * 50_000, "no TOML"),
        ("x = ['''\n\" '''', {" + "a." * 20_000 + 'a = 1, b = ""}]', "too many dots in line 2"),
        ('[[flow]]\nname = "x"\n[flow.end]\nteam = "no\\u0000body"', "“nobody”, which is not there"),
    ],
)
def test_toml_that_is_none_is_told(db: Session, text: str, words: str) -> None:
    with pytest.raises(flows.Unreadable, match=words):
        flows.from_toml(db, text)


def test_dots_in_what_the_bot_says_are_nothing_to_refuse(db: Session) -> None:
    many = "." * 60
    (data,) = flows.from_toml(db, f'# {many}\n[[flow]]\nname = "x"\n[flow.end]\ntext = "{many}"')
    assert data["ending"]["text"] == many


def test_a_form_with_no_way_out_is_not_kept(db: Session) -> None:
    published(db)
    data = knowledge.stored(knowledge.all_flows(db)[0])
    data["steps"][2]["to"] = "order"
    with pytest.raises(knowledge.Invalid) as refused:
        flows.save_flow(db, None, None, data)
    assert refused.value.problems.keys() == {"step2"}
    assert "No way out: “発送日” leads back to “注文番号”" in str(refused.value)


def test_a_rule_looks_at_where_and_to_whom_it_is_and_notes_what_it_is_told(db: Session) -> None:
    channel, other = make.channel(db, bot=True), make.channel(db, bot=True)
    about = {"name": "会員", "language": "", "keywords": ["ポイント"], "pattern": "", "enabled": True}
    told = {"text": "会員の方ですね。", "set": "関心 = ポイント", "channels": channel.key}
    knowledge.save_rule(db, make.agent(db), None, {**about, "action": "answer", "params": told})
    versions.publish_all(db)
    make.customer_says(db, channel, "ポイントは？", "a")
    make.customer_says(db, other, "ポイントは？", "b")
    assert bot_words(db).count("会員の方ですね。") == 1
    noted = [one.attributes for one in db.scalars(select(Customer).order_by(Customer.id))]
    assert [one.get("関心", {}).get("value") for one in noted] == ["ポイント", None]


def test_from_the_chat_of_the_site_to_another_channel_with_a_correction(
    db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the widget's own frames; then the customer goes on from the messenger that the chat's code brought in."""
    published(db)
    with installed(monkeypatch, push=True):
        messenger = make.channel(db, "post", name="LINE", bot=True)
        guest = Guest(db, make.channel(db, bot=True), page={"url": "https://shop.example.jp/cart"})
        guest.send("返品したいのですが", "m1")
        guest.send("5512", "m2")
        code = str(guest.say("code")["code"])
        phone = base.Person("U1", name="太郎")
        make.customer_says(db, messenger, code, phone)
        for text in ("いや、5512じゃなくて5521", "サイズ", "3月3日", "はい"):
            make.customer_says(db, messenger, text, phone)
        said = [text for text in bot_words(db) if "カート" not in text]
    assert "注文番号を「5521」に直しました。\n返品の理由をお選びください。" in said
    assert said[-1].startswith("5521の返品を承りました。")
    decided = db.scalars(select(Decision).order_by(Decision.id.desc())).first()
    assert decided is not None
    assert {one["name"]: one["value"] for one in decided.detail["collected"]}["order"] == "5521"


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)
PHOTOS = """
[[flow]]
name = "不良品のご連絡"
language = "ja"
keywords = ["壊れて"]

[[flow.step]]
name = "photo"
label = "写真"
ask = "壊れた所の写真をお送りください。"
kind = "photo"
optional = true

[[flow.step]]
name = "order"
label = "注文番号"
ask = "ご注文番号を教えてください。"
kind = "number"

[flow.end]
confirm = false
text = "写真（{photo}）を拝見します。"
team = "返品チーム"
hand_over = true
"""


def sent(db: Session, channel: Any, name: str, data: bytes, text: str = "") -> Message:
    files = (base.Attachment(name, "image/png", data=data),)
    return make.customer_says(db, channel, text, attachments=files)


def test_photos_in_several_messages_are_one_answer_and_stand_in_the_summary(db: Session) -> None:
    published(db, PHOTOS)
    chat = make.channel(db, bot=True, bot_pause=3)
    make.customer_says(db, chat, "届いたら壊れていました。どうすればいいですか")
    sent(db, chat, "notes.txt", b"plain words")
    answers.catch_up(db, now() + timedelta(minutes=1))
    assert bot_words(db)[-1].startswith("恐れ入りますが、写真")
    photos = [sent(db, chat, f"{n}.png", PNG) for n in range(2)]
    assert len(bot_words(db)) == 2
    answers.catch_up(db, now() + timedelta(minutes=1))
    assert bot_words(db)[-1] == "ご注文番号を教えてください。"
    make.customer_says(db, chat, "5521")
    assert bot_words(db)[-1].startswith("写真（写真2枚）を拝見します。")
    decided = db.scalars(select(Decision).order_by(Decision.id.desc())).first()
    assert decided is not None
    (summary,) = summaries(db, {1: [decided.id]}).values()
    assert summary.collected == (("写真", "写真2枚"), ("注文番号", "5521"))
    assert [one.message_id for one in summary.files["写真"]] == [one.id for one in photos]


def test_photos_may_be_skipped_where_the_shop_lets_them(db: Session) -> None:
    published(db, PHOTOS)
    chat = make.channel(db, bot=True)
    make.customer_says(db, chat, "壊れていました")
    make.customer_says(db, chat, "スキップ")
    assert bot_words(db)[-1] == "ご注文番号を教えてください。"
