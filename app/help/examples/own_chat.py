"""A chat client of your own: each line typed is sent, what the bot and the agents say is printed.

Needs Python alone. HOST is the address of the desk, KEY the key of a web chat channel. What was not acknowledged is
sent again under its id, one at a time and in order, and stored once. The same frames go over a WebSocket, too.
"""

import json
import os
import sys
import threading
import time
import urllib.error
import uuid
from typing import Any
from urllib.request import Request, urlopen

CHAT = f"{os.environ['HOST']}/widget/{os.environ['KEY']}"


def ask(path: str, token: str, *said: dict[str, Any]) -> list[dict[str, Any]]:
    """The frames that answer. What is not taken now is asked again; where there is no way on, the program ends."""
    body = json.dumps({"token": token, "frames": said}).encode() if said else None
    request = Request(CHAT + path, body, {"Authorization": f"Bearer {token}"})
    while True:
        try:
            with urlopen(request, timeout=60) as answer:
                told = json.load(answer)["frames"]
        except urllib.error.HTTPError as error:
            told = json.load(error)["frames"] if error.code < 500 else []
        except OSError:
            told = []  # not there
        trouble: dict[str, Any] = next((frame for frame in told if frame["t"] == "error"), {})
        if trouble:
            print(f"! {trouble['sentence']}", flush=True)
        if trouble.get("fatal") or trouble.get("code") == "token":
            os._exit(1)
        if told and "retry_after" not in trouble:
            return list(told)
        time.sleep(trouble.get("retry_after", 1))


def say(token: str) -> None:
    for line in sys.stdin:
        ask("/frames", token, {"t": "send", "id": str(uuid.uuid4()), "text": line.strip()})


look = json.load(urlopen(f"{CHAT}/config", timeout=60))
hello = {"t": "hello", "v": 1, "locale": "ja", "ticket": look["ticket"]}
mine, seen = ask("/frames", "", hello)[0]["token"], 0
threading.Thread(target=say, args=[mine], daemon=True).start()
while True:
    for frame in ask(f"/events?after={seen}&wait=25", mine):
        if frame.get("prev", 0) > seen:
            break  # something before it is missing: it comes again, after that
        for message in frame.get("messages", [frame] if frame["t"] == "message" else []):
            if message["id"] > seen and message["author"]["kind"] != "customer":
                print(f"{message['author']['name'] or 'bot'}: {message['text']}", flush=True)
            seen = max(seen, message["id"])
