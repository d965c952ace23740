"""One account: its secrets, its messages as the API tells them, who opted out, and the files of messages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from app.sandbox.clock import Ids
from app.sandbox.files import Files

Object = dict[str, Any]

KEPT = 10_000  # messages that can be listed
VERSION = "2010-04-01"


@dataclass
class Account:
    """`number` is its own, `service` a messaging service with it. `algorithm`: "sha1", or "sha256" with `shared_key`.
    `fates`: number → the code with which what is sent there ends. `closed`: beginnings of numbers that it may not
    write to. `opt_out`: whether STOP and the like are told as such."""

    ids: Ids
    sid: str
    token: str
    number: str = "+12025550143"
    api_key: str = "SK" + "5" * 32
    api_secret: str = "sandbox-twilio-key"
    shared_key: str = "sandbox-twilio-shared-key"
    algorithm: str = "sha1"
    opt_out: bool = True
    trial: bool = False
    status: str = "active"
    fates: dict[str, int] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    messages: dict[str, Object] = field(default_factory=dict)
    media: dict[str, list[str]] = field(default_factory=dict)  # message → its files
    files: Files = field(default_factory=Files)

    @property
    def service(self) -> str:
        """The sid of the messaging service."""
        return "MG" + hashlib.sha256(self.sid.encode()).hexdigest()[:32]

    @property
    def number_sid(self) -> str:
        """The sid of the number."""
        return "PN" + hashlib.sha256(self.number.encode()).hexdigest()[:32]

    def now(self) -> str:
        """As the API tells a time (RFC 2822)."""
        return format_datetime(datetime.fromtimestamp(self.ids.clock.seconds(), UTC))

    def message(self, sid: str, direction: str, body: str, segments: int, **about: Any) -> Object:
        """One more message, as the API tells it."""
        made: Object = {
            "account_sid": self.sid,
            "api_version": VERSION,
            "body": body,
            "date_created": self.now(),
            "date_sent": None,
            "date_updated": self.now(),
            "direction": direction,
            "error_code": None,
            "error_message": None,
            "messaging_service_sid": None,
            "num_media": str(len(self.media.get(sid, []))),
            "num_segments": str(segments),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "subresource_uris": {"media": f"/{VERSION}/Accounts/{self.sid}/Messages/{sid}/Media.json"},
            "uri": f"/{VERSION}/Accounts/{self.sid}/Messages/{sid}.json",
            **about,
        }
        self.messages[sid] = made
        if len(self.messages) > KEPT:
            del self.messages[next(iter(self.messages))]
        return made
