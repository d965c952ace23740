"""How long a sound or a film lasts: LINE wants to be told, and the file says it (ISO/IEC 14496-12, 8.2.2)."""

import struct
from collections.abc import Iterator

_MOST = 200  # boxes looked at


def milliseconds(data: bytes) -> int | None:
    """The duration of an MP4 (also .m4a, .mov); None where it does not say."""
    movie = _box(data, b"moov")
    header = _box(movie, b"mvhd")
    if len(header) < 20:
        return None
    long = header[0] == 1
    if long and len(header) < 32:
        return None
    scale, duration = struct.unpack(">IQ", header[20:32]) if long else struct.unpack(">II", header[12:20])
    return round(1000 * duration / scale) if scale and 0 < duration < 2**53 else None


def _box(data: bytes, name: bytes) -> bytes:
    return next((body for kind, body in _boxes(data) if kind == name), b"")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, contents) of the boxes that follow each other; ends where they make no sense."""
    at = 0
    for _ in range(_MOST):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        head = 8
        if size == 1 and at + 16 <= len(data):  # a size of 64 bits follows
            (size,) = struct.unpack(">Q", data[at + 8 : at + 16])
            head = 16
        end = at + size if size else len(data)  # 0: to the end of the file
        if end < at + head:
            return
        yield kind, data[at + head : end]
        at = end
