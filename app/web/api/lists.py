"""What the modules of the API share: pages of shapes, and refusals that name several fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from app import directory
from app.web.api.framework import Page
from app.web.api.problems import Unreadable

Row = TypeVar("Row")
Shape = TypeVar("Shape")

ADMINS = ("admin",)  # who may say who works here, and through which channels
EDITORS = ("supervisor", *ADMINS)  # who may change what everybody uses


def page_of(found: directory.Page[Row], shape: Callable[[Row], Shape]) -> Page[Shape]:
    """The page as it is answered."""
    return Page([shape(row) for row in found.rows], found.after)


def wrong(problems: Mapping[str, tuple[str, Mapping[str, object]]]) -> Unreadable:
    """What is wrong with the body: field → (English sentence, its values)."""
    return Unreadable([(f"body.{name}", said, dict(values)) for name, (said, values) in problems.items()])
