"""A sentence model small enough to be written down: each word has a vector, words of one sense the same one. Its files
are of the real kinds, so what loads a published model loads this one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SENSES = (
    ("piano", "upright", "grand"),
    ("violin", "fiddle", "viola"),
    ("drum", "snare", "timpani"),
    ("flute", "piccolo", "recorder"),
    ("shop", "store"),
)
_SIZE = 16


def written(folder: Path, senses: Sequence[Sequence[str]] = SENSES, *, cls: bool = False) -> Path:
    """The folder with the model in it."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["[UNK]", "[CLS]", *(word for sense in senses for word in sense)]
    vectors = np.random.default_rng(1).normal(size=(len(senses) + 2, _SIZE)).astype(np.float32)
    places = [0, 1, *(2 + place for place, sense in enumerate(senses) for _ in sense)]
    table = np.where(np.array(places)[:, None] == 0, 0.01, vectors[places]).astype(np.float32)
    (folder / "model.onnx").write_bytes(_model(table))
    vocabulary = {word: number for number, word in enumerate(words)}
    told: dict[str, object] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(told), "utf-8")
    if cls:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}', "utf-8")
    return folder


def _model(table: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    """ONNX (onnx.proto): one Gather, from a word's number to its vector."""
    rows, columns = table.shape
    weights = (
        _number(1, rows) + _number(1, columns) + _number(2, 1) + _text(8, "table") + _part(9, table.tobytes())
    )
    node = _text(1, "table") + _text(1, "input_ids") + _text(2, "last_hidden_state") + _text(4, "Gather")
    graph = (
        _part(1, node)
        + _text(2, "words")
        + _part(5, weights)
        + _part(11, _value("input_ids", 7, ("batch", "words")))
        + _part(12, _value("last_hidden_state", 1, ("batch", "words", columns)))
    )
    return _number(1, 8) + _part(8, _text(1, "") + _number(2, 13)) + _part(7, graph)


def _value(name: str, kind: int, shape: Sequence[str | int]) -> bytes:
    dims = b"".join(_part(1, _text(2, one) if isinstance(one, str) else _number(1, one)) for one in shape)
    return _text(1, name) + _part(2, _part(1, _number(1, kind) + _part(2, dims)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _part(field, value.encode())


def _part(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
