"""Forms, and talking to the bot that has them."""

from __future__ import annotations

from datetime import date

from bots import (
    Book,
    Choice,
    Decision,
    Ending,
    Entry,
    Flow,
    Question,
    Situation,
    Step,
    decide,
)

SUNDAY = date(2026, 11, 22)
RETURN = Flow(
    1,
    "返品",
    "ja",
    ("返品したい",),
    (
        Step("order", "注文番号", "ご注文番号を教えてください。", "number", r"\d{4,6}"),
        Step("item", "商品", "どの商品でしょうか。"),
        Step(
            "reason",
            "理由",
            "返品の理由をお選びください。",
            "choice",
            choices=(Choice("サイズが合わない"), Choice("イメージと違う"), Choice("不良品", to="damage")),
            to="day",
        ),
        Step("damage", "状態", "どのような不具合でしょうか。"),
        Step("day", "発送日", "いつ発送できますか。", "date", ahead=True),
        Step("mail", "メール", "メールアドレスを教えてください。", "email", optional=True),
    ),
    Ending(
        text="{order}の返品を{day}に承りました。",
        label="返品",
        attributes={"メール": "mail"},
        task="{order}の返品を確認する",
        team=3,
        hand_over=True,
    ),
)
ORDER = Flow(
    2,
    "Where is it",
    "en",
    ("where is my order",),
    (
        Step("order", "Order number", "What is your order number?", "number", r"\d{4}"),
        Step("phone", "Phone", "Which phone number did you give us?", "phone"),
    ),
    Ending(confirm=False, webhook=9),
)
FEE = Entry(1, "送料", "ja", ("送料はいくらですか", "送料について"), "600円です。")
BOOK = Book([FEE], flows=[RETURN, ORDER])
REPAIR = Flow(
    3,
    "修理",
    "ja",
    ("修理の申し込み",),
    (
        Step("count", "個数", "何個ですか。", "number"),
        Step("bought", "購入日", "いつ購入されましたか。", "date"),
        Step("time", "希望時間", "何時がよいですか。", "time"),
        Step("colour", "色", "色は？", "choice", choices=(Choice("赤"), Choice("青"))),
        Step("fault", "状態", "どのような状態ですか。"),
    ),
    Ending(text="ok"),
)
FIX = Flow(
    4,
    "Repair",
    "en",
    ("start a repair",),
    (
        Step("item", "Item", "Which item?"),
        Step("count", "Quantity", "How many?", "number"),
        Step("bought", "Bought on", "When did you buy it?", "date"),
        Step("fit", "Reason", "Why?", "choice", choices=(Choice("It does not fit"), Choice("Damaged"))),
        Step("fault", "Damage", "What is wrong with it?"),
    ),
    Ending(text="ok"),
)
VISIT = Flow(
    5,
    "来店",
    "ja",
    ("来店の予約",),
    (
        Step("day", "ご来店日", "いつお越しになりますか。", "date", ahead=True),
        Step("time", "お時間", "何時ごろお越しになりますか。", "time"),
        Step("people", "人数", "何名様ですか。", "number"),
        Step(
            "wish", "ご用件", "どのようなご用件ですか。", "choice", choices=(Choice("試着"), Choice("お直し"))
        ),
    ),
    Ending(text="ok"),
)
REPAIRS = Book([FEE], flows=[REPAIR, FIX, VISIT])
TO_TIME = ("来店の予約", "27日")
TO_COUNT = (*TO_TIME, "15時")
TO_WISH = (*TO_COUNT, "2名")
TO_DAY = ("返品したい", "5512", "コート", "サイズが合わない")


def talk(*said: str, book: Book = BOOK, language: str = "ja") -> Decision:
    """The bot's last words after all of these."""
    flow, decision = None, None
    for text in said:
        decision = decide(Question(text, language, situation=Situation(on=SUNDAY), flow=flow), book)
        flow = decision.flow
    assert decision is not None
    return decision


def answers(decision: Decision) -> dict[str, str]:
    return {one.name: one.value for one in decision.collected}
