"""A running installation, a shop's site, a Chromium, and people with browsers of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from sqlalchemy.orm import Session

from app import db as database
from tests import factories
from tests.browser.cast import Customer, Staff
from tests.browser.host import Host, hosting
from tests.serving import Served, serving


class Shop:
    """The installation and the site that uses it."""

    def __init__(self, served: Served, host: Host) -> None:
        self.served, self.host = served, host

    @contextmanager
    def rows(self) -> Iterator[Session]:
        """The installation's own database, as another process of it would use it."""
        engine = database.make_engine(f"sqlite:///{self.served.data_dir / 'madoguchi.db'}")
        with Session(engine.execution_options(writes=True), expire_on_commit=False) as db, db.begin():
            yield db
        engine.dispose()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A fresh installation with a chat channel `shop`, its FAQ, two agents and a supervisor."""
    with hosting() as host, serving(tmp_path / "data", "--no-demo") as served:
        host.desk = served.base
        made = Shop(served, host)
        with made.rows() as db:
            _furnish(db, host)
        yield made


def _furnish(db: Session, host: Host) -> None:
    factories.channel(
        db, bot=True, key="shop", name="北風洋品店", settings={"allowed_origins": [host.origin]}
    )
    factories.faq(
        db, "到着後14日以内は当店が負担します。", ["返品の送料はいくらですか", "返送料"], title="返品の送料"
    )
    factories.faq(
        db,
        "Shipping is free over 5,000 yen.",
        ["How much is shipping", "What does delivery cost"],
        title="Shipping cost",
        language="en",
    )
    factories.agent(db, "田中", email="tanaka@example.jp")
    factories.agent(db, "Emma", email="emma@example.jp", locale="en")
    factories.supervisor(db, "佐藤", email="sato@example.jp")


@pytest.fixture
def people(chromium: Browser) -> Iterator[Callable[..., Any]]:
    """`people(Customer)` or `people(Staff, locale="en-GB")`: somebody with a fresh browser."""
    contexts = []

    def arrive(
        kind: type[Customer] | type[Staff], *, locale: str = "ja-JP", **options: Any
    ) -> Customer | Staff:
        options = {"viewport": {"width": 1280, "height": 800}, "timezone_id": "Asia/Tokyo", **options}
        context = chromium.new_context(locale=locale, **options)
        contexts.append(context)
        return kind(context)

    yield arrive
    for context in contexts:
        context.close()
