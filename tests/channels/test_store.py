"""A store: what its till may tell, and the numbers that are kept of nobody's payment card."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from app import timetable
from channels import store
from channels.base import ChannelError, Context, Inbound, Outbound
from channels.forms import read_settings
from channels.masking import mask_cards
from tests.channels.cases import HTTP, SOMEBODY
from tests.channels.servers import serving

HELP = Path(__file__).parents[2] / "app" / "help"
SHOP = store.Store(store.StoreSettings(secret="a-shared-secret-of-the-store"), HTTP, Context("k1"))


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_example_of_the_help_is_understood(locale: str) -> None:
    assert shutil.which("openssl")
    assert shutil.which("curl")
    (script,) = re.findall(r"```bash\n(.*?)```", (HELP / locale / "counter.md").read_text("utf-8"), re.S)
    with serving() as server:
        script = script.replace("https://desk.example.jp/hooks/k1", server.url)
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True, timeout=30)
    SHOP.verify(server.seen[0])
    (event,) = SHOP.parse(server.seen[0])
    assert isinstance(event, Inbound)
    assert (event.kind, event.sender.kind, event.sender.proof) == ("store", "card", "signed")


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_help_names_every_field(locale: str) -> None:
    page = (HELP / locale / "counter.md").read_text("utf-8")
    source = Path(store.__file__).read_text("utf-8")
    fields = {*re.findall(r'(?:words|when)\((?:data|told), "(\w+)"', source), *store.PARTS}
    assert [word for word in sorted(fields) if f"`{word}`" not in page] == []


def test_nothing_is_sent_to_a_store() -> None:
    with pytest.raises(ChannelError, match="Nobody can be written to at a store"):
        SHOP.send(Outbound("k", SOMEBODY, "こんにちは"))


def test_two_visitors_of_whom_nothing_is_known_are_never_one() -> None:
    one, other = (store.visit(id, store.nobody(id, "k1"), {"asked": "傘"}) for id in ("v1", "v2"))
    assert one.sender.address != other.sender.address


@pytest.mark.parametrize(
    ("parts", "sort"),
    [
        ({"asked": "傘はありますか"}, ""),
        ({"asked": "傘はありますか", "promised": "調べます"}, ""),
        ({"asked": "傘はありますか", "answered": "2階です"}, "visited"),
        ({"promised": "取り置き"}, "visited"),
    ],
)
def test_only_a_question_without_an_answer_asks_anything_of_the_office(
    parts: dict[str, str], sort: str
) -> None:
    assert store.visit("v1", store.nobody("v1", "k1"), parts).sort == sort


@pytest.mark.parametrize(
    ("hours", "good"),
    [
        ("10:00-19:00", True),
        ("10:00〜12:00、13:00〜18:30", True),
        ("休み", True),
        ("", True),
        ("朝から", False),
        ("10-19", True),
        ("10時-19時半", True),
        ("休業", True),
        ("18:00-26:00", True),
        ("20:00-30:00", False),
        ("24:30-25:00", False),
        ("10:00-14:00,13:00-19:00", False),
        ("02:00-27:00", False),
    ],
)
def test_its_opening_hours_are_asked_for_again_where_they_cannot_be_read(hours: str, good: bool) -> None:
    assert ("mon" in read_settings("store", {"mon": hours}).errors) is not good
    with nullcontext() if good else pytest.raises(timetable.Unclear):
        timetable.read_ranges(hours)  # as the counter reads them


# --- payment cards: numbers for tests as their networks publish them ------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "４１１１ １１１１ １１１１ １１１１",
        "5555555555554444",
        "378282246310005",
        "30569309025904",
        "3530111333300000",
        "6011111111111117",
        "6212345678901232",
    ],
)
def test_of_a_payment_card_only_the_end_is_kept(number: str) -> None:
    text, count = mask_cards(f"お支払いは{number}です")
    end = "".join(str(int(one)) for one in number if one.isdigit())[-4:]
    assert (text, count) == (f"お支払いは•••• {end}です", 1)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the last digit proves nothing
        "JAN 4901234567894",
        "4512345678906",
        "090-1234-5678",
        "注文番号 20261122-0001-0002",
        "9111111111111111",
        "41111111111111111111111",
    ],
)
def test_what_is_no_payment_card_stays(text: str) -> None:
    assert mask_cards(text) == (text, 0)


def test_several_are_found_in_one_text() -> None:
    text, count = mask_cards("4111111111111111 と 5555555555554444")
    assert (text, count) == ("•••• 1111 と •••• 4444", 2)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("4111 1111 1111 1111 12/28", "•••• 1111 12/28"),
        ("4111111111111111 12/28", "•••• 1111 12/28"),
        ("4111-1111-1111-1111 123", "•••• 1111 123"),
        ("2026 4111 1111 1111 1111", "2026 •••• 1111"),
        ("3782 822463 10005 1234", "•••• 0005 1234"),
        ("5555 5555 5555 4444 03-1234-5678", "•••• 4444 03-1234-5678"),
        ("4111ー1111ー1111ー1111", "•••• 1111"),
        ("4111  1111  1111  1111", "•••• 1111"),
        ("4111  1111 1111\u30001111", "•••• 1111"),
        ("4111_1111_1111_1111", "•••• 1111"),
        ("4111\u00a01111\u00a01111\u00a01111", "•••• 1111"),
        ("カード\n4111\n1111\n1111\n1111", "カード\n•••• 1111"),
        ("4111-1111-1111- 1111", "•••• 1111"),
        ("4111-1111 -1111-1111", "•••• 1111"),
        ("4111-1111-\n1111-1111", "•••• 1111"),
    ],
)
def test_a_card_is_found_beside_its_date_and_code_and_however_it_is_typed(text: str, masked: str) -> None:
    assert mask_cards(text) == (masked, 1)


@pytest.mark.parametrize(
    "text",
    [
        "090-1234-5678 03-1234-5678",
        "注文 4901234567894 4512345678906",
        "2026-11-23 10:00 03-1234-5678",
        "伝票番号\n4703-5080-7732\n6043-0591-1296",
        "伝票番号 4703-5080-7732 6043-0591-1296",
    ],
)
def test_numbers_side_by_side_are_no_card(text: str) -> None:
    assert mask_cards(text) == (text, 0)


@pytest.mark.parametrize(
    "digits", ["4-4-4 4-4-4", "4-4-4\n4-4-4\n4-4-4", "8\n8", "3-4-4\n4-4-4", "4 4\n\n4 4\n\n4 4"]
)
def test_numbers_below_each_other_are_no_card(digits: str) -> None:
    chance = random.Random(20261123)
    for _ in range(500):
        text = re.sub(r"\d", lambda one: str(chance.randrange(10 ** int(one[0]))).zfill(int(one[0])), digits)
        assert mask_cards(text) == (text, 0)
