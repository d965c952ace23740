"""What is asked of who connects a contact centre of Amazon Connect."""

import re
from dataclasses import dataclass

from channels import signing
from channels.settings import setting

CONNECT, CONTENT, FILES = "Connection", "What stands in a call", "Recordings and transcripts"
_INSTANCE = re.compile(r"(arn:aws[a-z-]*:connect:[a-z0-9-]+:[0-9]+:instance/)?[0-9a-f-]{36}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}")


@dataclass(frozen=True)
class ConnectSettings:
    secret: str = signing.secret(
        "EventBridge shows it with each event, as the value of the API key X-Madoguchi-Key.",
        label="Key",
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
    region: str = setting(
        "Region of the bucket",
        help="To fetch recordings and transcripts from Amazon S3.",
        placeholder="ap-northeast-1",
        maximum=40,
        group=FILES,
    )
    access_key: str = setting(
        "Access key ID",
        help="Of a user of IAM who may read (s3:GetObject) what lies in that bucket, and nothing else.",
        placeholder="AKIA…",
        maximum=128,
        group=FILES,
    )
    secret_key: str = setting("Secret access key", secret=True, maximum=200, group=FILES)

    def problems(self) -> dict[str, str]:
        """What cannot be right, by field."""
        if self.region and not _REGION.fullmatch(self.region):
            return {"region": "A region is a name like ap-northeast-1."}
        if bool(self.region) != bool(self.access_key):
            missing = "access_key" if self.region else "region"
            return {missing: "The region and the access key ID belong together."}
        if self.instance and not _INSTANCE.fullmatch(self.instance):
            return {"instance": "An instance is arn:aws:connect:… or the ID of 36 characters at its end."}
        return {}
