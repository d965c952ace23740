"""A channel for anything that can speak JSON: signed events in, signed callbacks out.

The format is documented in the product's help ("The API channel"), and the examples there are run by a test.
"""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx2

from channels import api_events, signing
from channels.base import (
    Attachment,
    ChannelError,
    Connector,
    Event,
    Features,
    Outbound,
    Request,
    Sent,
    setting,
)
from channels.guard import Forbidden, within
from channels.outcome import asked_to_wait, refusal
from channels.signing import HEADER as HEADER
from channels.signing import sign as sign
from channels.signing import verify

DEADLINE = 60.0  # seconds a callback may take in all, files of many megabytes included
MAX_ANSWER = 65_536  # bytes of the answer that are read


@dataclass(frozen=True)
class ApiSettings:
    secret: str = signing.secret("Requests in both directions are signed with it. At least 16 characters.")
    old_secret: str = signing.old_secret()
    callback_url: str = setting(
        "Callback address",
        help="Answers are posted here. Empty: this channel only receives.",
        url=True,
        placeholder="https://example.jp/madoguchi",
    )
    trust_contacts: bool = setting(
        "Email addresses and phone numbers sent here are verified",
        help="Then they join the customer who is known by them. Otherwise they are shown as unconfirmed.",
        default=False,
    )
    identity_scope: str = setting(
        "User ids shared with",
        help="Channels with the same word here know a person by the same user id. Empty: only this one.",
        maximum=50,
    )


class Api(Connector[ApiSettings]):
    kind = "api"
    label = "API"
    help_page = "api-channel"
    guide = (
        "Let a signing secret be made up here, and copy it to your system before you save: it is not shown again.",
        "Have your system post its events to the webhook address, signed with that secret.",
        "To answer from here, enter the address of your system that takes the answers.",
    )
    features = Features(
        html=True,
        subject=True,
        max_attachment_bytes=25_000_000,
        max_quick_replies=20,
        typing=True,
        read_receipts=True,
        edits=True,
        reactions=True,
        sends_with="callback_url",
        push=True,
        needs_public_url=True,
        idempotent=True,
        posted=True,
        identity_kind="user",
        icon="webhook",
        tint="plum",
    )
    Settings = ApiSettings

    def verify(self, request: Request) -> None:
        verify(request, self.settings.secret, self.settings.old_secret)

    def parse(self, request: Request) -> list[Event]:
        scope = self.settings.identity_scope or self.context.key
        return api_events.read(request, api_events.Trust(scope, self.settings.trust_contacts))

    def send(self, outbound: Outbound) -> Sent:
        if not self.settings.callback_url:
            raise ChannelError("This channel only receives: it has no callback address.", permanent=True)
        status, headers, answer = self._post(outbound.key, body_of(outbound))
        if 200 <= status < 300 or status == 409:  # 409: they have this key already
            return Sent(_ids(answer) or (outbound.key,))
        if 300 <= status < 400:
            raise ChannelError("The callback address redirects; redirects are not followed.", permanent=True)
        raise refusal(status, asked_to_wait(headers))

    def check(self) -> str:
        """Post a signed {"type": "ping"} to the callback address."""
        if not self.settings.callback_url:
            return "This channel only receives. Send it a signed request to try it."
        status, headers, _ = self._post("ping", json.dumps({"type": "ping"}).encode())
        if not 200 <= status < 300:
            raise refusal(status, asked_to_wait(headers))
        return "The callback address answered."

    def _post(self, key: str, body: bytes) -> tuple[int, httpx2.Headers, bytes]:
        stamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Madoguchi-Channel": self.context.key,
            "Accept-Encoding": "identity",
            HEADER: f"t={stamp},v1={sign(self.settings.secret, stamp, body)}",
        }
        try:
            url = self.settings.callback_url
            with within(DEADLINE), self.http.stream("POST", url, content=body, headers=headers) as response:
                return response.status_code, response.headers, _some(response)
        except Forbidden:
            raise ChannelError("The callback address leads into a private network.", permanent=True) from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            raise ChannelError("The callback address could not be reached.") from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise ChannelError("The callback address is not a web address.", permanent=True) from None
        except httpx2.HTTPError:
            raise ChannelError(
                "The callback address did not answer; it may have it.", ambiguous=True
            ) from None


def body_of(outbound: Outbound) -> bytes:
    """The callback's JSON: the same bytes for the same message, whichever attempt it is."""
    to = outbound.to
    document = {
        "type": "message",
        "id": outbound.key,
        "conversation": outbound.conversation,
        "to": {"id": to.address, "name": to.name, "email": to.email, "phone": to.phone},
        "text": outbound.text,
        "html": outbound.html,
        "subject": outbound.subject,
        "thread": outbound.thread,
        "in_reply_to": outbound.in_reply_to,
        "author": outbound.author,
        "automatic": outbound.automatic,
        "locale": outbound.locale,
        "quick_replies": list(outbound.quick_replies),
        "attachments": [_file(attached) for attached in outbound.attachments],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _file(attached: Attachment) -> dict[str, Any]:
    told: dict[str, Any] = {"name": attached.name, "type": attached.content_type, "size": attached.size}
    if attached.data is not None:
        told |= {"data": base64.b64encode(attached.data).decode(), "size": len(attached.data)}
    else:
        told["url"] = attached.url
    return told


def _some(response: httpx2.Response) -> bytes:
    """The start of the answer; one that drips in for ever is left after the deadline.

    The status line has come, so what it says counts, however the rest ends.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        return b""  # not asked for, and a small answer could unpack into a large one
    read = b""
    try:
        for chunk in response.iter_bytes():
            read += chunk
            if len(read) > MAX_ANSWER:
                break
    except httpx2.HTTPError:
        return b""
    return read[:MAX_ANSWER]


def _ids(answer: bytes) -> tuple[str, ...]:
    """The ids they gave the message: {"id": "…"} or {"ids": ["…", …]}; anything else is no answer to that."""
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(told, dict):
        return ()
    ids = told["ids"] if isinstance(told.get("ids"), list) else [told.get("id")]
    good = [str(one) for one in ids[:50] if isinstance(one, str | int) and not isinstance(one, bool)]
    return tuple(one for one in good if 0 < len(one) <= 200)
