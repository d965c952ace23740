"""Mails as people and machines send them, made from templates: the same numbers make the same mails."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from app.bench.words import WORDS

MAILBOX = "support@bench.example"
PEOPLE = 4_000  # who write, some much more often than others
_BEGAN = datetime(2025, 1, 6, 9, tzinfo=UTC)
_NAMES_JA = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "髙橋", "齋藤")
_NAMES_EN = ("Emily Clark", "Jack Moore", "Olivia Hill", "Noah Wood", "Grace Hall")
_PDF = b"%PDF-1.4\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 2_000
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Letter:
    """What a template fills in. `number` counts the mails, `run` tells those of one run from another's."""

    run: int
    number: int
    dice: Random

    @property
    def japanese(self) -> bool:
        return self.number % 3 != 0

    @property
    def person(self) -> int:
        return int(PEOPLE * self.dice.random() ** 2)

    @property
    def id(self) -> str:
        return f"<{self.number}.{self.run}@bench.example>"

    def words(self) -> str:
        mine = [one for one in WORDS if one.isascii() is not self.japanese]
        between = "、" if self.japanese else " and "
        return between.join(self.dice.choice(mine) for _ in range(3)) + f" ({self.number})"

    def paragraphs(self, count: int) -> str:
        end = "。\n\n" if self.japanese else ".\n\n"
        return "".join(self.words() + end for _ in range(count))

    def date(self) -> str:
        return format_datetime(_BEGAN + timedelta(seconds=97 * self.number))


Template = Callable[[Letter], bytes]


def letters(count: int, run: int) -> Iterator[bytes]:
    """So many mails, the templates in turn."""
    dice = Random(4711)
    for number in range(count):
        letter = Letter(run, number, dice)
        yield TEMPLATES[number % len(TEMPLATES)](letter).replace(b"\n", b"\r\n")


def _head(letter: Letter, *more: str, subject: str = "") -> bytes:
    person = letter.person
    names = _NAMES_JA if letter.japanese else _NAMES_EN
    name = names[person % len(names)]
    lines = [
        "Received: from mx.example.jp by mail.bench.example with ESMTPS; " + letter.date(),
        "Authentication-Results: mail.bench.example; dkim=pass header.d=example.jp; dmarc=pass",
        f"Date: {letter.date()}",
        f"From: {_word(name)} <u{person}.{letter.run}@example.jp>",
        f"To: {MAILBOX}",
        f"Subject: {_word(subject or letter.words())}",
        f"Message-ID: {letter.id}",
        "MIME-Version: 1.0",
        *more,
    ]
    return "\n".join(lines).encode() + b"\n"


def _word(text: str) -> str:
    """RFC 2047, as Japanese programs have written it for thirty years."""
    if text.isascii():
        return text
    try:
        return f"=?ISO-2022-JP?B?{base64.b64encode(text.encode('iso2022_jp')).decode()}?="
    except UnicodeEncodeError:
        return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def _said(letter: Letter) -> str:
    """New words, a signature, and what is answered, quoted as the usual programs do."""
    new = letter.paragraphs(3)
    old = "".join(f"> {line}\n" for line in letter.paragraphs(6).splitlines())
    if letter.japanese:
        return (
            f"{new}-- \n北風商店 佐藤\nTEL 03-0000-0000\n\n2025年1月6日(月) 10:00 窓口 <{MAILBOX}>:\n\n{old}"
        )
    return f"{new}-- \nEmily\n\nOn Mon, 6 Jan 2025 at 10:00, Support <{MAILBOX}> wrote:\n\n{old}"


def _b64(data: bytes) -> bytes:
    return base64.encodebytes(data)


def _iso_2022_jp(letter: Letter) -> bytes:
    head = _head(letter, "Content-Type: text/plain; charset=ISO-2022-JP", "Content-Transfer-Encoding: 7bit")
    return head + b"\n" + _said(letter).encode("iso2022_jp", "replace")


def _shift_jis(letter: Letter) -> bytes:
    head = _head(letter, "Content-Type: text/plain; charset=Shift_JIS", "Content-Transfer-Encoding: base64")
    return head + b"\n" + _b64(_said(letter).encode("cp932", "replace"))


def _quoted_printable(letter: Letter) -> bytes:
    answers = f"In-Reply-To: <ours.{letter.number}.{letter.run}@bench.example>"
    kind = "Content-Type: text/plain; charset=utf-8"
    head = _head(letter, answers, kind, "Content-Transfer-Encoding: quoted-printable")
    return head + b"\n" + quopri.encodestring(_said(letter).encode())


def _html(letter: Letter) -> str:
    new = "".join(f"<p>{line}</p>" for line in letter.paragraphs(4).split("\n\n") if line)
    old = "".join(f"<div>{line}</div>" for line in letter.paragraphs(8).split("\n\n") if line)
    return (
        f'<html><head><style>p {{ margin: 0 }}</style></head><body><div style="font-family:Meiryo">{new}'
        f'<a href="https://example.jp/{letter.number}">example.jp</a>'
        '<img src="https://track.example/p.gif" width="1" height="1"><img src="cid:logo@bench"></div>'
        f'<div class="gmail_quote"><blockquote>{old}</blockquote></div></body></html>'
    )


def _parts(kind: str, *parts: tuple[str, bytes]) -> bytes:
    told = b"".join(b"--=_b\n" + head.encode() + b"\n\n" + body + b"\n" for head, body in parts)
    return f'Content-Type: {kind}; boundary="=_b"\n\n'.encode() + told + b"--=_b--\n"


def _text(letter: Letter) -> tuple[str, bytes]:
    head = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64"
    return head, _b64(_said(letter).encode())


def _markup(letter: Letter) -> tuple[str, bytes]:
    head = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64"
    return head, _b64(_html(letter).encode())


def _alternative(letter: Letter) -> bytes:
    return _head(letter) + _parts("multipart/alternative", _text(letter), _markup(letter))


def _picture(letter: Letter) -> bytes:
    head = "Content-Type: image/png\nContent-ID: <logo@bench>\nContent-Transfer-Encoding: base64"
    return _head(letter) + _parts("multipart/related", _markup(letter), (head, _b64(_PNG)))


def _attached(letter: Letter) -> bytes:
    name = f"=?UTF-8?B?{base64.b64encode(f'見積書{letter.number}.pdf'.encode()).decode()}?="
    head = f'Content-Type: application/pdf; name="{name}"\nContent-Transfer-Encoding: base64'
    file = _PDF + str(letter.number).encode()
    return _head(letter) + _parts("multipart/mixed", _text(letter), (head, _b64(file)))


def _away(letter: Letter) -> bytes:
    head = _head(letter, "Auto-Submitted: auto-replied", "Content-Type: text/plain; charset=utf-8")
    return head + b"\n" + letter.paragraphs(1).encode()


def _newsletter(letter: Letter) -> bytes:
    head = _head(
        letter, "List-Id: <news.example.jp>", "Precedence: bulk", "Content-Type: text/html; charset=utf-8"
    )
    return head + b"\n" + _html(letter).encode()


def _bounce(letter: Letter) -> bytes:
    status = (
        "Reporting-MTA: dns; mx.example.jp\n\nFinal-Recipient: rfc822; gone@example.jp\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
    )
    told = ("Content-Type: text/plain", b"The address could not be found.\n")
    report = ("Content-Type: message/delivery-status", status.encode())
    head = _head(letter, "Return-Path: <>", subject="Undelivered Mail Returned to Sender")
    return head + _parts("multipart/report; report-type=delivery-status", told, report)


TEMPLATES: tuple[Template, ...] = (
    *(_iso_2022_jp, _quoted_printable, _alternative, _shift_jis, _iso_2022_jp, _quoted_printable),
    *(_alternative, _attached, _shift_jis, _picture, _iso_2022_jp, _quoted_printable, _alternative),
    *(_away, _iso_2022_jp, _quoted_printable, _newsletter, _attached, _alternative, _bounce),
)
