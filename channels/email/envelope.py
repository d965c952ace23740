"""Addresses and data as they go over an SMTP line (RFC 5321)."""

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_QUOTED = re.compile(r'"([^"\\\x00-\x1f\x7f]|\\[ -~])*"')
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[A-Za-z0-9:.]+\]")


def path(address: str) -> str:
    """`address` in its angle brackets. Raises ValueError if mail cannot be sent there.

    Local parts that are no proper atoms are quoted (RFC 5321, 4.1.2): those that Japanese carriers gave out for years,
    with dots at the end or side by side (foo..bar@docomo.ne.jp). A domain in letters of its own goes as IDNA.
    """
    if not address:
        return "<>"  # the sender of what must not be answered (RFC 5321, 4.5.5)
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    if not local or not _DOMAIN.fullmatch(domain):
        raise ValueError("no address")
    return f"<{_local(local)}@{domain}>"


def _local(local: str) -> str:
    if _DOT_ATOM.fullmatch(local) or _QUOTED.fullmatch(local):
        return local
    if re.search(
        r"[\x00-\x20\x7f<>@,;:]", local
    ):  # legal in quotes, but only ever seen in attempts to break out
        raise ValueError("no address")
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def data(message: bytes) -> bytes:
    """`message` as it follows DATA, without the final dot: every line ends in CRLF, none is a lone dot (4.5.2).

    Bare CR or LF would be read as line ends by some servers and not by others, which is how mails are smuggled in.
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)
