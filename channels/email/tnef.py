"""winmail.dat: what Outlook packs its mail into when it takes the receiver for another Outlook (MS-OXTNEF).

Read here, and not by `tnefparse`, because that one loses binary data that ends in zeros, trusts counts of four
thousand millions, and believes the code page: Japanese Outlook says 1252 and writes 932. It is the judge in the tests.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email import charsets

SIGNATURE = b"\x78\x9f\x3e\x22"
_DEPTH = 3
_MAX_FILES = 500
_MAX_ATTRIBUTES = 20_000
_OEM_CODEPAGE, _MESSAGE_PROPERTIES, _BODY = 0x9007, 0x9003, 0x800C
_NEW_FILE, _FILE_PROPERTIES, _FILE_TITLE, _FILE_DATA = 0x9002, 0x9005, 0x8010, 0x800F
_P_BODY, _P_PLAIN_BODY, _P_HTML, _P_RTF, _P_CODEPAGE = 0x1000, 0x3FD9, 0x1013, 0x1009, 0x3FDE
_P_DATA, _P_NAME, _P_SHORT_NAME, _P_SHOWN_NAME = 0x3701, 0x3707, 0x3704, 0x3001
_P_TYPE, _P_CONTENT_ID = 0x370E, 0x3712
_SHORT, _BOOLEAN = 0x0002, 0x000B
_STRING, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_MANY, _NAMED = 0x1000, 0x8000
_SIZES = {
    2: 4,
    3: 4,
    4: 4,
    10: 4,
    11: 4,
    1: 0,
    0: 0,
    5: 8,
    6: 8,
    7: 8,
    20: 8,
    64: 8,
    72: 16,
}  # padded to four
_RTF_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
Properties = dict[int, tuple[int, bytes]]


@dataclass(frozen=True)
class Packed:
    name: str
    media_type: str
    data: bytes = field(repr=False)
    content_id: str = ""


@dataclass(frozen=True)
class Unpacked:
    """`rtf` is decompressed. `sound`: read to its end."""

    text: str = ""
    html: str = ""
    rtf: bytes = b""
    files: tuple[Packed, ...] = ()
    sound: bool = True


def unpack(data: bytes, depth: int = 0) -> Unpacked:
    """What is in a winmail.dat; what could be read of it if it is broken. Never raises."""
    box = _Box(sound=data.startswith(SIGNATURE))
    try:
        for name, value in _attributes(data):
            box.take(name, value)
    except (struct.error, IndexError):
        box.sound = False
    found = [packed for one in box.files if (packed := _packed(one, box.codepage)) is not None]
    opened = tuple(piece for packed in found for piece in _opened(packed, depth))
    body = box.message.get(_P_BODY) or box.message.get(_P_PLAIN_BODY)
    html = _html(box.message, box.codepage)
    return Unpacked(_text(body, box.codepage), html, _rtf(box.message), opened, box.sound)


@dataclass
class _Box:
    """What was found so far. A run of properties that breaks off loses only what stands behind the break."""

    sound: bool
    codepage: int = 0
    message: Properties = field(default_factory=dict)
    files: list[Properties] = field(default_factory=list)

    def take(self, name: int, value: bytes) -> None:
        if name == _OEM_CODEPAGE:
            self.codepage = int.from_bytes(value[:4], "little")
        elif name == _MESSAGE_PROPERTIES:
            self._put(self.message, _properties(value))
        elif name == _BODY:
            self.message.setdefault(_P_BODY, (_STRING, value))
        elif name == _NEW_FILE and len(self.files) < _MAX_FILES:
            self.files.append({})
        elif self.files:
            self._put(self.files[-1], _of_file(name, value))

    def _put(self, properties: Properties, found: Iterator[tuple[int, tuple[int, bytes]]]) -> None:
        try:
            for name, value in found:
                properties[name] = value
        except (struct.error, IndexError):
            self.sound = False


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    for _ in range(_MAX_ATTRIBUTES):
        if position + 11 > len(data):
            return
        name, length = struct.unpack_from("<xHxxI", data, position)
        position += 9
        if position + length > len(data):
            yield name, data[position:]
            raise IndexError("cut off")
        yield name, data[position : position + length]
        position += length + 2


def _of_file(name: int, value: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    if name == _FILE_TITLE:
        yield _P_SHORT_NAME, (_STRING, value)
    elif name == _FILE_DATA:
        yield _P_DATA, (_BINARY, value)
    elif name == _FILE_PROPERTIES:
        yield from _properties(value)


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Each MAPI property's name, type and first value."""
    position = 4
    while position + 4 <= len(data):
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name & _NAMED:
            position = _past_name(data, position)
        many = kind & _MANY
        kind &= ~_MANY
        count = 1
        if many or kind in (_STRING, _UNICODE, _OBJECT, _BINARY):
            (count,) = struct.unpack_from("<I", data, position)
            position += 4
        for index in range(min(count, len(data) // 4)):
            value, position = _value(data, position, kind, bool(many))
            if index == 0:
                yield name, (kind, value)
        if many and kind in (_SHORT, _BOOLEAN) and count % 2:
            position += 2


def _past_name(data: bytes, position: int) -> int:
    """Past the long name that properties of one's own have."""
    kind, length = struct.unpack_from("<II", data, position + 16)
    return position + 24 + (_padded(length) if kind else 0)


def _value(data: bytes, position: int, kind: int, many: bool) -> tuple[bytes, int]:
    if kind in _SIZES:
        size = 2 if many and kind in (_SHORT, _BOOLEAN) else _SIZES[kind]
        return data[position : position + size], position + size
    if kind not in (_STRING, _UNICODE, _OBJECT, _BINARY):
        raise IndexError("a type that is unknown")
    (length,) = struct.unpack_from("<I", data, position)
    position += 4
    if position + length > len(data):
        raise IndexError("cut off")
    return data[position : position + length], position + _padded(length)


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _packed(properties: Properties, codepage: int) -> Packed | None:
    kind, data = properties.get(_P_DATA, (0, b""))
    if _P_DATA not in properties:
        return None
    names = (_text(properties.get(name), codepage) for name in (_P_NAME, _P_SHORT_NAME, _P_SHOWN_NAME))
    return Packed(
        next((name for name in names if name), ""),
        _text(properties.get(_P_TYPE), codepage).lower(),
        data[16:] if kind == _OBJECT else data,
        _text(properties.get(_P_CONTENT_ID), codepage),
    )


def _opened(packed: Packed, depth: int) -> Iterator[Packed]:
    """A file, or what is in it if it is a mail in the same packing."""
    if not packed.data.startswith(SIGNATURE) or depth >= _DEPTH:
        yield packed
        return
    inner = unpack(packed.data, depth + 1)
    name = packed.name or "mail"
    if inner.html:
        yield Packed(f"{name}.html", "text/html", inner.html.encode())
    elif inner.text:
        yield Packed(f"{name}.txt", "text/plain", inner.text.encode())
    elif inner.rtf:
        yield Packed(f"{name}.rtf", "application/rtf", inner.rtf)
    yield from inner.files


def _text(value: tuple[int, bytes] | None, codepage: int) -> str:
    if value is None:
        return ""
    kind, raw = value
    if kind == _UNICODE:
        return raw.decode("utf-16-le", "replace").split("\0", 1)[0]
    raw = raw.split(b"\0", 1)[0]
    believed = codepage if codepage not in (0, 932, 437, 850, 1252) else 0
    text, _ = charsets.decode(raw, f"cp{believed}" if believed else "")
    return charsets.decode(raw, f"cp{codepage}")[0] if "\ufffd" in text and codepage else text


def _html(message: Properties, codepage: int) -> str:
    kind, raw = message.get(_P_HTML, (0, b""))
    if kind in (_STRING, _UNICODE):
        return _text((kind, raw), codepage)
    told = int.from_bytes(message.get(_P_CODEPAGE, (0, b""))[1][:4], "little")
    return charsets.decode(raw.rstrip(b"\0"), charsets.of_windows(told))[0]


def _rtf(message: Properties) -> bytes:
    raw = message.get(_P_RTF, (0, b""))[1]
    if len(raw) < 16:
        return b""
    packed, size, how = struct.unpack_from("<III", raw, 0)
    if how == 0x414C454D:  # "MELA": as it is
        return raw[16 : 16 + size]
    return _inflated(raw[16 : 4 + packed], min(size, 20 * len(raw))) if how == 0x75465A4C else b""


def _inflated(raw: bytes, size: int) -> bytes:
    """Compressed RTF (MS-OXRTFCP): literals, and references into the last 4096 bytes."""
    window = bytearray(_RTF_START.ljust(4096, b"\0"))
    place, done = len(_RTF_START), bytearray()
    position = 0
    while position < len(raw) and len(done) < size:
        flags, position = raw[position], position + 1
        for bit in range(8):
            if flags >> bit & 1:
                if position + 2 > len(raw):
                    return bytes(done)
                token = int.from_bytes(raw[position : position + 2], "big")
                position += 2
                offset = token >> 4
                if offset == place:
                    return bytes(done)
                piece = []
                for step in range((token & 15) + 2):
                    char = window[(offset + step) % 4096]
                    window[place] = char
                    place = (place + 1) % 4096
                    piece.append(char)
                done += bytes(piece)
            elif position < len(raw):
                done.append(raw[position])
                window[place] = raw[position]
                place, position = (place + 1) % 4096, position + 1
    return bytes(done[:size])
