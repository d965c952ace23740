"""Pictures and files of SMS: with the secret from Twilio, without it from where they lie."""

from __future__ import annotations

import base64
import time

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException

from channels.base import ChannelError
from tests.sandbox.twilio import EMILY, PDF, World


def test_pictures_come_with_the_secret_from_twilio_and_without_it_from_where_they_lie(world: World) -> None:
    parts = ((PDF, "application/pdf"), (b"x", "image/jpeg"))
    files = [{"content": base64.b64encode(body).decode(), "type": kind} for body, kind in parts]
    world.act(EMILY, "file", files=files, text="領収書")
    (event,) = world.hears(1)
    assert (event.text, [one.content_type for one in event.attachments]) == (
        "領収書",
        ["application/pdf", "image/jpeg"],
    )
    assert [world.connector().fetch(one) for one in event.attachments] == [PDF, b"x"]
    assert world.sandbox.record(what="refused") == []
    lies = event.attachments[0].ref.replace("https://", f"{world.sandbox.base}/")
    assert httpx2.get(lies, trust_env=False).json()["code"] == 20003
    own = world.own
    sent_on = httpx2.get(lies, auth=(own["api_key"], own["api_secret"]), trust_env=False)
    assert (sent_on.status_code, "/mms.twiliocdn.com/" in sent_on.headers["location"]) == (307, True)
    told = httpx2.get(sent_on.headers["location"], auth=("a", "b"), trust_env=False)
    assert told.status_code == 400


@pytest.mark.parametrize("fault", ["redirect_media", "media_gone"])
def test_a_file_that_leads_inside_or_is_gone_is_not_fetched(world: World, fault: str) -> None:
    world.act(EMILY, "image", content=base64.b64encode(b"x").decode())
    (event,) = world.hears(1)
    world.sandbox.misbehaves({"fault": fault})
    with pytest.raises(ChannelError):
        world.connector().fetch(event.attachments[0])


def test_a_slow_file_arrives(world: World) -> None:
    world.act(EMILY, "file", content=base64.b64encode(PDF).decode())
    (event,) = world.hears(1)
    world.sandbox.misbehaves({"fault": "slow_media", "seconds": 0.4})
    began = time.monotonic()
    assert world.connector().fetch(event.attachments[0]) == PDF
    assert time.monotonic() - began > 0.3


def test_a_file_of_ours_is_on_the_phone(world: World) -> None:
    world.library().messages.create(
        to=EMILY, from_=world.own["number"], body="どうぞ", media_url=[f"{world.hearer.base}/receipt.pdf"]
    )
    assert world.phone(EMILY) == [("shop", "file", "receipt.pdf"), ("shop", "text", "どうぞ")]
    bubble = world.sandbox.phone(EMILY, "twilio")[0]["id"]
    shown = world.sandbox.http.get("/phone/twilio/media", params={"user": EMILY, "message": bubble})
    assert shown.content == PDF
    with pytest.raises(TwilioRestException) as error:
        world.library().messages.create(
            to=EMILY, from_=world.own["number"], media_url=["https://elsewhere.example/x"]
        )
    assert error.value.code == 21620
