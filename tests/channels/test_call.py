"""The telephone's own webhook: what its help promises, and what its signature lets in."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import httpx2
import pytest

from channels import call, signing
from channels.base import Attachment, BadSignature, Call, ChannelError, Context
from tests.channels.cases import HTTP
from tests.channels.script import Script
from tests.channels.servers import serving

HELP = Path(__file__).parents[2] / "app" / "help"
SECRET = "a-shared-secret-of-the-telephone"
LINE = call.CallLine(call.CallSettings(secret=SECRET), HTTP, Context("k1"))


def pop(**changed: str) -> dict[str, str]:
    """The query of an address that opens a thread, signed; then `changed`."""
    told = {"phone": "+819012345678", "call_id": "8f2c-1", "agent": "201", "dir": "in"}
    stamp = int(time.time())
    sig = signing.sign(SECRET, stamp, "\n".join(told[name] for name in call.POP).encode())
    return {**told, "ts": str(stamp), "sig": sig, **changed}


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_example_of_the_help_is_understood(locale: str) -> None:
    assert shutil.which("openssl")
    assert shutil.which("curl")
    (script,) = re.findall(r"```bash\n(.*?)```", (HELP / locale / "calls.md").read_text("utf-8"), re.S)
    with serving() as server:
        script = script.replace("https://desk.example.jp/hooks/k1", server.url)
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True, timeout=30)
    LINE.verify(server.seen[0])
    (event,) = LINE.parse(server.seen[0])
    assert isinstance(event, Call)
    assert (event.state, event.agent, event.sender.address) == ("ringing", "201", "090-1234-5678")


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_help_names_every_field_and_word(locale: str) -> None:
    page = (HELP / locale / "calls.md").read_text("utf-8")
    source = Path(call.__file__).read_text("utf-8")
    fields = set(re.findall(r'(?:words|flag|when)\(data, "(\w+)"', source)) - {"withheld"}
    words = {*fields, *call.SECONDS, *call.STATES, *filter(None, call.RESULTS.values())}
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []


def test_an_address_that_opens_a_thread_names_its_call() -> None:
    told = LINE.popped(pop())
    assert (told.external_id, told.sender.address, told.agent) == ("8f2c-1", "+819012345678", "201")


@pytest.mark.parametrize(
    "changed",
    [
        {"phone": "+819000000000"},
        {"ts": "1"},
        {"ts": "１２"},
        {"sig": ""},
        {"sig": "0" * 64},
        {"agent": "\ud800"},
    ],
)
def test_an_address_that_was_changed_or_is_old_opens_nothing(changed: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        LINE.popped(pop(**changed))


def test_a_recording_is_asked_for_with_its_key() -> None:
    script = Script().on("/rec/1.mp3", httpx2.Response(200, content=b"ID3"), httpx2.Response(404))
    http = httpx2.Client(transport=httpx2.MockTransport(script))
    line = call.CallLine(call.CallSettings(secret=SECRET, recording_token="k3y"), http, Context("k1"))
    recording = Attachment("1.mp3", url="https://pbx.example.jp/rec/1.mp3")
    assert line.fetch(recording) == b"ID3"
    assert script.seen[0].headers["authorization"] == "Bearer k3y"
    with pytest.raises(ChannelError):
        line.fetch(recording)
