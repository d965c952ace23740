"""Call records in every form they come in, and the program that posts them."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from channels import signing
from channels.base import BadSignature, Call, Ignored, Request
from tests.channels.asterisk import CALL, DID, SIGNING, TARO, connector
from tests.channels.cases import payloads
from tests.channels.servers import Answer, serving

HELP = Path(__file__).parents[3] / "app" / "help"
EXPORTER = HELP / "examples" / "asterisk_cdr.py"


def row(**fields: Any) -> dict[str, Any]:
    told = {
        **{"calldate": "2026-11-21 18:59:30", "src": TARO, "dst": "201", "did": DID},
        **{"channel": "PJSIP/trunk-0000000a", "dstchannel": "PJSIP/201-0000000b", "lastapp": "Dial"},
        **{"duration": 133, "billsec": 125, "disposition": "ANSWERED"},
        **{"uniqueid": CALL, "linkedid": CALL, "sequence": 31},
    }
    return told | fields


def read(*rows: Any) -> list[Any]:
    return connector().parse(Request("POST", "", body=json.dumps(list(rows)).encode()))


def ring_group() -> list[dict[str, Any]]:
    """Three telephones ring, the second is taken; the queue and the menu before have rows of their own."""
    menu = row(dst="s", dstchannel="", lastapp="BackGround", duration=5, billsec=5, sequence=30)
    rang = [
        row(dstchannel=f"PJSIP/{extension}-1", disposition="NO ANSWER", billsec=0, duration=25, sequence=at)
        | {"uniqueid": f"1795222770.{at}"}
        for at, extension in ((32, "201"), (33, "202"), (34, "203"))
    ]
    rang[1] |= {"disposition": "ANSWERED", "billsec": 100, "duration": 120}
    return [menu, *rang]


def test_trap_39_linkedid_groups_legs_into_one_call() -> None:
    for order in permutations(ring_group()):
        (call,) = read(*order)
        assert isinstance(call, Call)
        assert (call.external_id, call.result, call.agent, call.talk_seconds) == (
            CALL,
            "answered",
            "202",
            100,
        )


def test_trap_39_other_calls_in_the_same_request_stay_others() -> None:
    others = [row(linkedid=f"9.{at}", uniqueid=f"9.{at}", src=f"0311112{at:03}") for at in range(20)]
    rows = [*ring_group(), *others]
    random.Random(39).shuffle(rows)
    told = read(*rows)
    assert len(told) == 21
    assert {one.external_id for one in told} == {CALL, *(f"9.{at}" for at in range(20))}


def test_rows_of_one_call_that_come_apart_name_the_same_call_and_different_legs() -> None:
    apart = [call for each in ring_group() for call in read(each)]
    assert {one.external_id for one in apart} == {CALL}
    assert len({one.leg for one in apart}) == 4
    assert sorted(one.result for one in apart) == ["answered", "missed", "missed", "missed"]
    assert [one.agent for one in apart if one.result != "answered"] == ["", "", ""]


@pytest.mark.parametrize(
    "body",
    [
        b'"a","b"\n"1',
        b'src,dst\n"' + b"x" * 200_000,
        b"\x00\xff\xfe" * 100,
        ",".join("x" * 16).encode(),
        b'{"rows": 5}',
        b"[1, null, []]",
        b"{broken\n{}\n",
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_becomes_nothing_in_words(body: bytes) -> None:
    told = connector().parse(Request("POST", "", body=body))
    assert told
    assert all((isinstance(one, Ignored) and one.reason) or isinstance(one, Call) for one in told)


def test_a_broken_row_costs_its_neighbours_nothing() -> None:
    told = read(
        row(), {"disposition": [], "src": {}}, "junk", row(linkedid="2", calldate="yesterday", duration="x")
    )
    assert [one.external_id for one in told if isinstance(one, Call)] == [CALL, "2"]


def test_a_broken_line_of_a_table_costs_its_neighbours_nothing() -> None:
    sample = next(one for one in payloads("asterisk") if one.name == "master_csv")
    body = b'"half","a row"\n' + sample.request.body + b'"",",\n'
    told = connector().parse(replace(sample.request, body=body))
    assert [one.external_id for one in told if isinstance(one, Call)] == [CALL]


def test_numbers_with_letters_and_full_width_ones_are_told_as_they_are() -> None:
    for number in (
        "0120-SHOP-24",
        "０９０－１２３４－５６７８",
        "+81 90 1234 5678",
        "sip:+819012345678@ims.example.jp",
    ):
        (call,) = read(row(src=number))
        assert call.sender.address == number.removeprefix("sip:").partition("@")[0]
        assert call.withheld == ""


@pytest.mark.parametrize(
    "word", ["anonymous", "Anonymous", "<unknown>", "", "非通知", "公衆電話", "restricted", "s"]
)
def test_no_number_is_nobody_in_the_words_of_the_system(word: str) -> None:
    (call,) = read(row(src=word))
    assert call.sender.address == ""
    assert call.withheld == (word.strip("<>") or "withheld")


def test_a_record_posted_again_within_minutes_is_the_same_and_later_refused() -> None:
    body = json.dumps(row()).encode()
    now = int(time.time())

    def request(stamp: int, secret: str = SIGNING) -> Request:
        signed = f"t={stamp},v1={signing.sign(secret, stamp, body)}"
        return Request("POST", "", {"x-madoguchi-signature": signed}, {}, body)

    connector().verify(request(now))
    assert connector().parse(request(now)) == connector().parse(request(now - 60))
    with pytest.raises(BadSignature, match="five minutes"):
        connector().verify(request(now - 3600))
    with pytest.raises(BadSignature, match="no signature fits"):
        connector().verify(request(now, "another-secret-0000"))


def export(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DESK": url, "SECRET": SIGNING}
    env |= {"CSV": str(folder / "Master.csv"), "STATE": str(folder / "state")}
    command = [sys.executable, str(EXPORTER)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def line(at: int) -> str:
    (sample,) = [one for one in payloads("asterisk") if one.name == "master_csv_with_new_columns"]
    return sample.request.body.decode().replace(CALL, f"call-{at}")


def test_the_program_of_the_help_page_posts_each_row_once(tmp_path: Path) -> None:
    master = tmp_path / "Master.csv"
    master.write_text(line(1) + line(2) + '"half a row', "utf-8")
    with serving(Answer(), Answer(503), Answer()) as server:
        assert export(server.url, tmp_path).returncode == 0
        master.write_text(line(1) + line(2) + line(3), "utf-8")
        assert export(server.url, tmp_path).returncode != 0  # not taken: it comes again
        assert export(server.url, tmp_path).returncode == 0
        assert export(server.url, tmp_path).returncode == 0  # nothing new
        master.write_text(line(9), "utf-8")  # begun anew
        assert export(server.url, tmp_path).returncode == 0
    for request in server.seen:
        connector().verify(request)
    told = [[one.external_id for one in connector().parse(request)] for request in server.seen]  # type: ignore[union-attr]
    assert told == [["call-1", "call-2"], ["call-3"], ["call-3"], ["call-9"]]


def test_the_command_line_of_the_help_page_is_accepted(tmp_path: Path) -> None:
    """All but the database, which is played."""
    (page,) = re.findall(r"```bash\n(.*?)```", (HELP / "en" / "asterisk.md").read_text("utf-8"), re.S)
    assert page in (HELP / "ja" / "asterisk.md").read_text("utf-8")
    mysql = tmp_path / "mysql"
    mysql.write_text(
        "#!/bin/sh\ncat <<'END'\n" + "\n".join(json.dumps(one) for one in ring_group()) + "\nEND\n"
    )
    mysql.chmod(0o755)
    with serving() as server:
        env = {**os.environ, "DESK": server.url, "SECRET": SIGNING}
        env["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(["bash", "-euo", "pipefail", "-c", page], env=env, check=True, timeout=60)
    connector().verify(server.seen[0])
    (call,) = connector().parse(server.seen[0])
    assert isinstance(call, Call)
    assert (call.result, call.agent) == ("answered", "202")
