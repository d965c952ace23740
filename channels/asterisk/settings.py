"""What is asked of who connects an Asterisk."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels import signing
from channels.settings import setting

HOUSE, ROWS, LIVE = "The telephone system", "Call records", "Live events (AMI)"
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


@dataclass(frozen=True)
class AsteriskSettings:
    secret: str = signing.secret(
        "Call records are posted with a signature by it. At least 16 characters.", group=ROWS
    )
    time_zone: str = setting(
        "Time zone",
        help="Call records have local times and do not say of where.",
        default="Asia/Tokyo",
        maximum=60,
        group=ROWS,
    )
    recordings: str = setting(
        "Where recordings lie",
        help="The address of the folder that FreePBX keeps them in, as your web server shows it. Empty: none.",
        placeholder="https://pbx.example.jp/monitor",
        url=True,
        group=ROWS,
    )
    extension_digits: int = setting(
        "Longest extension",
        help="Numbers of at most so many digits are colleagues. Calls between colleagues are left alone.",
        default=5,
        minimum=2,
        maximum=8,
        group=HOUSE,
    )
    ami_host: str = setting(
        "Server",
        help="To hear of calls while they ring. Empty: call records alone.",
        placeholder="pbx.example.jp",
        maximum=253,
        group=LIVE,
    )
    ami_port: int = setting(
        "Port", help="5038, with TLS 5039.", default=5038, minimum=1, maximum=65535, group=LIVE
    )
    ami_tls: bool = setting("Encrypted (TLS)", default=False, group=LIVE)
    any_certificate: bool = setting(
        "Accept any certificate",
        help="Only for a server of your own inside your network.",
        default=False,
        group=LIVE,
    )
    ami_user: str = setting("User", help="As in manager.conf.", maximum=80, group=LIVE)
    ami_secret: str = setting("Secret", secret=True, maximum=200, group=LIVE)

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        wrong = {}
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            wrong["time_zone"] = "There is no such time zone. Write it like Asia/Tokyo."
        if self.ami_host and not _HOST.fullmatch(self.ami_host):
            wrong["ami_host"] = "This is no name of a server."
        if self.ami_host and not self.ami_user:
            wrong["ami_user"] = "To sign in, a user is needed."
        return wrong
