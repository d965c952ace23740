"""Safe mode: what WeChat seals, and what we seal for it, with AES-256-CBC by the EncodingAESKey
(https://developers.weixin.qq.com/doc/oplatform/developers/dev/AppID_AppSecret.html, "消息加解密").

Sealed is: 16 bytes of chance, the length of the XML (4 bytes, the high one first), the XML, the AppID; filled up to
whole 32 bytes (PKCS #7). The first 16 bytes of the key are the initialisation vector.
"""

import base64
import binascii
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from channels.events import BadSignature

BLOCK = 32
_HEAD = 20


def opened(sealed: str, key: str, app_id: str) -> bytes:
    """The XML in the text of <Encrypt>. Raises `BadSignature` where it was sealed with another key, or for another
    AppID."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        decryptor = _cipher(key).decryptor()
        plain = decryptor.update(raw) + decryptor.finalize()
    except (ValueError, binascii.Error):
        raise BadSignature("what is sealed cannot be opened with this EncodingAESKey") from None
    filled = plain[-1] if plain else 0
    size = int.from_bytes(plain[16:_HEAD], "big")
    end = len(plain) - filled
    if not 1 <= filled <= BLOCK or not _HEAD + size <= end:
        raise BadSignature("what is sealed cannot be opened with this EncodingAESKey")
    if not hmac.compare_digest(plain[_HEAD + size : end], app_id.encode()):
        raise BadSignature("it is sealed for another AppID")
    return plain[_HEAD : _HEAD + size]


def sealed(xml: bytes, key: str, app_id: str) -> str:
    """The text of <Encrypt>; another one each time."""
    told = secrets.token_bytes(16) + len(xml).to_bytes(4, "big") + xml + app_id.encode()
    filled = BLOCK - len(told) % BLOCK
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(told + bytes([filled]) * filled) + encryptor.finalize()).decode()


def is_key(key: str) -> bool:
    """Whether it could be an EncodingAESKey: 43 letters and digits, 256 bits of base64 without their last sign."""
    try:
        return len(key) == 43 and len(base64.b64decode(f"{key}=", validate=True)) == BLOCK
    except (ValueError, binascii.Error):
        return False


def _cipher(key: str) -> "Cipher[modes.CBC]":
    raw = base64.b64decode(f"{key}=", validate=True)
    return Cipher(algorithms.AES256(raw), modes.CBC(raw[:16]))
