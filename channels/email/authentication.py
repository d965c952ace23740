"""What the server that received a mail found out about where it comes from (RFC 8601).

Only that server's own words count. **It must remove every Authentication-Results header that claims its name from mail
that comes in** (RFC 8601, section 5; all large providers do), for a sender can write such a header, too. Since a server
puts its own above all that was there, a forged one stands further down: what is below the first header of another name
is not believed, whatever name it has. ARC headers are what others say that they saw, and are not looked at.
"""

import re
from collections.abc import Iterator

from channels.email.mail import Mail

METHODS = ("spf", "dkim", "dmarc")
_LONGEST = 20_000  # characters of one header
_RESULT = re.compile(
    r"([a-z0-9-]{1,30})(?:/\d{1,4})?\s*=\s*([a-z]{1,20})(?=[\s;]|$)(.*)", re.IGNORECASE | re.DOTALL
)
_PROPERTY = re.compile(r"([a-z]{1,20}\.[a-z0-9_-]{1,30})\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)
_RANK = ("pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror", "none")


def results(mail: Mail, trusted: str) -> dict[str, str]:
    """{"spf": "pass", "dkim": "fail", "dmarc": "none", "aligned": "yes"} as far as the host `trusted` tells of them.

    `trusted` is the authserv-id of the receiving server ("mx.google.com"); with "" nothing is believed. Of several
    signatures the best one counts. `aligned`: whether what passed stands for the domain that the reader sees in From,
    by DMARC where it was evaluated, else by comparing the domains. {} means that nothing is known.
    """
    found: dict[str, str] = {}
    passed: set[str] = set()
    for header in _believed(mail, trusted.strip().lower()):
        for method, result, properties in _methods(header):
            if method not in METHODS:
                continue
            found[method] = min(found.get(method, result), result, key=_rank)
            if result == "pass":
                passed |= _domains(method, properties)
    return {**found, "aligned": _aligned(mail, found, passed)} if found else {}


def _believed(mail: Mail, trusted: str) -> Iterator[str]:
    for value in mail.headers.get("authentication-results", ())[:50]:
        text = _without_comments(value[:_LONGEST])
        server, _, rest = text.partition(";")
        words = server.split()
        if not trusted or not words or words[0].strip('"').lower().rstrip(".") != trusted.rstrip("."):
            return
        yield rest


def _without_comments(text: str) -> str:
    """`text` without its (nested) comments; brackets within a quoted string are none."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in text:
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            kept.append(" ")
            continue
        if not depth:
            kept.append(char)
    return "".join(kept)


def _methods(text: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    for part in _parts(text):
        if found := _RESULT.fullmatch(part.strip()):
            properties = {key.lower(): value.strip('"') for key, value in _PROPERTY.findall(found[3])}
            yield found[1].lower(), found[2].lower(), properties


def _parts(text: str) -> list[str]:
    """`text` at its semicolons, but for those within quotes."""
    pieces = text.split('"')
    for i in range(1, len(pieces), 2):
        pieces[i] = pieces[i].replace(";", " ")
    return '"'.join(pieces).split(";")[:200]


def _rank(result: str) -> int:
    return _RANK.index(result) if result in _RANK else len(_RANK)


def _domains(method: str, properties: dict[str, str]) -> set[str]:
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.helo")}.get(method, ())
    told = (properties.get(name, "") for name in names)
    return {value.rpartition("@")[2].lower().rstrip(".") for value in told if value}


def _aligned(mail: Mail, found: dict[str, str], passed: set[str]) -> str:
    if found.get("dmarc") in ("pass", "fail"):
        return "yes" if found["dmarc"] == "pass" else "no"
    domain = mail.sender.address.rpartition("@")[2].lower() if mail.sender else ""
    return "yes" if any(_same(domain, other) for other in passed) else "no"


def _same(one: str, other: str) -> bool:
    """Equal, or one within the other: close to relaxed alignment (RFC 7489, 3.1) without a list of public suffixes."""
    shorter, longer = sorted((one, other), key=len)
    return bool(one) and (one == other or ("." in shorter and longer.endswith(f".{shorter}")))
