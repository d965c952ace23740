"""Pictures that platforms keep on their own servers: stickers and faces. Drawn here: nothing is asked for outside."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

SIZE, SHARP = 240, 3  # pixels of a sticker; drawn so many times larger and made smaller
INK = "#3a2f2a"
GROUNDS = ("#f2b8a0", "#a9cdb8", "#f1d58a", "#b9c8ea", "#d9b8de", "#c9d29a")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sticker:
    """One of ours. It stands under a number that LINE itself has for sale in package 446, with a picture of ours."""

    id: str
    words: tuple[str, ...]
    body: str
    eyes: str
    mouth: str
    extra: str = ""

    package = "446"


STICKERS = {
    made.id: made
    for made in (
        Sticker("1988", ("ありがとう", "thank you", "happy"), "#f6c65b", "smile", "open", "heart"),
        Sticker("1989", ("OK", "了解", "okay"), "#8fcf9b", "open", "smile", "tick"),
        Sticker("1990", ("お願いします", "please", "bow"), "#f2a48f", "closed", "small", "drops"),
        Sticker("1991", ("笑", "laugh", "fun"), "#8fbbe8", "smile", "open"),
        Sticker("1992", ("困った", "worried", "hmm"), "#c9b3e6", "open", "wave", "drops"),
        Sticker("1993", ("泣く", "cry", "sad"), "#9cc7d8", "closed", "frown", "tears"),
        Sticker("1994", ("おこ", "angry"), "#ef8b7a", "angry", "frown"),
        Sticker("1995", ("おやすみ", "good night", "sleepy"), "#a8aede", "closed", "small", "moon"),
    )
}


@lru_cache(64)
def sticker(id: str) -> bytes:
    """The picture of a sticker as PNG; of one that is not ours a plain face."""
    made = STICKERS.get(id) or Sticker(id, (), GROUNDS[int(id or 0) % len(GROUNDS)], "open", "smile")
    image = Image.new("RGBA", (SIZE * SHARP, SIZE * SHARP))
    pen = ImageDraw.Draw(image)
    _body(pen, made.body)
    for side in (-1, 1):
        _eye(pen, 120 + side * 34, 108, made.eyes, side)
        pen.ellipse(_box(120 + side * 62, 136, 13, 8), fill="#f0857f")
    _mouth(pen, made.mouth)
    _extra(pen, made.extra)
    return _png(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


@lru_cache(256)
def face(id: str) -> bytes:
    """The profile picture of an id, always the same, as PNG."""
    number = hashlib.sha256(id.encode()).digest()[0]
    ground, shirt = GROUNDS[number % 6], GROUNDS[(number // 6 + number % 6 + 1) % 6]
    image = Image.new("RGB", (SIZE * 2, SIZE * 2), ground)
    pen = ImageDraw.Draw(image)
    pen.ellipse((50, 330, 430, 760), fill=shirt)
    pen.ellipse((130, 110, 350, 370), fill="#fbe3cf")
    pen.pieslice((118, 80, 362, 330), 180, 360, fill=("#3a2f2a", "#6b4a36", "#22252b")[number % 3])
    return _png(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


@lru_cache(1)
def mark() -> bytes:
    """The shop's own picture, an awning, as PNG."""
    image = Image.new("RGB", (SIZE * 2, SIZE * 2), "#28518f")
    pen = ImageDraw.Draw(image)
    for place in range(4):
        left = 100 + place * 70
        colour = "#faf9f6" if place % 2 == 0 else "#b2361c"
        pen.rectangle((left, 130, left + 70, 220), fill=colour)
        pen.pieslice((left, 185, left + 70, 255), 0, 180, fill=colour)
    pen.rectangle((120, 270, 360, 360), fill="#faf9f6")
    pen.rectangle((210, 285, 270, 360), fill="#28518f")
    return _png(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def _body(pen: ImageDraw.ImageDraw, colour: str) -> None:
    for side in (-1, 1):
        pen.ellipse(_box(120 + side * 62, 46, 24, 26), fill=colour, outline=INK, width=5 * SHARP)
    pen.ellipse(_box(120, 124, 102, 92), fill=colour, outline=INK, width=5 * SHARP)


def _eye(pen: ImageDraw.ImageDraw, x: float, y: float, how: str, side: int) -> None:
    width = 6 * SHARP
    if how == "smile":
        pen.arc(_box(x, y + 6, 14, 14), 200, 340, fill=INK, width=width)
    elif how == "closed":
        pen.arc(_box(x, y - 4, 14, 12), 20, 160, fill=INK, width=width)
    else:
        pen.ellipse(_box(x, y, 8, 10), fill=INK)
        pen.ellipse(_box(x + 3, y - 4, 3, 3), fill="white")
    if how == "angry":
        pen.line(_points((x - side * 14, y - 14), (x + side * 14, y - 26)), fill=INK, width=width)


def _mouth(pen: ImageDraw.ImageDraw, how: str) -> None:
    width = 6 * SHARP
    if how == "open":
        pen.chord(_box(120, 142, 28, 30), 0, 180, fill="#b2361c", outline=INK, width=width)
    elif how == "smile":
        pen.arc(_box(120, 136, 28, 24), 15, 165, fill=INK, width=width)
    elif how == "frown":
        pen.arc(_box(120, 168, 24, 20), 200, 340, fill=INK, width=width)
    elif how == "wave":
        wave = [(92 + step, 154 + 6 * math.sin(step / 5)) for step in range(0, 58, 2)]
        pen.line(_points(*wave), fill=INK, width=width, joint="curve")
    else:
        pen.ellipse(_box(120, 154, 9, 7), fill=INK)


def _extra(pen: ImageDraw.ImageDraw, what: str) -> None:
    if what == "heart":
        pen.ellipse(_box(186, 40, 15, 15), fill="#e2513d")
        pen.ellipse(_box(210, 40, 15, 15), fill="#e2513d")
        pen.polygon(_points((172, 46), (224, 46), (198, 78)), fill="#e2513d")
    elif what == "tick":
        pen.ellipse(_box(196, 50, 30, 30), fill="#28653f")
        pen.line(_points((182, 50), (193, 62), (212, 38)), fill="white", width=8 * SHARP, joint="curve")
    elif what == "moon":
        pen.pieslice(_box(196, 48, 30, 30), 40, 290, fill="#f6d873")
    elif what == "drops":
        for x, y in ((192, 60), (208, 84)):
            pen.ellipse(_box(x, y, 7, 11), fill="#6fb3e0")
    elif what == "tears":
        for side in (-1, 1):
            pen.ellipse(_box(120 + side * 44, 150, 9, 18), fill="#4f9fd8")


def _box(x: float, y: float, across: float, down: float) -> Box:
    return tuple(SHARP * edge for edge in (x - across, y - down, x + across, y + down))  # type: ignore[return-value]


def _points(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(SHARP * x, SHARP * y) for x, y in points]


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
