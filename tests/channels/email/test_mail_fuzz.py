"""Mutilated mails are read and described: no crash, nothing that is no text.

MADOGUCHI_TEST_FUZZ=100000 makes that many, and prints the slowest.
"""

import json
import os
import random
import resource
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.describing import describe
from tests.examples import some

# The same in every run, and a busy machine is no fault.
calm = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
MAILS = [path.read_bytes() for path in sorted((Path(__file__).parent / "corpus").glob("*.eml"))]
ROUNDS = int(os.environ.get("MADOGUCHI_TEST_FUZZ", "400"))
TOKENS = [
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b"\xff", b"\x1b$B", b"\x1b(B", b"\x1b(I"),
    *(b"\x82\xa0", b"\xe3\x81\x82", b"=?utf-8?B?", b"=?iso-2022-jp?Q?", b"?=", b"=", b"==", b"=\r\n"),
    *(b"--b1", b"--b1--", b"--", b'"', b"<", b">", b";", b"<blockquote>", b"> ", b"cid:", b"-- \r\n"),
    *(b"Content-Type: multipart/mixed; boundary=b1\r\n", b"Content-Transfer-Encoding: base64\r\n"),
    *(b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: text/html\r\n\r\n", b"begin 644 x\r\n"),
    *(b"filename*0*=", b"filename*=utf-8''%E3", b"charset=", b"format=flowed; delsp=yes"),
    *(b"\x78\x9f\x3e\x22", b" " * 70),
]


def mutilated(raw: bytes, dice: random.Random) -> bytes:
    """`raw` with a few pieces cut out, doubled, swapped for others, or put in."""
    data = bytearray(raw)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(data) + 1)
        span = slice(at, at + dice.choice((0, 1, 4, 30, 300)))
        how = dice.randrange(5)
        if how == 0:
            del data[span]
        elif how == 1:
            data[at:at] = data[span] * dice.choice((1, 2, 20))
        elif how == 2:
            data[span] = dice.randbytes(dice.randint(0, 6))
        elif how == 3:
            data[at:at] = dice.choice(TOKENS)
        else:
            other = dice.choice(MAILS)
            data[at:] = other[dice.randrange(len(other) + 1) :]
    return bytes(data)


def check(raw: bytes) -> None:
    said = describe("x", raw, ("help@shop.example",))
    json.dumps(said, ensure_ascii=False).encode()  # no lone surrogates
    assert not [problem for problem in said["problems"] if problem.startswith("The mail could not be read")]
    assert not set("".join((said["subject"], said["from"]["name"], said["from"]["address"]))) & set("\r\n\0")


def test_mutilated_mails_are_described() -> None:
    slowest, before = (0.0, b""), _peak()
    for seed in range(ROUNDS):
        dice = random.Random(seed)
        raw = mutilated(dice.choice(MAILS), dice)
        began = time.perf_counter()
        check(raw)
        slowest = max(slowest, (time.perf_counter() - began, raw))
    assert _peak() - before < 100 * 1024, (
        "a mail of some kilobytes takes a hundred megabytes, or none is let go of"
    )
    if ROUNDS > 1_000:
        print(f"{ROUNDS} mails, the slowest {slowest[0]:.3f} s: {slowest[1][:2_000]!r}")  # noqa: T201 - the long run's result


def _peak() -> int:
    """The most memory this process ever took, in KiB (on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@settings(calm, max_examples=some(100))
@given(
    st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)), max_size=20), st.sampled_from(MAILS)
)
def test_mails_put_together_from_pieces_are_described(pieces: list[bytes], mail: bytes) -> None:
    check(b"".join(pieces))
    check(mail[: len(mail) // 2] + b"".join(pieces) + mail[len(mail) // 2 :])
