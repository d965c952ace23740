"""Mail of Amazon SES, as SNS pushes it: JSON in JSON, said to be plain text."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from channels import guard
from channels.base import Ignored, Inbound, Request
from channels.email.connector import Email
from channels.email.settings import EmailSettings

MAIL = "From: taro@example.jp\r\nTo: shop@example.jp\r\nSubject: order\r\n\r\nhello\r\n"
SES = {"notificationType": "Received", "mail": {"messageId": "x"}, "receipt": {}, "content": MAIL}
TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:mail"
SNS = {"Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": json.dumps(SES)}
IN_BASE64 = {**SNS, "Message": json.dumps({**SES, "content": base64.b64encode(MAIL.encode()).decode()})}
PLAIN, JSON = "text/plain; charset=UTF-8", "application/json"
LINK = "https://sns.ap-northeast-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336"


def mailbox() -> Email:
    return Email(EmailSettings(address="shop@example.jp", push_secret="s" * 16), guard.Client())


def pushed(body: Any, kind: str = PLAIN, **headers: str) -> Request:
    return Request("POST", "", {"content-type": kind, **headers}, {}, json.dumps(body).encode())


@pytest.mark.parametrize("kind", [PLAIN, JSON])
@pytest.mark.parametrize("body", [SES, SNS, IN_BASE64], ids=["raw delivery", "in its envelope", "in base64"])
def test_a_mail_of_ses_is_read(body: Any, kind: str) -> None:
    (event,) = mailbox().parse(pushed(body, kind))
    assert isinstance(event, Inbound)
    assert (event.sender.address, event.subject, event.text) == ("taro@example.jp", "order", "hello")
    assert mailbox().original(pushed(body, kind)) == MAIL.encode()


def test_where_a_subscription_is_confirmed_is_told_and_is_no_mail() -> None:
    asked = {
        "Type": "SubscriptionConfirmation",
        "TopicArn": TOPIC,
        "SubscribeURL": LINK,
        "Message": "You have chosen: visit the SubscribeURL.",
    }
    for kind in (PLAIN, JSON):
        assert mailbox().parse(pushed(asked, kind)) == [
            Ignored(f"confirm the subscription of Amazon SNS: {LINK}")
        ]


def test_what_ses_tells_of_a_bounce_is_no_mail() -> None:
    told = {**SNS, "Message": json.dumps({"notificationType": "Bounce", "mail": {}})}
    assert mailbox().parse(pushed(told)) == [Ignored("there is no mail in it", malformed=True)]


def test_sns_is_asked_for_the_password_and_nobody_else_is() -> None:
    sns = {"x-amz-sns-message-type": "Notification"}
    answer = mailbox().answer(pushed(SNS, PLAIN, **sns))
    assert answer is not None
    assert (answer[0], answer[1]) == (401, {"WWW-Authenticate": 'Basic realm="mail"'})
    assert mailbox().answer(pushed(SNS, PLAIN, authorization="Basic eDp5", **sns)) is None
    assert mailbox().answer(pushed(SES)) is None
