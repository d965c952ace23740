"""The XML of webhooks and of the answers to them, open and sealed (developers.weixin.qq.com, "消息加解密说明")."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Fields = Mapping[str, Any]
FIELD = re.compile(r"<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</\1>", re.S)
BITS = 256  # PKCS #7 fills up to so many


class NotSealed(ValueError):
    """It cannot be opened; the text says why."""


@dataclass(frozen=True)
class Secrets:
    """As in the console of the account."""

    app_id: str
    token: str
    key: str


def signature(*parts: str) -> str:
    """Over the token and the rest, in the order of the alphabet."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def written(fields: Fields) -> str:
    """XML as WeChat writes it: numbers bare, words in CDATA, objects below their name."""
    return (
        "<xml>\n" + "\n".join(f"<{name}>{_value(one)}</{name}>" for name, one in fields.items()) + "\n</xml>"
    )


def read(xml: str) -> dict[str, str]:
    """The fields of an answer; CDATA that was split at its own end is put together."""
    whole = xml.replace("]]]]><![CDATA[>", "]]\0>")
    return {name: (cdata or bare).replace("\0", "") for name, cdata, bare in FIELD.findall(whole)}


def sealed(secrets: Secrets, xml: str, chance: bytes) -> str:
    """The text of <Encrypt>; `chance`: 16 bytes."""
    raw = xml.encode()
    filler = padding.PKCS7(BITS).padder()
    told = filler.update(chance + struct.pack(">I", len(raw)) + raw + secrets.app_id.encode())
    encryptor = _cipher(secrets).encryptor()
    return base64.b64encode(encryptor.update(told + filler.finalize()) + encryptor.finalize()).decode()


def opened(secrets: Secrets, text: str) -> str:
    """The XML in the text of <Encrypt>. Raises `NotSealed`."""
    try:
        decryptor = _cipher(secrets).decryptor()
        filled = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
        taken = padding.PKCS7(BITS).unpadder()
        told = taken.update(filled) + taken.finalize()
        (size,) = struct.unpack(">I", told[16:20])
        xml, app_id = told[20 : 20 + size].decode(), told[20 + size :].decode()
    except (ValueError, struct.error) as error:
        raise NotSealed(str(error)) from error
    if app_id != secrets.app_id:
        raise NotSealed(f"sealed for {app_id}")
    return xml


def _value(one: Any) -> str:
    if isinstance(one, Mapping):
        return "".join(f"<{name}>{_value(inner)}</{name}>" for name, inner in one.items())
    return str(one) if isinstance(one, int | float) else f"<![CDATA[{one}]]>"


def _cipher(secrets: Secrets) -> Cipher[modes.CBC]:
    key = base64.b64decode(secrets.key + "=")
    return Cipher(algorithms.AES256(key), modes.CBC(key[:16]))
