"""Vectors kept by what was said, in memory and in a file of the data directory that all processes of a machine share:
an edit asks the model only for what is new. A lost or broken file costs time, nothing else."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.meaning.model import Floats, Model

log = logging.getLogger(__name__)

MOST = 200_000  # vectors in a file; then it is begun anew
ASKED = 2000  # vectors of customers' questions in memory; nothing of them is written down
_DIGEST = 16


class Kept:
    """A model that is asked only once for each known text. Threads may share it."""

    def __init__(self, model: Model, folder: Path | None) -> None:
        """`folder` is where the file stands; None: only memory."""
        self.name = model.name
        self._model = model
        self._file = folder / f"{model.name}.vectors" if folder else None
        self._known: dict[bytes, Floats] = {}
        self._asked: OrderedDict[bytes, Floats] = OrderedDict()
        self._size = model.vectors(["?"]).shape[1]
        self._read = 0
        self._writing = threading.Lock()

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A row for each text. One text alone is a question: it is not written down."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_DIGEST] for text in texts]
        if len(texts) == 1:
            return self._of_a_question(keys[0], texts[0])[None, :]
        with self._writing:
            if any(key not in self._known for key in keys):
                self._look_again()
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
            made = {key: self._model.vectors([text])[0] for key, text in new.items()}
            self._known |= made
            self._write(made)
            return np.stack([self._known[key] for key in keys])

    def _of_a_question(self, key: bytes, text: str) -> Floats:
        with self._writing:
            found = self._known.get(key)
            found = self._asked.get(key) if found is None else found
        if found is None:
            found = self._model.vectors([text])[0]
            with self._writing:
                self._asked[key] = found
                while len(self._asked) > ASKED:
                    self._asked.popitem(last=False)
        return found

    @property
    def _record(self) -> np.dtype[np.void]:
        return np.dtype([("key", f"S{_DIGEST}"), ("vector", np.float32, (self._size,))])

    def _look_again(self) -> None:
        """What other processes have written since."""
        if self._file is None or not self._file.is_file():
            return
        try:
            size = self._record.itemsize
            with self._file.open("rb") as opened:
                opened.seek(self._read * size)
                told = opened.read()
        except OSError as error:
            log.warning("vectors could not be read from %s: %s", self._file, error)
            return
        rows = np.frombuffer(told[: len(told) // size * size], self._record)
        self._read += len(rows)
        for key, vector in zip(rows["key"], rows["vector"], strict=True):
            self._known[bytes(key).ljust(_DIGEST, b"\0")] = vector

    def _write(self, made: dict[bytes, Floats]) -> None:
        if self._file is None or not made:
            return
        rows = np.array(list(made.items()), self._record)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX)
                whole = opened.seek(0, os.SEEK_END) // rows.itemsize
                if whole > MOST:
                    whole = self._read = 0
                opened.truncate(whole * rows.itemsize)  # without what a dead process wrote half of
                opened.write(rows.tobytes())
        except OSError as error:
            log.warning("vectors could not be kept in %s: %s", self._file, error)
