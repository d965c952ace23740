"""A list of people in a CSV file: which encoding, which columns mean what, and which rows cannot be read."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.tables import Unreadable, decode, rows_of
from app.tables.delimited import delimiter_of
from app.text import clean, fold

Told = dict[str, str | Sequence[str]]

_SEVERAL = {"email", "phone", "external_id"}  # fields a person may have more than one of
_JOINED = {"address", "kana", "given_name"}  # fields that lists tell in several columns, in this order

# Names of columns, without case, width, spaces and marks. Of the names of ids, the first that a list has is its id.
_IDS = (
    *("id", "recid", "recordid", "rowid", "uniqueid", "customerid", "personid", "patientid", "no"),
    *("顧客id", "顧客番号", "顧客コード", "会員番号", "会員id", "番号", "管理番号", "レコードid"),
)
_NAMES = {
    "name": """name fullname customername personname displayname
        氏名 名前 お名前 顧客名 お客様名 会員名 漢字氏名 氏名漢字""",
    "given_name": "givenname firstname fname forename christianname middlename 名 下の名前 名漢字",
    "surname": "surname lastname lname familyname 姓 名字 苗字 姓漢字",
    "kana": """kana namekana kananame furigana yomi フリガナ 氏名カナ カナ氏名 カナ 名前カナ ヨミ 読み 読み仮名 よみがな
        surnamekana lastnamekana 姓カナ セイ givennamekana firstnamekana 名カナ メイ""",
    "email": "email mail emailaddress mailaddress email1 email2 メール メールアドレス eメール 電子メール",
    "phone": """phone phonenumber phone1 phone2 telephone tel mobile cell cellphone mobilephone homephone workphone
        電話 電話番号 携帯 携帯電話 携帯番号 携帯電話番号 連絡先 発信者番号 お客様電話番号""",
    "address": """streetnumber housenumber street streetname streetaddress address addr address1 addressline1
        address2 addressline2 住所 住所1 住所2 番地 町名番地 建物名""",
    "city": "city suburb town locality municipality 市区町村",
    "state": "state province prefecture region county 都道府県",
    "postcode": "postcode postalcode zip zipcode 郵便番号 〒 郵便",
    "date_of_birth": "dateofbirth dob birthdate birthday birth 生年月日 誕生日",
    "external_id": """externalid socsecid ssn socialsecuritynumber nationalid cardnumber cardno loyaltycard memberno
        membernumber カード番号 会員カード番号 ポイントカード番号 会員証番号""",
}
COLUMNS = {fold(synonym): name for name, synonyms in _NAMES.items() for synonym in synonyms.split()}


@dataclass(slots=True)
class Sheet:
    """A list read: rows as (id, what is told), and what there is to say about it."""

    rows: list[tuple[str, Told]] = field(default_factory=list)
    encoding: str = ""
    ignored: list[str] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)  # line, sentence


def read(raw: bytes) -> Sheet:
    """The list in a file. Raises :class:`Unreadable` with a sentence where there is none, or where ids are not unique.

    A row that cannot be read is among the problems of what is returned, with its line.
    """
    text, encoding = decode(raw)
    sheet = Sheet(encoding=encoding)
    if not text.strip("\ufeff\x00 \r\n\t"):
        raise Unreadable("The file is empty.")
    rows = _cells(text, sheet.problems)
    line, header = next(rows, (1, []))
    id_at, columns = _columns(header, sheet)
    lines: dict[str, int] = {}
    for line, cells in rows:
        told = _told(line, cells, header, id_at, columns, sheet.problems)
        if told is None:
            continue
        if told[0] in lines:
            raise Unreadable(
                f"The id “{told[0]}” stands in line {lines[told[0]]} and again in line {line}; each row needs its own."
            )
        lines[told[0]] = line
        sheet.rows.append(told)
    return sheet


def _cells(text: str, problems: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line it begins in; what is none is among the problems."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for row in rows_of(io.StringIO(text, newline=""), delimiter_of([first])):
        if row.problem is None:
            yield row.line, row.cells
        else:
            problems.append((row.line, str(row.problem)))


def _columns(header: list[str], sheet: Sheet) -> tuple[int, list[tuple[int, str]]]:
    """Where the id stands, and which columns are which field."""
    names = [_bare(cell) for cell in header]
    found_ids = [names.index(name) for name in map(fold, _IDS) if name in names]
    if not found_ids:
        shown = ", ".join(clean(cell).strip()[:20] or "(empty)" for cell in header[:8])
        raise Unreadable(f"There is no column “id”. The first row has to name the columns; it says: {shown}")
    columns = [(at, COLUMNS[name]) for at, name in enumerate(names) if at != found_ids[0] and name in COLUMNS]
    known = {at for at, _ in columns}
    sheet.ignored = [
        clean(cell).strip() or f"column {at + 1}"
        for at, cell in enumerate(header)
        if at != found_ids[0] and at not in known
    ]
    if not columns:
        raise Unreadable(
            "Of the columns there, none is known: there has to be a name, mail address, phone number or the like."
        )
    return found_ids[0], columns


def field_of(column: str) -> str | None:
    """The field of a record that a column, or an attribute of a customer, of this name tells; None if it is none."""
    return COLUMNS.get(_bare(column))


def _bare(name: str) -> str:
    return "".join(re.findall(r"[^\W_]+|〒", fold(name)))


def _told(
    line: int,
    cells: list[str],
    header: list[str],
    id_at: int,
    columns: list[tuple[int, str]],
    problems: list[tuple[int, str]],
) -> tuple[str, Told] | None:
    if any(cell.strip() for cell in cells[len(header) :]):
        problems.append((line, f"{len(cells)} cells where the header has {len(header)}; left out"))
        return None
    id = clean(cells[id_at]).strip() if id_at < len(cells) else ""
    if not id:
        problems.append((line, "no id; left out"))
        return None
    if len(cells) < len(header):
        problems.append(
            (line, f"only {len(cells)} cells where the header has {len(header)}; the rest is taken as empty")
        )
    values: dict[str, list[str]] = {}
    for at, name in columns:
        if at < len(cells) and (cell := clean(cells[at]).strip()):
            values.setdefault(name, []).append(cell)
    return id, {name: _value(name, said) for name, said in values.items()}


def _value(name: str, said: list[str]) -> str | Sequence[str]:
    if name in _SEVERAL:
        return said
    return " ".join(said) if name in _JOINED else said[0]
