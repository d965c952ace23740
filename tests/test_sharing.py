"""Files that go to who has no account here: by a signed address, for a while."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image

from app import files, inbox, outgoing, sharing
from app.config import settings
from app.db import as_of, now, reading, transaction
from app.models import Attachment, Channel, Conversation, Delivery, Message
from channels import base
from tests import factories as make
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def picture(mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (1600, 900), (200, 30, 30, 0)[: len(mode)]).save(out, "PNG")
    return out.getvalue()


def sent(data: bytes, name: str) -> tuple[int, base.Attachment]:
    """An answer with this file: the number of its message, and the file as its connector gets it."""
    with transaction() as db:
        agent, channel = (
            make.agent(db),
            make.channel(db, "api", settings={"callback_url": "https://x.example/"}),
        )
        head = make.conversation(db, channel)
        file = files.store(db, data, name, limit=10_000_000, agent=agent)
        message = make.reply(db, agent, head, "どうぞ", attachments=[file])
    with reading() as db:
        row = db.query(Delivery).filter_by(message_id=message.id).one()
        made = outgoing.outbound(db, row, base.Features(max_attachment_bytes=10_000_000))
    return message.id, made.attachments[0]


def path(url: str) -> str:
    assert url.startswith(f"{settings().public_url}/shared/")
    return url.removeprefix(settings().public_url)


def test_a_picture_and_its_small_jpeg_are_had_by_anybody_with_the_address() -> None:
    data = picture()
    _, file = sent(data, "写真 1.png")
    visitor = Browser()
    got = visitor.get(path(file.url))
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, data, "image/png")
    assert "sandbox" in got.headers["content-security-policy"]
    small = visitor.get(path(file.preview))
    assert small.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(small.content)) as image:
        assert (image.format, image.size) == ("JPEG", (960, 540))


def test_what_is_transparent_stands_on_white() -> None:
    _, file = sent(picture("RGBA"), "logo.png")
    with Image.open(io.BytesIO(Browser().get(path(file.preview)).content)) as image:
        assert image.getpixel((10, 10)) == (255, 255, 255)


def test_a_film_has_a_sign_that_it_is_one_and_a_paper_has_none() -> None:
    film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(200)
    _, file = sent(film, "案内.mp4")
    with Image.open(io.BytesIO(Browser().get(path(file.preview)).content)) as image:
        assert image.size == (640, 360)
    _, paper = sent(b"%PDF-1.4\n" + bytes(100), "見積書.pdf")
    assert paper.preview == ""
    got = Browser().get(path(paper.url))
    assert got.headers["content-disposition"].startswith("attachment")


def test_the_address_is_the_same_on_every_attempt_and_over_after_a_month() -> None:
    _, file = sent(picture(), "a.png")
    with reading() as db:
        row = db.query(Attachment).one()
        assert sharing.address(row.key, db.get_one(Message, row.message_id).sent_at, "a.png") == file.url
    with as_of(now() + sharing.LASTS - timedelta(minutes=1)):
        assert Browser().get(path(file.url)).status_code == 200
    with as_of(now() + sharing.LASTS + timedelta(minutes=1)):
        assert Browser().get(path(file.url)).status_code == 404


def test_another_file_a_forged_mark_or_a_later_end_open_nothing() -> None:
    _, file = sent(picture(), "a.png")
    _, key, mark, name = path(file.url).strip("/").split("/")
    end, _, signature = mark.partition("-")
    later = f"{int(end, 16) + 9:x}"
    wrong = (f"{later}-{signature}", f"{end}-{'0' * 43}", end, "-", "é-é", "zz-zz", f"{'f' * 40}-{signature}")
    for one in wrong:
        assert Browser().get(f"/shared/{key}/{one}/{name}").status_code == 404
    assert Browser().get(f"/shared/another/{mark}/{name}").status_code == 404


def test_what_was_uploaded_but_never_sent_is_not_had() -> None:
    with transaction() as db:
        file = files.store(db, picture(), "a.png", limit=10_000_000, agent=make.agent(db))
    url = sharing.address(file.key, now(), "a.png")
    assert Browser().get(url[url.index("/shared/") :]).status_code == 404


def test_what_was_taken_back_is_gone_for_everybody() -> None:
    number, file = sent(picture(), "a.png")
    with transaction() as db:
        message = db.get_one(Message, number)
        inbox.unsend(db, db.get_one(Conversation, message.conversation_id), message)
    assert Browser().get(path(file.url)).status_code == 404
    with reading() as db:
        assert db.query(Channel).count() == 1
