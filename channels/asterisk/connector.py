"""The calls of an Asterisk or FreePBX as a channel."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from channels import guard, signing, telephony
from channels.asterisk import happenings, listening, rows
from channels.asterisk.house import JAPAN, House
from channels.asterisk.line import Server
from channels.asterisk.settings import AsteriskSettings
from channels.base import (
    BadSignature,
    Collected,
    Connector,
    Event,
    Features,
    Ignored,
    Outbound,
    Request,
    Sent,
)

MOST = 100_000  # rows or events of one request: more do not fit into it
HEARD = "Signed in to the telephone system: its calls are heard as they ring."
ONLY_RECEIVES = (
    "Call records come in by the webhook address. To hear of calls while they ring, enter the server."
)


class Asterisk(Connector[AsteriskSettings]):
    """Call records are posted, signed; events of calls are heard over a line to the manager interface."""

    kind = "asterisk"
    label = "Asterisk / FreePBX"
    help_page = "asterisk"
    guide = (
        "Let a signing secret be made up here, and copy it before you save: it is not shown again.",
        "On the telephone system, put the small program of the help page beside Master.csv, with the webhook address "
        "and the secret, and let it run every minute.",
        "To hear of calls while they ring, make a user in manager.conf with read = call,cdr,agent and write = "
        "reporting, and enter server, user and secret.",
        "“Test now” signs in there and says what answered.",
    )
    features = Features(
        inbound_only=True,
        telephone=True,
        identity_kind="phone",
        icon="asterisk",
        tint="bamboo",
    )
    Settings = AsteriskSettings

    def verify(self, request: Request) -> None:
        if not self.settings.secret:
            raise BadSignature("no signing secret is set")
        signing.verify(request, self.settings.secret)

    def parse(self, request: Request) -> list[Event]:
        told = _told(request)
        if told is None:
            return [Ignored("these are no call records")]
        house = self._house
        records = [one for one in told if "event" not in one and rows.is_row(one)]
        happened = [one for one in told if "event" in one]
        rest = len(told) - len(records) - len(happened)
        heard = telephony.when(request.header("received"))
        events = rows.read(records, house)
        for one in happened:
            events += happenings.read(one, house, request.header("direction"), heard)
        return [*events, *([Ignored("a row that is no call record")] if rest or not told else [])]

    def collect(self, cursor: Mapping[str, Any], stop: Callable[[], bool]) -> Iterator[Collected]:
        if self.settings.ami_host:
            yield from listening.collect(self._server, self._house, cursor, stop)

    def send(self, outbound: Outbound) -> Sent:
        raise telephony.only_calls()

    def check(self) -> str:
        if not self.settings.ami_host:
            return ONLY_RECEIVES
        version = listening.check(self._server)
        return f"{HEARD} (Asterisk {version})" if version else HEARD

    @property
    def _house(self) -> House:
        own = self.settings
        try:
            zone = ZoneInfo(own.time_zone)
        except (KeyError, ValueError, OSError):
            zone = JAPAN
        return House(zone, own.extension_digits, own.recordings)

    @property
    def _server(self) -> Server:
        own = self.settings
        inside = isinstance(self.http, guard.Client) and self.http.allow_private
        return Server(
            own.ami_host,
            own.ami_port,
            own.ami_user,
            own.ami_secret,
            own.ami_tls,
            not own.any_certificate,
            inside,
        )


def _told(request: Request) -> list[rows.Row] | None:
    """The rows and events of a request, by names in small letters; None where there is neither JSON nor a table."""
    text = request.body.decode("utf-8-sig", "replace").strip()
    if text[:1] in ("{", "["):
        return _of_json(text)
    try:
        return [rows.row(one) for one in rows.table(text)] or None
    except csv.Error:
        return None


def _of_json(text: str) -> list[rows.Row] | None:
    """One object, a list of them, {"rows": […]}, or one on each line."""
    try:
        document = json.loads(text)
    except RecursionError:
        return None
    except ValueError:
        document = _lines(text)
    if isinstance(document, dict):
        document = document.get("rows", [document])
    if not isinstance(document, list):
        return None
    return [rows.row(one) for one in document[:MOST] if isinstance(one, dict)]


def _lines(text: str) -> list[Any] | None:
    found = []
    for each in text.splitlines()[:MOST]:
        try:
            found.append(json.loads(each))
        except (ValueError, RecursionError):
            continue
    return found or None
