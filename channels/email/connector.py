"""A mailbox as a channel."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from channels import guard, oauth
from channels.base import (
    Answer,
    ChannelError,
    Collected,
    Connector,
    Event,
    Features,
    Ignored,
    Outbound,
    Preview,
    Request,
    Sent,
    utc,
)
from channels.email import access, composing, pushed, smtp, trouble
from channels.email.account import Account
from channels.email.oauth import provider
from channels.email.providers import PRESETS
from channels.email.settings import EmailSettings

if TYPE_CHECKING:
    from channels.email.understanding import Mailbox

MAX_FILE = 18_000_000  # bytes of one file: it grows by a third on the way, and most servers take 25 MB in all
MAX_PUSHED = 50_000_000  # bytes of a pushed mail
_WORKS = {
    (True, True): "Receiving and sending both work.",
    (True, False): "Receiving works. To send mail, enter the server for it.",
    (False, True): "Sending works. To fetch mail, enter the server for it.",
    (False, False): "Mail can be pushed here. To fetch or send it, enter the servers.",
}


log = logging.getLogger(__name__)
T = TypeVar("T")


class Email(Connector[EmailSettings]):
    """Mail is fetched by IMAP or pushed to the webhook address, and sent by SMTP.

    What reads mail and talks IMAP is imported where it is used: every process knows every kind, few ever read a mail.
    """

    kind = "email"
    label = "Email"
    help_page = "email"
    guide = (
        "Choose your provider, and enter the address and the password of the mailbox.",
        "Gmail and Yahoo! JAPAN want a password made for this program, not the one you sign in with.",
        "Save, then “Test now”: it says what the servers for receiving and for sending answered.",
        "So that forged senders are marked, enter under “More” which server checks your mail. Until then nobody is "
        "confirmed.",
    )
    features = Features(
        html=True,
        subject=True,
        max_attachment_bytes=MAX_FILE,
        read_receipts=True,
        sends_with="smtp_host",
        push=True,
        idempotent=True,  # one Message-ID on every attempt, as servers themselves do it (RFC 5321, 4.5.4.1)
        copies=True,
        same_everywhere=True,
        suggests=True,
        max_request_bytes=MAX_PUSHED,
        icon="mail",
        tint="yamabuki",
    )
    presets = PRESETS
    Settings = EmailSettings

    def answer(self, request: Request) -> Answer | None:
        return pushed.challenge(request)

    def verify(self, request: Request) -> None:
        pushed.verify(self.settings.push_secret, request)

    def parse(self, request: Request) -> list[Event]:
        from channels.email import oversize
        from channels.email.understanding import Came, events_of

        raw = pushed.raw_mail(request)
        if raw is None and (link := pushed.to_confirm(request)):
            return [Ignored(f"confirm the subscription of Amazon SNS: {link}")]
        if raw is None:
            return [Ignored("there is no mail in it", malformed=True)]
        came = Came(
            sent=request.header("folder") == "sent",
            at=_time(request.header("received")),
            unread=_unread(request),
            left_out=oversize.left_out_of(request.header("left_out")),
            where=request.url,
            history_before=_time(request.header("history-before")),
        )
        return events_of(raw, self._mailbox(), came)

    def send(self, outbound: Outbound) -> Sent:
        if not self.settings.smtp_host:
            raise ChannelError("This mailbox only receives: it has no server to send with.", permanent=True)
        by = self._from()
        made = composing.compose(outbound, by, self.context.seal_key)
        result = self._signed_in(
            lambda: smtp.send(self._sending(), made.sender, made.recipients, made.data, by.address)
        )
        if self.settings.append_sent and self.settings.imap_host:
            self._keep_copy(made)
        ids = [made.message_id, *([result.message_id] if result.message_id else [])]
        return Sent(tuple(ids), result.refused)

    def preview(self, outbound: Outbound) -> Preview:
        return composing.preview(outbound, self._from())

    def opening(self, text: str) -> str:
        if not (self.settings.imap_host or self.settings.push_secret):
            return ""
        words = quote(text, safe="")
        return f"mailto:{quote(self.settings.address, safe='@')}?subject={words}&body={words}"

    def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
        from channels.email import imap

        if not self.settings.imap_host:
            return
        try:
            yield from imap.collect(self._receiving(), cursor, stop)
        except trouble.SignInRefused:
            access.forget()  # the product comes back, with a fresh token
            raise

    def lacks(self, request: Request) -> bool:
        from channels.email import refetching

        return refetching.lacks(request)

    def fetch_again(self, request: Request) -> Request:
        from channels.email import refetching

        if not self.settings.imap_host:
            raise ChannelError(refetching.MOVED, permanent=True)
        return self._signed_in(lambda: refetching.fetch(self._receiving(), request))

    def check(self) -> str:
        """Sign in on both servers; a sentence, and in brackets what each of them answered. Raises `ChannelError`, with
        the answers of both, if one of them refuses."""
        answers = [self._answer(*one) for one in self._servers()]
        detail = "; ".join(said for said, _ in answers)
        for _, refusal in answers:
            if refusal:
                raise ChannelError(refusal.sentence, detail=detail, permanent=refusal.permanent) from refusal
        sentence = _WORKS[bool(self.settings.imap_host), bool(self.settings.smtp_host)]
        return f"{sentence} ({detail})" if detail else sentence

    def _servers(self) -> list[tuple[str, Callable[[], str]]]:
        """Those that were entered, each with what asks it."""
        from channels.email import imap

        known = [("IMAP", lambda: imap.check(self._receiving()))] if self.settings.imap_host else []
        return known + ([("SMTP", lambda: smtp.check(self._sending()))] if self.settings.smtp_host else [])

    def _answer(self, name: str, ask: Callable[[], str]) -> tuple[str, ChannelError | None]:
        """What the server said, and the failure if it was one."""
        try:
            return f"{name}: {self._signed_in(ask)}", None
        except ChannelError as error:
            return f"{name}: {error.detail or error.sentence}", error

    def _signed_in(self, call: Callable[[], T]) -> T:
        """`call`, and once more with a fresh token where the one we had was taken back before its time."""
        try:
            return call()
        except trouble.SignInRefused:
            if not self.settings.provider:
                raise
        access.forget()
        return call()

    def _keep_copy(self, made: composing.Composed) -> None:
        """In the folder of sent mail. It has been sent, so whatever goes wrong here is no failure of it."""
        from channels.email import imap

        try:
            imap.append_sent(self._receiving(), made.data, made.message_id)
        except ChannelError as error:
            log.warning("no copy was put into the folder of sent mail: %s", error)

    def _mailbox(self) -> "Mailbox":
        from channels.email.understanding import Mailbox

        own = self.settings
        addresses = [one.strip().lower() for one in (own.address, *own.aliases) if one.strip()]
        return Mailbox(tuple(addresses), self.context.seal_key, own.trusted_server)

    def _from(self) -> composing.From:
        own = self.settings
        return composing.From(own.address, own.name, own.signature, own.plus, own.html, own.name_agents)

    def _receiving(self) -> Account:
        own = self.settings
        return Account(
            own.imap_host,
            own.imap_port,
            sent=own.sent_folder,
            since_days=own.since_days,
            open_days=own.open_days,
            poll_every=float(own.poll_seconds),
            max_bytes=own.max_mb * 1024 * 1024,
            **self._signing_in(own.imap_security),
        )

    def _sending(self) -> Account:
        own = self.settings
        return Account(own.smtp_host, own.smtp_port, **self._signing_in(own.smtp_security))

    def _signing_in(self, security: str) -> dict[str, Any]:
        own = self.settings
        return {
            "user": own.user or own.address,
            "password": "" if own.provider else own.password,
            "token": self._token() if own.provider else "",
            "security": security,
            "verify": not own.any_certificate,
            "allow_private": isinstance(self.http, guard.Client) and self.http.allow_private,
        }

    def _token(self) -> str:
        own = self.settings
        return access.token(
            self.http, own.provider, own.tenant, own.client_id, own.client_secret, own.refresh_token
        )

    def consent_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Google's or Microsoft's page; "" where a password is used, or the client is not known yet."""
        own = self.settings
        if not own.provider or not own.client_id:
            return ""
        user = own.user or own.address
        return oauth.authorise_url(
            self._provider(), own.client_id, redirect_uri, state=state, verifier=verifier, user=user
        )

    def consented(self, code: str, redirect_uri: str, verifier: str) -> Mapping[str, str]:
        """The refresh token, by which access tokens are had from now on."""
        own = self.settings
        told = oauth.exchange(
            self.http,
            self._provider(),
            own.client_id,
            own.client_secret,
            code,
            redirect_uri=redirect_uri,
            verifier=verifier,
        )
        if not told.refresh:
            raise ChannelError("The provider gave no lasting permission. Sign in once more.", permanent=True)
        return {"refresh_token": told.refresh}

    def original(self, request: Request) -> bytes | None:
        """The mail as it came, also where a service pushed it inside of something else."""
        return pushed.raw_mail(request)

    def _provider(self) -> oauth.Provider:
        try:
            return provider(self.settings.provider, self.settings.tenant)
        except (KeyError, ValueError) as error:
            raise ChannelError("The tenant is not right.", permanent=True) from error


def _time(told: str) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(told)) if told else None
    except ValueError:
        return None


def _unread(request: Request) -> str:
    """Why the mail could not be had, or not as a whole, in words."""
    if request.header("unreadable"):
        return "The mail server did not hand this mail over."
    return (
        "This mail is too large to be fetched. Only its text is here." if request.header("oversize") else ""
    )
