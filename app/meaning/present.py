"""Which sentence model this process has. What it takes (20 MB and the model) is loaded when it is first asked for."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import settings

if TYPE_CHECKING:
    from app.meaning.kept import Kept

log = logging.getLogger(__name__)


class Missing(Exception):
    """There is no model that can be used: an English sentence, and its values."""

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence, self.values = sentence, values


_loaded: Kept | None = None
_trouble: Missing | None = None
_of: tuple[Path, str] | None = None
_loading = threading.Lock()


def opened(folder: Path, prefix: str, kept_in: Path | None = None) -> Kept:
    """The model in a folder. Raises :class:`Missing`."""
    from app.meaning.kept import Kept
    from app.meaning.model import load

    return Kept(load(folder, prefix), kept_in)


def present() -> Kept | None:
    """The model that the settings name, loaded once in a process; None: none is named, or it cannot be used."""
    global _loaded, _trouble, _of
    current = settings()
    if current.embeddings is None:
        return None
    wanted = current.embeddings, current.embeddings_prefix
    with _loading:
        if _of != wanted:
            _loaded = _trouble = None
            try:
                _loaded = opened(*wanted, current.data_dir / "vectors")
            except Missing as missing:
                _trouble = missing
                log.warning("no sentence model: %s", missing)
            _of = wanted
        return _loaded


def chosen(name: str) -> Kept | None:
    """The model that the bot was switched to, if this process has the very same; else it answers by words alone, and
    the log says so."""
    if not name:
        return None
    found = present()
    if found is None or found.name != name:
        log.warning("the bot is to use the sentence model %s, which is not here: it answers without", name)
        return None
    return found


def state() -> tuple[str, Missing | None]:
    """The name of this process's model ("": none), and why the one that is named cannot be used."""
    found = present()
    return (found.name, None) if found else ("", _trouble if settings().embeddings else None)


def forget() -> None:
    """Load it anew at the next use (tests)."""
    global _of, _loaded, _trouble
    _of = _loaded = _trouble = None
