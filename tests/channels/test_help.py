"""What the help promises is so: its examples are run."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from channels import api, api_events
from channels.api import HEADER, body_of
from channels.base import Context, Inbound, Outbound, Person, Request
from tests.channels.cases import HTTP
from tests.channels.servers import serving

PAGE = Path(__file__).parents[2] / "app" / "help" / "api-channel.md"
SECRET = "a-shared-secret-of-the-api-channel"
CHANNEL = api.Api(api.ApiSettings(secret=SECRET), HTTP, Context("k1"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def test_the_example_signed_by_openssl_is_accepted() -> None:
    assert shutil.which("openssl"), "The example needs openssl: install it."
    assert shutil.which("curl"), "The example needs curl: install it."
    with serving() as server:
        script = blocks("bash")[0].replace("https://desk.example.jp/hooks/k1", server.url)
        assert server.url in script
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True, timeout=30)
    CHANNEL.verify(server.seen[0])
    (event,) = CHANNEL.parse(server.seen[0])
    assert isinstance(event, Inbound)
    assert event.text == "在庫はありますか？"


def test_the_example_message_is_understood_in_full() -> None:
    (event,) = CHANNEL.parse(Request("POST", "", body=blocks("json")[0].encode()))
    assert isinstance(event, Inbound)
    assert event.sender.claimed == {"email": "taro@example.jp", "phone": "+819012345678"}
    assert event.attachments[1].data == "こんにちは".encode()


def test_the_example_callback_has_the_fields_of_a_real_one() -> None:
    told = json.loads(blocks("json")[1])
    real = json.loads(body_of(Outbound("d-812", Person("u-1001"), "はい、ございます。")))
    assert told.keys() == real.keys()
    assert told["to"].keys() == real["to"].keys()


def test_every_type_of_event_is_described() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [kind for kind in api_events.TYPES if f"`{kind}`" not in page and f'"{kind}"' not in page]
    assert missing == []
    assert HEADER in page
