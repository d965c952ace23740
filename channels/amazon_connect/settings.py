"""What is asked of who connects a contact centre of Amazon Connect."""

import re
from dataclasses import dataclass

from channels.settings import setting
from channels.signing import MIN_SECRET

CONNECT, CONTENT = "Connection", "What stands in a call"
_INSTANCE = re.compile(r"(arn:aws[a-z-]*:connect:[a-z0-9-]+:[0-9]+:instance/)?[0-9a-f-]{36}")


@dataclass(frozen=True)
class ConnectSettings:
    secret: str = setting(
        "Key",
        help="EventBridge shows it with each event, as the value of the API key X-Madoguchi-Key.",
        required=True,
        secret=True,
        generate=True,
        minimum=MIN_SECRET,
        maximum=200,
        group=CONNECT,
    )
    instance: str = setting(
        "Instance",
        help="Its ARN, or the ID at the end of it. Events of another one are left alone. Empty: any.",
        placeholder="arn:aws:connect:ap-northeast-1:111122223333:instance/…",
        maximum=200,
        group=CONNECT,
    )
    caller_tag: str = setting(
        "Tag with the caller's number",
        help="While a call goes on, Connect tells the number only as a tag that the flow sets. The record at the end "
        "has it anyway.",
        default="caller",
        maximum=128,
        group=CONTENT,
    )
    disposition: str = setting(
        "Attribute with the outcome",
        help="The contact attribute in which agents choose how the call ended.",
        default="disposition",
        maximum=200,
        group=CONTENT,
    )
    memo: str = setting(
        "Attribute with the note", help="Empty: none.", default="memo", maximum=200, group=CONTENT
    )

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        if self.instance and not _INSTANCE.fullmatch(self.instance):
            return {"instance": "An instance is arn:aws:connect:… or the ID of 36 characters at its end."}
        return {}
