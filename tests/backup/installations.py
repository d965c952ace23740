"""Installations of a test's own, and people who write in them while one is saved."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

import app.db
from app import config, files
from app.config import configure
from app.db import transaction
from app.models import (
    Agent,
    Attachment,
    Channel,
)
from tests import factories

KEY = "a secret for the tests only, 0123"


class Place:
    """An installation of the test's own: a folder and a database. `enter()` makes it this process's."""

    def __init__(self, folder: Path, url: str = "", key: str = KEY) -> None:
        self.folder, self.key = folder, key
        self.url = url or f"sqlite:///{folder / 'madoguchi.db'}"

    def enter(self) -> None:
        redis = config.settings().redis_url
        app.db.configure(None)
        self.folder.mkdir(exist_ok=True)
        configure(data_dir=self.folder, database_url=self.url, redis_url=redis, secret=self.key)


def picture(hue: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (hue % 256, 20, 30)).save(out, "PNG")
    return out.getvalue()


def talk(channel_id: int, agent_id: int, name: str, number: int) -> str:
    """A customer sends words with a picture, an agent answers; gives the words once they are committed."""
    words = f"{name} の {number} 通目"
    with transaction() as db:
        channel, agent = db.get_one(Channel, channel_id), db.get_one(Agent, agent_id)
        said = factories.customer_says(db, channel, words, name)
        data = picture(number) + name.encode()
        files.store(db, data, "p.png", limit=10**6, channel=channel).message_id = said.id
        factories.reply(db, agent, factories.thread_of(db, said))
    return words


class Load:
    """People who write until they are told to stop; `acknowledged` is what was committed."""

    def __init__(self, writers: int = 3) -> None:
        with transaction() as db:
            self.ids = (factories.channel(db).id, factories.agent(db).id)
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(f"客{n}",)) for n in range(writers)]

    def _run(self, name: str) -> None:
        number = 0
        while not self._stop.is_set():
            self.acknowledged.append(talk(*self.ids, name, number := number + 1))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()


def wait_for(holds: Callable[[], bool]) -> None:
    tick = threading.Event()
    while not holds():
        tick.wait(0.01)


def kept(place: Place, one: Attachment) -> Path:
    return place.folder / "files" / one.sha256[:2] / one.sha256
