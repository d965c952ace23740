"""A sentence model in the ONNX form: a folder with `model.onnx` (or `onnx/model.onnx`) and `tokenizer.json`, as such
models are published; how the vectors of the words become one of the sentence stands in `1_Pooling/config.json`.

Texts go in one at a time: an int8 model scales its numbers by what is in a batch, and the same text is to give the same
vector on every worker.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.meaning.present import Missing

Floats = npt.NDArray[np.float32]

LONGEST = 256  # tokens that are read of a text
FILES = ("model.onnx", "onnx/model.onnx")
POOLING = "1_Pooling/config.json"


class Model:
    """A model that is loaded. Threads may share it."""

    def __init__(self, session: Any, tokenizer: Any, pooling: str, prefix: str, name: str) -> None:
        self._session, self._tokenizer = session, tokenizer
        self._pooling, self._prefix = pooling, prefix
        self._inputs = {one.name for one in session.get_inputs()}
        self._outputs = [one.name for one in session.get_outputs()]
        self._one_at_a_time = threading.Lock()
        self.name = name

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A row for each text, of length 1."""
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Floats:
        ids = self._tokenizer.encode(self._prefix + text).ids
        tokens = np.array([ids], np.int64)
        given = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        with self._one_at_a_time:
            found = self._session.run(
                self._outputs[:1], {name: one for name, one in given.items() if name in self._inputs}
            )[0]
        words = np.asarray(found, np.float32)[0]
        vector = words if words.ndim == 1 else words[0] if self._pooling == "cls" else words.mean(0)
        length = float(np.sqrt(np.einsum("i,i->", vector, vector)))
        rounded: Floats = np.round(vector / max(length, 1e-9), 4).astype(np.float32)
        return rounded


def load(folder: Path, prefix: str = "") -> Model:
    """The model in `folder`. Raises :class:`Missing`."""
    try:
        import onnxruntime
        from tokenizers import Tokenizer
    except ImportError as error:
        raise Missing("The extra is not installed: pip install 'madoguchi[embeddings]'.") from error
    file = next((folder / one for one in FILES if (folder / one).is_file()), None)
    if file is None or not (folder / "tokenizer.json").is_file():
        raise Missing("There is no model.onnx with a tokenizer.json in %(folder)s.", folder=folder)
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # adds up in one order
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        pooling = _pooling(folder / POOLING)
        made = Model(session, tokenizer, pooling, prefix, _name(file, folder, prefix, pooling))
        made.vectors(["?"])
    except Exception as error:  # the libraries raise what they like
        raise Missing(
            "The model in %(folder)s cannot be used: %(why)s", folder=folder, why=_why(error)
        ) from error
    return made


def _pooling(file: Path) -> str:
    """ "mean", or "cls" where the folder says so."""
    told = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return "cls" if told.get("pooling_mode_cls_token") else "mean"


def _name(file: Path, folder: Path, prefix: str, pooling: str) -> str:
    """The folder's name, to be read, and what the vectors depend on, to be compared."""
    told = hashlib.sha256(f"{prefix}\0{pooling}\0{LONGEST}\0".encode())
    for each in (file, folder / "tokenizer.json"):
        with each.open("rb") as opened:
            told.update(hashlib.file_digest(opened, "sha256").digest())
    return f"{folder.name[:40]}-{told.hexdigest()[:16]}"


def _why(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
