"""Lists of orders, visits and points in files: which columns mean what, and what a row tells."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision

from app.calllog.values import moment
from app.models.touchpoint import KINDS, SALES
from app.tables import Row, Unreadable, unguarded
from app.text import clean, fold
from channels.base import Person, Touch

_NAMES = {
    "id": """id externalid eventid touchpointid 外部id イベントid 取引id 取引番号 伝票番号 レシート番号 明細番号
        管理番号""",
    "kind": "kind type event eventtype 種別 種類 区分 イベント 行動 取引区分 ステータス",
    "at": """at date datetime time timestamp orderdate orderedat purchasedate createdat visitdate 日時 日付 年月日
        注文日 注文日時 受注日 受注日時 購入日 購入日時 来店日 来店日時 取引日 取引日時 発生日 発生日時 利用日""",
    "email": "email mail emailaddress mailaddress customeremail メール メールアドレス eメール 電子メール",
    "phone": "phone phonenumber tel telephone mobile 電話 電話番号 携帯 携帯電話 携帯番号 連絡先 お客様電話番号",
    "card": "card cardnumber cardno loyaltycard カード番号 会員カード番号 ポイントカード番号 会員証番号",
    "crm": "crm crmid customerid customernumber memberid userid 顧客id 顧客番号 顧客コード 会員id 会員番号 お客様番号",
    "name": "name customername fullname 氏名 名前 お名前 顧客名 お客様名 会員名",
    "title": "title item items product productname description 商品 商品名 品名 内容 件名 摘要 備考",
    "store": "store shop storename branch 店舗 店舗名 店名 購入店舗 来店店舗",
    "reference": "reference ordernumber orderno orderid 注文番号 受注番号 オーダー番号 注文id",
    "amount": """amount total totalprice totalamount price sum 金額 合計 合計金額 購入金額 注文金額 請求金額 支払金額
        売上 売上金額""",
    "currency": "currency 通貨 通貨コード",
    "points": "points point earnedpoints ポイント ポイント数 獲得ポイント 付与ポイント 利用ポイント",
}
_WORDS = {
    "order.placed": "order ordered placed purchase purchased sale sold paid 注文 受注 購入 売上 注文確定 決済 入金済み",
    "order.shipped": "shipped shipment fulfilled delivered 発送 出荷 発送済み 出荷済み 発送済 出荷済 配達完了",
    "order.returned": "return returned refund refunded 返品 返金 返品済み 返金済み",
    "order.cancelled": "cancel cancelled canceled void 取消 取り消し キャンセル キャンセル済み",
    "visit": "visit visited store checkin 来店 来場 入店 ご来店",
    "points.earned": "earn earned points ポイント付与 ポイント獲得 付与 獲得",
    "points.used": "use used redeem redeemed ポイント利用 ポイント使用 利用 使用",
    "page.viewed": "view viewed pageview 閲覧 ページ閲覧",
    "campaign.received": "campaign mailing 配信 キャンペーン メルマガ DM",
    "consent.given": "consent optin subscribe 同意 配信許可",
    "consent.withdrawn": "optout unsubscribe 配信停止 同意取消",
    "custom": "custom other その他",
}
FIELDS = tuple(_NAMES)
ADDRESSES = ("crm", "card", "email", "phone")  # the surer first


def _bare(name: str) -> str:
    return "".join(re.findall(r"[^\W_]+", fold(name)))


COLUMNS = {_bare(word): name for name, words in _NAMES.items() for word in words.split()}
SAID = {_bare(word): kind for kind, words in _WORDS.items() for word in words.split()} | {
    _bare(kind): kind for kind in KINDS
}


def known(header: Sequence[str]) -> int:
    """How many of these names of columns are understood."""
    return len(columns(header))


def columns(header: Sequence[str]) -> dict[str, int]:
    """Field → where it stands; of two columns for one field the first."""
    found: dict[str, int] = {}
    for at, name in enumerate(header):
        field = COLUMNS.get(_bare(name))
        if field is not None:
            found.setdefault(field, at)
    return found


def problem_of(places: Mapping[str, int], kind: str) -> str:
    """Why a file with these columns is no list of touchpoints; "" where it is one."""
    if not places.keys() & set(ADDRESSES):
        return "No column names the customer: there has to be a mail address, phone, card or customer number."
    if "kind" not in places and not kind:
        return "No column says what the rows are. Say what they all are, such as order.placed or visit."
    return ""


def touch(
    row: Row, places: Mapping[str, int], *, kind: str, currency: str, zone: tzinfo, create: bool
) -> Touch:
    """What a row tells. Raises :class:`Unreadable`."""
    if row.problem is not None:
        raise row.problem
    told = {field: _cell(row, at) for field, at in places.items()}
    people = tuple(
        Person(told[one], kind=one, name=told.get("name", "")[:200]) for one in ADDRESSES if told.get(one)
    )
    if not people:
        raise Unreadable("It names nobody whose it could be.")
    sort = _kind(told.get("kind", "")) or kind
    if not sort:
        raise Unreadable("“%(cell)s” is no kind of touchpoint.", cell=told.get("kind", "")[:40])
    code = currency_of(told.get("currency") or currency) if told.get("amount") else ""
    amount = _amount(told.get("amount", ""), code, sort)
    return Touch(
        external_id=_id(told, sort, row),
        kind=sort,
        people=people,
        at=_at(told.get("at", ""), zone),
        title=told.get("title") or told.get("store", ""),
        reference=told.get("reference", ""),
        amount=amount,
        currency=code,
        points=_points(told.get("points", "")),
        data={"store": told["store"]} if told.get("store") else {},
        create=create,
    )


def _cell(row: Row, at: int) -> str:
    """As it was, also where it comes back from the CSV of problems."""
    return unguarded(clean(row.cells[at]).strip()) if at < len(row.cells) else ""


def _kind(said: str) -> str:
    return SAID.get(_bare(said), "") if said else ""


def _id(told: Mapping[str, str], kind: str, row: Row) -> str:
    """Its own id; else the number of the order it is about; else what the whole row says."""
    if told.get("id"):
        return told["id"]
    if told.get("reference"):
        return f"{kind.partition('.')[0]}:{told['reference']}"
    said = "\x1f".join(cell.strip() for cell in row.cells)
    return f"row:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _at(cell: str, zone: tzinfo) -> datetime | None:
    return moment(cell, zone) if cell else None


def currency_of(said: str) -> str:
    """Its three letters (ISO 4217), also where it is said by its sign. Raises :class:`Unreadable`."""
    code = unicodedata.normalize("NFKC", said).strip().upper()
    code = _SIGNS.get(code, code)
    if not re.fullmatch("[A-Z]{3}", code):
        raise Unreadable("“%(cell)s” is no currency. Write it like JPY.", cell=said[:40])
    return code


_SIGNS = {"円": "JPY", "日本円": "JPY", "YEN": "JPY", "¥": "JPY", "$": "USD", "€": "EUR", "£": "GBP"}
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r",(?!\d{3}(?:\D|$)|\d\d,)")  # "25,80"; not "1,234", nor "1,50,000" as in India


def _number(cell: str) -> Decimal:
    said = unicodedata.normalize("NFKC", cell).translate({ord(sign): None for sign in "¥￥$€£円 '"})
    text = re.sub(r"(?i)^(?:jpy|usd|eur|gbp)|(?:jpy|usd|eur|gbp|pt|ポイント|p)$", "", said.replace(",", ""))
    text = re.sub(
        r"^(?:[△▲−](?=\d)(.*)|\(([\d.]+)\))$", r"-\1\2", text
    )  # as accountants write what is taken off
    if _DECIMAL_COMMA.search(said) or not _NUMBER.fullmatch(text):
        raise Unreadable("“%(cell)s” is no number.", cell=cell[:40])
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Unreadable("“%(cell)s” is no number.", cell=cell[:40]) from error


def _amount(cell: str, currency: str, kind: str) -> int | None:
    """In the smallest unit; a negative one, as lists have it for what was returned, without its sign. As the price of
    an order it would add what it should take off."""
    if not cell:
        return None
    minor = _number(cell).scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value() or (minor < 0 and kind in SALES):
        raise Unreadable("“%(cell)s” is no amount of %(currency)s.", cell=cell[:40], currency=currency)
    return abs(int(minor))


def _points(cell: str) -> int | None:
    points = _number(cell) if cell else None
    if points is not None and points != points.to_integral_value():
        raise Unreadable("“%(cell)s” is no whole number.", cell=cell[:40])
    return None if points is None else int(points)
