"""Handing mail to a server that delivers it (SMTP submission: RFC 5321, 6409)."""

import re
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from channels.email import envelope, lines, trouble
from channels.email.account import Account
from channels.email.lines import Answer, Line
from channels.outbound import ChannelError

NOBODY = "There is nobody to send it to."
NO_ADDRESS = "This is no address that mail can be sent to."
LETTERS = "The address has letters that this mail server cannot deliver to."
TOO_LARGE = "The message is larger than the mail server takes."
FULL = "The mailbox of the recipient is full."
SENDER = "The mail server refused the sender."
RECIPIENT = "The mail server refused the recipient."
MESSAGE = "The mail server refused the message."
COME_BACK = "The mail server asks us to come back later."
AMBIGUOUS = "The line broke before the mail server said whether it has the message."
GREY = 300.0  # seconds: who puts strangers off (greylisting) wants to see five minutes pass
_LOST = (OSError, smtplib.SMTPServerDisconnected)


@dataclass(frozen=True)
class Result:
    """`refused`: recipients besides the first that the server did not take, with its words. `said`: its last words.

    `message_id`: the Message-ID the mail goes out with, where the server says that it gave it one of its own.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    message_id: str = ""


def send(
    account: Account, sender: str, recipients: Sequence[str], message: bytes, otherwise: str = ""
) -> Result:
    """Hand `message` over. It is on its way only if this returns; the first recipient decides whether it goes at all.

    An empty `sender` is for what must not be answered; `otherwise` stands in for it where the server, such as Amazon
    SES, takes no mail without a sender (RFC 3834, 3.3 lets it be an address, too). Raises `ChannelError`: permanent for
    a 5xx, passing for a 4xx and for a line that breaks before the end, `ambiguous` if it broke while the answer to all
    of it was awaited.
    """
    wanted = list(dict.fromkeys(recipients))
    if not wanted:
        raise ChannelError(NOBODY, permanent=True)
    with trouble.telling(account):
        line = lines.take(account)
        kept = line.kept
        try:
            return _hand_over(line, sender, wanted, message, otherwise)
        except _LOST:
            if not kept:
                raise
        return _hand_over(
            lines.Line(account), sender, wanted, message, otherwise
        )  # a kept line had gone stale: no failure


def check(account: Account) -> str:
    """Sign in; says what the server answered. Raises `ChannelError` with its own words."""
    with trouble.telling(account):
        line = lines.Line(account)
        line.close()
        limit = f", SIZE {line.limit // 1_000_000:,} MB" if line.limit else ""
        return f"{account.where} {line.greeting or 'no AUTH'}{limit}"


def _hand_over(line: Line, sender: str, recipients: Sequence[str], message: bytes, otherwise: str) -> Result:
    try:
        data = envelope.data(message)
        try:
            _mail(line, sender, recipients, message, len(data))
        except ChannelError as error:
            if sender or not otherwise or error.sentence != SENDER:
                raise
            _mail(line, otherwise, recipients, message, len(data))
        refused = _recipients(line, recipients)
        _expect(line.say("DATA"), MESSAGE)
        line.send(data)
        answer = _finish(line)
        return Result(refused, str(answer), _renamed(line.account.host, answer, message))
    finally:
        lines.leave(line)


def _mail(line: Line, sender: str, recipients: Sequence[str], message: bytes, size: int) -> None:
    if 0 < line.limit < size:
        raise ChannelError(TOO_LARGE, detail=f"{size:,} > {line.limit:,} bytes", permanent=True)
    options = [f"SIZE={size}"] if line.offers("size") else []
    if line.offers("8bitmime") and not message.isascii():
        options.append("BODY=8BITMIME")
    letters = _needs_letters(sender, *recipients) and line.offers("smtputf8")
    if letters:
        options.append("SMTPUTF8")
    line.smtp.command_encoding = "utf-8" if letters else "ascii"
    _expect(line.say(" ".join([f"MAIL FROM:{_path(line, sender)}", *options])), SENDER)


def _recipients(line: Line, recipients: Sequence[str]) -> dict[str, str]:
    """Those refused, with the reasons; if the first is, nothing is sent."""
    refused = {}
    for recipient in recipients:
        try:
            _expect(line.say(f"RCPT TO:{_path(line, recipient)}"), RECIPIENT)
        except ChannelError as error:
            if recipient == recipients[0] or not line.alive:
                raise
            refused[recipient] = error.detail or error.sentence
    return refused


def _finish(line: Line) -> Answer:
    try:
        answer = line.finish()
    except _LOST as error:
        raise ChannelError(AMBIGUOUS, detail=trouble.said(error, line.account), ambiguous=True) from error
    return _expect(answer, MESSAGE)


def _renamed(host: str, answer: Answer, message: bytes) -> str:
    """Amazon SES puts its own Message-ID in place of ours and tells the left half of it; others tell all of theirs."""
    ses = re.fullmatch(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com", host.lower())
    if ses and (found := re.search(r"\bOk ([0-9a-zA-Z-]{20,})", answer.words)):
        region = "email" if ses[1] == "us-east-1" else ses[1]
        return f"<{found[1]}@{region}.amazonses.com>"
    told = re.search(r"\bOK (<[^<>\s@]+@[^<>\s@]+>)", answer.words, re.IGNORECASE)
    return told[1] if told and told[1].encode() not in message else ""


def _path(line: Line, address: str) -> str:
    try:
        path = envelope.path(address)
    except ValueError as error:
        raise ChannelError(NO_ADDRESS, detail=trouble.words(address), permanent=True) from error
    if not path.isascii() and not line.offers("smtputf8"):
        raise ChannelError(LETTERS, detail=trouble.words(address), permanent=True)
    return path


def _needs_letters(*addresses: str) -> bool:
    return not all(address.rpartition("@")[0].isascii() for address in addresses)


def _expect(answer: Answer, otherwise: str) -> Answer:
    """The answer if it is good; else raises what it means: RFC 5321, 4.2.1 and RFC 3463."""
    if answer.good:
        return answer
    if answer.code == 421 or not 400 <= answer.code < 600:
        raise ChannelError(COME_BACK, detail=str(answer), retry_after=60.0)
    if answer.code < 500:
        raise ChannelError(COME_BACK, detail=str(answer), retry_after=GREY)
    found = re.match(r"[45]\.(\d{1,3}\.\d{1,3})\b", answer.words)
    sentence = _meaning(answer.code, found[1] if found else "") or otherwise
    raise ChannelError(sentence, detail=str(answer), permanent=True)


def _meaning(code: int, status: str) -> str:
    """Of a 5xx, where it is the same at whatever step. Microsoft says 7.30 and 7.57 to whom it has not let in."""
    if code in (530, 534, 535, 538) or status in ("7.8", "7.9", "7.30", "7.57", "7.139"):
        return trouble.REFUSED
    if status == "2.2":
        return FULL
    return TOO_LARGE if status == "3.4" or (code == 552 and not status) else ""
