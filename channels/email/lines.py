"""Lines to SMTP servers, signed in, kept for a while so that the next mail need not wait for TLS and sign-in again."""

import base64
import os
import re
import smtplib
import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from channels.email import dialling, oauth, session, trouble
from channels.email.account import Account, tls_context
from channels.outbound import ChannelError

KEPT_FOR = 30.0  # seconds; servers hang up on idle lines after a minute or more
KEPT = 3  # idle lines an account
MAILS = 50  # over one line: many servers hang up after a hundred


@dataclass(frozen=True)
class Answer:
    """What the server said: the code, and its words (with the enhanced status code of RFC 3463 where it has one)."""

    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()

    @property
    def good(self) -> bool:
        return 200 <= self.code < 400


class Line:
    """One line. `kept` tells that it was used before, so that it may have gone stale."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.kept, self.mails, self.idle_since = False, 0, 0.0
        self.smtp = _connect(account)
        self.greeting = ""
        try:
            self._prepare()
        except BaseException:
            self.smtp.close()
            raise

    def say(self, command: str) -> Answer:
        """Raises OSError, smtplib.SMTPServerDisconnected if the line is lost."""
        code, words = self.smtp.docmd(command)
        return self._heard(code, words)

    def send(self, data: bytes) -> None:
        self.smtp.send(data)

    def finish(self) -> Answer:
        """The final dot, and what the server says to all of it."""
        if self.smtp.sock is not None:
            self.smtp.sock.settimeout(self.account.data_timeout)
        self.smtp.send(b".\r\n")
        answer = self._heard(*self.smtp.getreply())
        if self.smtp.sock is not None:
            self.smtp.sock.settimeout(self.account.read_timeout)
        self.mails += 1
        return answer

    def offers(self, feature: str) -> bool:
        return self.smtp.has_extn(feature)

    @property
    def alive(self) -> bool:
        return self.smtp.sock is not None

    @property
    def limit(self) -> int:
        """Bytes of one message (RFC 1870), 0 if the server does not tell."""
        told = self.smtp.esmtp_features.get("size", "").strip()
        return int(told) if told.isdecimal() else 0

    def close(self) -> None:
        if self.smtp.sock is not None:
            with suppress(OSError):
                self.smtp.sock.settimeout(1)
                self.smtp.sock.sendall(b"QUIT\r\n")
        self.smtp.close()

    def _heard(self, code: int, words: bytes) -> Answer:
        if code == 421 or code < 0:  # it says that it hangs up
            self.smtp.close()
        return Answer(code, trouble.words(words, self.account))

    def _prepare(self) -> None:
        account = self.account
        self.smtp.ehlo_or_helo_if_needed()
        if account.security == "starttls":
            if not self.offers("starttls"):
                raise ChannelError(trouble.NO_TLS, detail=f"{account.where}: no STARTTLS", permanent=True)
            self.smtp.starttls(context=tls_context(account.verify, account.ca))
            self.smtp.ehlo_or_helo_if_needed()
        elif account.security == "none" and self.smtp.sock is not None:
            session.inside(self.smtp.sock, account)
        if self.smtp.sock is not None:
            self.smtp.sock.settimeout(account.read_timeout)
        if account.user and self.offers("auth"):
            self._sign_in()

    def _sign_in(self) -> None:
        answer = self._authenticate(self.smtp.esmtp_features["auth"].upper().split())
        self.greeting = answer.words
        if answer.code // 100 == 2:
            return
        detail = f"{self.account.where}: {answer}"
        if answer.code < 500:
            raise ChannelError(trouble.IN_TROUBLE, detail=detail)
        sentence = trouble.TOKEN_REFUSED if self.account.token else trouble.REFUSED
        raise trouble.SignInRefused(sentence, detail=detail, permanent=True)

    def _authenticate(self, offered: list[str]) -> Answer:
        user, password = self.account.user, self.account.password
        if self.account.token:
            answer = self.say("AUTH XOAUTH2 " + _base64(oauth.xoauth2(user, self.account.token)))
            return (
                self.say("") if answer.code == 334 else answer
            )  # 334 holds the reason, an empty line ends it
        if "PLAIN" in offered:
            return self.say("AUTH PLAIN " + _base64(f"\0{user}\0{password}"))
        if "LOGIN" in offered:
            answer = self.say("AUTH LOGIN " + _base64(user))
            return self.say(_base64(password)) if answer.code == 334 else answer
        return Answer(504, "no way to sign in that we know: " + " ".join(offered))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _connect(account: Account) -> smtplib.SMTP:
    told = account.hello or account.user.rpartition("@")[2]
    hello = told if re.fullmatch(r"[A-Za-z0-9.-]+", told) else "[127.0.0.1]"  # not the name of our machine
    return dialling.Smtp(account, hello)


_idle: dict[Account, list[Line]] = {}
_lock = threading.Lock()
_sweeping = threading.Event()
os.register_at_fork(after_in_child=_idle.clear)  # a line is of use to one process only,
os.register_at_fork(after_in_child=_sweeping.clear)  # and timers do not live on in a child


def take(account: Account) -> Line:
    """A line that answers: one that was kept, else a fresh one. Give it back with `leave`."""
    while (line := _kept(account)) is not None:
        with suppress(OSError, smtplib.SMTPException):
            if line.say("RSET").good:
                return line
        line.close()
    return Line(account)


def _kept(account: Account) -> Line | None:
    close_stale()
    with _lock:
        waiting = _idle.get(account)
        return waiting.pop() if waiting else None


def leave(line: Line) -> None:
    """Keep it for the next mail if that makes sense."""
    line.kept, line.idle_since = True, monotonic()
    with _lock:
        waiting = _idle.setdefault(line.account, [])
        if line.alive and line.mails < MAILS and len(waiting) < KEPT:
            waiting.append(line)
            _sweep_later()
            return
    line.close()


def _sweep_later() -> None:
    """Nobody may send for hours, and servers allow only a few lines at a time. Called with the lock held."""
    if not _sweeping.is_set():
        _sweeping.set()
        timer = threading.Timer(KEPT_FOR, _sweep)
        timer.daemon = True
        timer.start()


def _sweep() -> None:
    close_stale()
    with _lock:
        _sweeping.clear()
        if _idle:
            _sweep_later()


def close_stale(older_than: float | None = None) -> None:
    """Close lines that nobody used for so many seconds (`KEPT_FOR`); 0 closes all that are idle."""
    before = monotonic() - (KEPT_FOR if older_than is None else older_than)
    with _lock:
        stale = [line for waiting in _idle.values() for line in waiting if line.idle_since <= before]
        for account, waiting in list(_idle.items()):
            _idle[account] = [line for line in waiting if line.idle_since > before]
            if not _idle[account]:
                del _idle[account]
    for line in stale:
        line.close()
