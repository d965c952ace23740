"""`madoguchi mail parse` prints what we understand of mails in files, folders and mailbox files."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import cli

MAIL = "From: 山田 <taro@example.jp>\r\nSubject: 注文\r\nDate: Fri, 5 Jan 2024 10:00:00 +0900\r\n\r\n本文\r\n".encode()
KEYS = [
    *("file", "subject", "from", "to", "cc", "reply_to", "date", "message_id", "in_reply_to", "references"),
    *("text", "new_text", "html", "attachments", "classification", "bounce", "problems"),
]


def parse(*arguments: str | Path, piped: bytes = b"", code: int = 0) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["mail", "parse", *map(str, arguments)], input=piped)
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_mail_is_one_line_of_json_with_every_key(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(MAIL)
    (said,) = parse(path)
    assert list(said) == KEYS
    assert said["file"] == str(path)
    assert said["from"] == {"name": "山田", "address": "taro@example.jp"}
    assert (said["subject"], said["text"], said["bounce"], said["problems"]) == ("注文", "本文", None, [])


def test_folders_and_mailbox_files_are_gone_through(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.eml").write_bytes(MAIL)
    line = b"From taro@example.jp Fri Jan  5 10:00:00 2024\n"
    (tmp_path / "old.mbox").write_bytes(line + MAIL + b"\n" + line + MAIL.replace("注文".encode(), b"Two"))
    said = parse(tmp_path)
    assert [one["subject"] for one in said] == ["注文", "注文", "Two"]
    assert said[2]["file"] == f"{tmp_path / 'old.mbox'}#2"


def test_standard_input_is_read() -> None:
    (said,) = parse("-", piped=MAIL)
    assert (said["file"], said["subject"]) == ("-", "注文")


def test_a_file_that_is_not_there_is_a_line_with_its_problem(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    missing, there = parse(tmp_path / "none.eml", tmp_path / "a.eml")
    assert missing["problems"] == ["No such file or directory"]
    assert there["problems"] == []
    assert list(missing) == KEYS


def test_nothing_that_could_be_read_is_a_failure(tmp_path: Path) -> None:
    (said,) = parse(tmp_path / "none.eml", code=1)
    assert said["file"].endswith("none.eml")


@pytest.mark.parametrize("address", ["taro@example.jp", "TARO@example.jp"])
def test_mail_of_our_own_is_an_echo(tmp_path: Path, address: str) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    (said,) = parse("--ours", address, tmp_path / "a.eml")
    assert said["classification"] == "echo"
