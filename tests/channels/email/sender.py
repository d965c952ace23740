"""Who sends mail in the tests, to whom, and what it says when it fails."""

from typing import Any

import pytest

from channels.email import smtp
from channels.outbound import ChannelError
from tests.mailservers import SmtpServer

SHOP, HANAKO, TARO = "shop@example.jp", "hanako@example.net", "taro@example.net"
MAIL = b"From: shop@example.jp\r\nMessage-ID: <1@example.jp>\r\nSubject: hi\r\n\r\nHello\r\n"


def refusal(server: SmtpServer, *recipients: str, message: bytes = MAIL, **changes: Any) -> ChannelError:
    """What becomes of a mail of the shop, where it comes to nothing."""
    with pytest.raises(ChannelError) as raised:
        smtp.send(server.account(**changes), SHOP, recipients or (HANAKO,), message)
    return raised.value
